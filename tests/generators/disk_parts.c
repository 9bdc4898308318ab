/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The content of the partitions, each made in a file of its own beside the disk and copied in. */
#include "tests/generators/disk.h"
#include "tests/generators/bcd.h"
#include "tests/generators/esp.h"
#include "tests/generators/run.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024ull * 1024)

static const char type_esp[] = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
static const char type_msr[] = "E3C9E316-0B5C-4DB8-817D-F92DF00215AE";
static const char type_basic_data[] = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";
static const char type_recovery[] = "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC";
static const char type_linux[] = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

/* What Windows gives a recovery partition: required by the platform, no drive letter. */
#define RECOVERY_ATTRIBUTES 0x8000000000000001ull

static void add_partition(struct disk *d, const char *type, uint64_t size, const char *name,
        struct gen_random *random)
{
	struct gpt_partition *p = &d->partitions[d->partition_count];
	uint64_t start = MIB;

	if (d->partition_count > 0)
		start = p[-1].start + p[-1].size;
	*p = (struct gpt_partition){.type = type,
	        .id = gen_random_guid(random),
	        .start = start,
	        .size = size,
	        .name = name,
	        .attributes = type == type_recovery ? RECOVERY_ATTRIBUTES : 0};
	d->partition_count++;
}

static int plan_volume_only(struct disk *d)
{
	const uint64_t least = 24 * MIB;

	if (d->options.size < least) {
		log_error("--size: a volume needs %ju MiB or more", (uintmax_t)(least / MIB));
		return -EINVAL;
	}
	d->partitions[PART_C] = (struct gpt_partition){.size = d->options.size};
	return 0;
}

int disk_plan(struct disk *d)
{
	if (d->options.volume_only)
		return plan_volume_only(d);
	/* FAT32 needs 65525 clusters: with large sectors the ESP grows, as on real 4Kn disks. */
	uint64_t esp = d->options.sector_size == 4096 ? 260 * MIB : 128 * MIB;
	uint64_t msr = 16 * MIB, recovery = d->options.kind == DISK_NO_NTFS ? 0 : 48 * MIB;
	uint64_t others = MIB + esp + msr + recovery + GPT_TAIL, least = others + 64 * MIB;
	struct gen_random random;

	if (d->options.size < least) {
		log_error("--size: a disk with %u byte sectors needs %ju MiB or more",
		        d->options.sector_size, (uintmax_t)(least / MIB));
		return -EINVAL;
	}
	gen_random_init(&random, d->options.seed, "partitions");
	d->id = gen_random_guid(&random);
	add_partition(d, type_esp, esp, "EFI system partition", &random);
	add_partition(d, type_msr, msr, "Microsoft reserved partition", &random);
	add_partition(d, recovery ? type_basic_data : type_linux, d->options.size - others,
	        recovery ? "Basic data partition" : "Linux filesystem", &random);
	if (recovery)
		add_partition(d, type_recovery, recovery, "Basic data partition", &random);
	return 0;
}

char *disk_beside(const struct disk *d, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s.%s", d->options.output, suffix) < 0 ? NULL : path;
}

int disk_format(const struct disk *d, unsigned part, const char *path, const char *label)
{
	const struct gpt_partition *p = &d->partitions[part];
	struct gen_random random;
	uint8_t serial[8];

	gen_random_init(&random, d->options.seed, label);
	gen_random_bytes(&random, serial, sizeof(serial));
	return gen_ntfs_format(
	        path, p->size, p->start, d->options.sector_size, label, get_le64(serial));
}

static int copy_whole(const struct disk *d, const char *path, unsigned part)
{
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return gen_copy_sparse(fd, d->fd, d->partitions[part].start, d->partitions[part].size);
}

int disk_write_recovery(struct disk *d)
{
	struct tree tree = {.seed = d->options.seed};
	char *path CLEANUP_FREE = disk_beside(d, "recovery");

	if (!path)
		return -ENOMEM;
	int r = disk_format(d, PART_RECOVERY, path, "Recovery");
	if (r == 0)
		r = gen_ntfs_open(path, &tree.ntfs);
	if (r == 0) {
		r = tree_make_recovery(&tree);
		int closed = gen_ntfs_close(tree.ntfs);
		if (r == 0)
			r = closed;
	}
	tree_free(&tree);
	if (r == 0)
		r = copy_whole(d, path, PART_RECOVERY);
	(void)unlink(path);
	return r;
}

/* Plays the part of the TPM. The form is that of dislocker's --fvek files: u16 method, 64 bytes. */
static int put_fvek(const struct disk *d, struct gen_esp *esp)
{
	uint8_t file[66] = {0};

	put_le16(file, d->fve.method->id);
	memcpy(file + 2, d->fve.fvek, sizeof(d->fve.fvek));
	return gen_esp_put(esp, "/EFI/Microsoft/Boot/standin/fvek", file, sizeof(file));
}

/* What the stand-in for Windows needs to find and judge C:. */
static int put_standin(const struct disk *d, struct gen_esp *esp)
{
	static const char *const folders[] = {
	        "/EFI", "/EFI/Microsoft", "/EFI/Microsoft/Boot", "/EFI/Microsoft/Boot/standin"};
	const struct gpt_partition *c = &d->partitions[PART_C];
	char id[GUID_TEXT], info[400];
	int r = 0;

	for (size_t i = 0; i < 4 && r == 0; i++)
		r = gen_esp_mkdir(esp, folders[i]);
	guid_format(&c->id, id);
	for (char *p = id; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	int len = snprintf(info, sizeof(info),
	        "C_PARTUUID=%s\nC_START=%ju\nC_SIZE=%ju\nBITLOCKER=%d\nNAME=%s\n", id,
	        (uintmax_t)c->start, (uintmax_t)c->size, d->options.kind == DISK_BITLOCKER,
	        d->options.name);
	if (r == 0)
		r = gen_esp_put(esp, "/EFI/Microsoft/Boot/standin/info", info, (size_t)len);
	if (r == 0 && d->options.kind == DISK_BITLOCKER)
		r = put_fvek(d, esp);
	if (r == 0 && d->tree.manifest.len > 0)
		r = gen_esp_put(esp, "/EFI/Microsoft/Boot/standin/manifest", d->tree.manifest.data,
		        d->tree.manifest.len);
	return r;
}

static int put_bcd(const struct disk *d, struct gen_esp *esp)
{
	struct buffer hive;
	uint64_t safe_boot;

	if (!gen_bcd_by_name(d->options.safe_boot, &safe_boot))
		return -EINVAL;
	buffer_init(&hive, 256 * 1024);
	int r = gen_bcd_make(safe_boot, &hive);
	if (r == 0)
		r = gen_esp_put(esp, "/EFI/Microsoft/Boot/BCD", hive.data, hive.len);
	buffer_free(&hive);
	return r;
}

int disk_write_esp(struct disk *d)
{
	const struct gpt_partition *p = &d->partitions[PART_ESP];
	char *path CLEANUP_FREE = disk_beside(d, "esp");
	struct gen_random random;
	struct gen_esp esp;
	uint8_t serial[4];

	if (!path)
		return -ENOMEM;
	gen_random_init(&random, d->options.seed, "esp");
	gen_random_bytes(&random, serial, sizeof(serial));
	int r = gen_esp_format(
	        &esp, path, p->size, p->start, d->options.sector_size, get_le32(serial));
	if (r == 0)
		r = put_standin(d, &esp);
	if (r == 0 && d->options.safe_boot)
		r = put_bcd(d, &esp);
	if (r == 0 && d->options.esp_dir)
		r = gen_esp_copy_tree(&esp, d->options.esp_dir, "");
	gen_esp_free(&esp);
	if (r == 0)
		r = copy_whole(d, path, PART_ESP);
	(void)unlink(path);
	return r;
}
