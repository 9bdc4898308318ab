/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/survey.h"
#include "fixer/block/file.h"
#include "fixer/block/member.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *volume_kind_name(enum volume_kind kind)
{
	static const char *const names[] = {[VOLUME_NTFS] = "ntfs",
	        [VOLUME_BITLOCKER] = "bitlocker",
	        [VOLUME_UNREADABLE] = "unreadable"};

	return names[kind];
}

/* A GPT header starts with "EFI PART" in the second sector, whatever a sector is. */
static bool gpt_at(struct block_device *disk, uint64_t offset)
{
	char signature[8];

	return block_read(disk, offset, signature, sizeof(signature)) == 0 &&
	       memcmp(signature, "EFI PART", sizeof(signature)) == 0;
}

#define DISK_MIN 4096 /* bytes: nothing smaller holds a volume */

static int open_disk(const char *path, struct block_device **ret, struct error *err)
{
	int r = file_device_open(path, false, 0, ret, err);

	if (r == 0 && (*ret)->size < DISK_MIN) {
		block_close(*ret);
		*ret = NULL;
		return error_set(err, -EINVAL, REASON_CANNOT_OPEN,
		        "%s: under %u bytes: no disk and no image of one", path, DISK_MIN);
	}
	if (r < 0 || (*ret)->sector_size != 512 || gpt_at(*ret, 512) || !gpt_at(*ret, 4096))
		return r;
	block_close(*ret);
	*ret = NULL;
	return file_device_open(path, false, 4096, ret, err);
}

static void refuse(struct survey_volume *v, const struct error *err)
{
	v->reason = err->reason;
	(void)snprintf(v->text, sizeof(v->text), "%s", err->text);
}

static void survey_bitlocker(struct survey_volume *v, struct block_device *window)
{
	struct error err = {0};

	int r = bitlocker_parse(window, &v->bitlocker, &err);
	if (r == 0)
		r = bitlocker_write_refusal(v->bitlocker, &err);
	if (r < 0)
		refuse(v, &err);
}

/* One volume more; NULL when there are too many. */
static struct survey_volume *add_volume(
        struct survey *s, const struct partition *p, enum volume_kind kind)
{
	if (s->count == NM_MAX_VOLUMES) {
		s->left_out++;
		return NULL;
	}
	struct survey_volume *v = &s->volumes[s->count++];
	*v = (struct survey_volume){.partition = p, .kind = kind, .reason = REASON_OK};
	return v;
}

static void add_unreadable(struct survey *s, const struct partition *p, int r)
{
	struct survey_volume *v = add_volume(s, p, VOLUME_UNREADABLE);
	struct error err = {0};

	(void)error_set(&err, r, REASON_DISK_READ_ERROR, "partition %u: its boot sector: %s",
	        p->number, strerror(-r));
	if (v)
		refuse(v, &err);
}

/* Adds the volume in a partition, when it is one that can be Windows. */
static int survey_partition(struct survey *s, size_t index, struct error *err)
{
	struct block_device *window CLEANUP_BLOCK = NULL;
	const struct partition *p = &s->table.entries[index];
	uint8_t sector[512];

	if (p->size < sizeof(sector))
		return 0;
	int r = partition_open(s->disk, p->start, p->size, &window);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "opening partition %u", p->number);
	r = block_read(window, 0, sector, sizeof(sector));
	if (r < 0) {
		add_unreadable(s, p, r);
		return 0;
	}
	s->content[index] = bitlocker_probe(sector, sizeof(sector)) ? CONTENT_BITLOCKER
	                                                            : volume_content(sector);
	if (s->content[index] == CONTENT_NTFS)
		(void)add_volume(s, p, VOLUME_NTFS);
	if (s->content[index] == CONTENT_BITLOCKER) {
		struct survey_volume *v = add_volume(s, p, VOLUME_BITLOCKER);
		if (v)
			survey_bitlocker(v, window);
	}
	return 0;
}

/* A USB adapter may show other sectors than the disk had in its machine. */
static void explain_sectors(struct block_device *disk, struct error *err)
{
	uint32_t other = disk->sector_size == 512 ? 4096 : 512;

	if (err->reason == REASON_PARTITION_TABLE_BAD && !gpt_at(disk, disk->sector_size) &&
	        gpt_at(disk, other))
		(void)error_set(err, err->code, err->reason,
		        "%s: partitioned with sectors of %u bytes, seen here with sectors of %u: "
		        "connect it as it was in its machine",
		        disk->name, other, disk->sector_size);
}

/* A table that cannot be read may be the piece a striped set has left on this member. */
static int read_table(struct survey *s, struct error *err)
{
	struct error refusal = {0};

	int r = partition_table_read(s->disk, &s->table, err);
	if (r < 0)
		explain_sectors(s->disk, err);
	if (disk_refusal(s->disk, r == 0 ? &s->table : NULL, &refusal) == 0)
		return r;
	s->refusal = refusal;
	if (r < 0)
		*err = refusal;
	return r;
}

static void refuse_volumes(struct survey *s)
{
	for (size_t i = 0; s->refusal.code && i < s->count; i++)
		if (s->volumes[i].reason == REASON_OK)
			refuse(&s->volumes[i], &s->refusal);
}

int survey_disk(const char *path, struct survey **ret, struct error *err)
{
	struct survey *s CLEANUP(survey_free_p) = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "opening %s", path);
	int r = open_disk(path, &s->disk, err);
	if (r == 0)
		r = read_table(s, err);
	for (size_t i = 0; r == 0 && i < s->table.count; i++)
		r = survey_partition(s, i, err);
	if (r < 0)
		return r;
	refuse_volumes(s);
	*ret = s;
	s = NULL;
	return 0;
}

void survey_free(struct survey *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		bitlocker_free(s->volumes[i].bitlocker);
	block_close(s->disk);
	free(s);
}
