/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The content of the partitions, each made in a file of its own beside the disk and copied in. */
#include "tests/generators/disk.h"
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

int disk_plan(struct disk *d)
{
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

static char *beside(const struct disk *d, const char *suffix)
{
	char *path;

	return asprintf(&path, "%s.%s", d->options.output, suffix) < 0 ? NULL : path;
}

static int format(const struct disk *d, unsigned part, const char *path, const char *label)
{
	const struct gpt_partition *p = &d->partitions[part];
	struct gen_random random;
	uint8_t serial[8];

	gen_random_init(&random, d->options.seed, label);
	gen_random_bytes(&random, serial, sizeof(serial));
	return gen_ntfs_format(
	        path, p->size, p->start, d->options.sector_size, label, get_le64(serial));
}

/* NTFS keeps the places of BitLocker's metadata occupied with files of these names. */
static int reserve_bitlocker(struct disk *d)
{
	char id[GUID_TEXT], path[96];
	struct gen_file file = {.path = path,
	        .size = FVE_AREA_SIZE,
	        .created = TREE_JULY,
	        .modified = TREE_JULY,
	        .attributes = GEN_ATTR_HIDDEN | GEN_ATTR_SYSTEM};
	struct gen_run run;
	int r = 0;

	guid_format(&d->fve.id, id);
	for (unsigned i = 0; i < FVE_COPIES && r == 0; i++) {
		(void)snprintf(
		        path, sizeof(path), "\\System Volume Information\\FVE2.{%s}.%u", id, i + 1);
		r = gen_ntfs_reserve(d->tree.ntfs, &file, &run);
		if (r == 0)
			d->fve.metadata[i] = run.first * GEN_CLUSTER;
	}
	(void)snprintf(path, sizeof(path), "\\System Volume Information\\FVE2.{%s}", id);
	file.size = FVE_HEADER_SIZE;
	if (r == 0)
		r = gen_ntfs_reserve(d->tree.ntfs, &file, &run);
	if (r == 0)
		d->fve.header_backup = run.first * GEN_CLUSTER;
	return r;
}

static int fill_windows(struct disk *d, const char *path, uint8_t **ret_written)
{
	int r = gen_ntfs_open(path, &d->tree.ntfs);

	if (r < 0)
		return r;
	if (d->options.kind == DISK_BITLOCKER)
		r = reserve_bitlocker(d);
	d->tree.volume_size = d->partitions[PART_C].size;
	if (r == 0 && d->options.kind == DISK_NO_WINDOWS)
		r = tree_make_data(&d->tree);
	else if (r == 0)
		r = tree_make_windows(&d->tree);
	if (r == 0)
		r = gen_ntfs_written_clusters(d->tree.ntfs, ret_written, &d->fve.clusters);
	int closed = gen_ntfs_close(d->tree.ntfs);
	d->tree.ntfs = NULL;
	return r < 0 ? r : closed;
}

static void plan_bitlocker(struct disk *d)
{
	const struct disk_options *o = &d->options;

	d->fve.size = d->partitions[PART_C].size;
	d->fve.sector_size = o->sector_size;
	d->fve.full = o->full_encryption;
	d->fve.bad_copies = o->bad_copies;
	(void)snprintf(
	        d->fve.description, sizeof(d->fve.description), "%.40s C: 5/15/2023", o->name);
	fve_make_keys(&d->fve, o->seed, o->recovery_protectors, o->clear_key);
}

static int copy_windows(struct disk *d, const char *path, const uint8_t *written)
{
	const struct gpt_partition *p = &d->partitions[PART_C];
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = gen_sha256_file(fd, p->size, d->ntfs_sha256);
	d->fve.written = written;
	if (r == 0 && d->options.kind == DISK_BITLOCKER)
		r = fve_write(&d->fve, fd, d->fd, p->start);
	else if (r == 0)
		r = gen_copy_sparse(fd, d->fd, p->start, p->size);
	d->fve.written = NULL;
	return r;
}

int disk_write_windows(struct disk *d)
{
	char *path CLEANUP_FREE = beside(d, "windows");
	uint8_t *written CLEANUP_FREE = NULL;

	if (!path)
		return -ENOMEM;
	d->tree.seed = d->options.seed;
	d->tree.files = d->options.files;
	d->tree.bad_files = d->options.bad_files;
	d->tree.good_291 = d->options.good_291;
	if (d->options.kind == DISK_BITLOCKER)
		plan_bitlocker(d);
	int r = format(d, PART_C, path, "Windows");
	if (r == 0)
		r = fill_windows(d, path, &written);
	if (r == 0)
		r = copy_windows(d, path, written);
	(void)unlink(path);
	return r;
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
	char *path CLEANUP_FREE = beside(d, "recovery");

	if (!path)
		return -ENOMEM;
	int r = format(d, PART_RECOVERY, path, "Recovery");
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

	put_le16(file, FVE_METHOD_XTS128);
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

int disk_write_esp(struct disk *d)
{
	const struct gpt_partition *p = &d->partitions[PART_ESP];
	char *path CLEANUP_FREE = beside(d, "esp");
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
	if (r == 0 && d->options.esp_dir)
		r = gen_esp_copy_tree(&esp, d->options.esp_dir, "");
	gen_esp_free(&esp);
	if (r == 0)
		r = copy_whole(d, path, PART_ESP);
	(void)unlink(path);
	return r;
}
