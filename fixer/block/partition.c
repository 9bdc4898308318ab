/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/block/partition.h"
#include "fixer/base/bytes.h"
#include "fixer/block/content.h"
#include "fixer/block/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int table_bad(const struct block_device *disk, struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, REASON_PARTITION_TABLE_BAD, "%s: %s", disk->name, what);
}

int table_read_at(
        struct block_device *disk, uint64_t offset, void *buf, size_t len, struct error *err)
{
	int r = block_read(disk, offset, buf, len);

	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR,
		        "%s: partition table at byte %llu: %s", disk->name,
		        (unsigned long long)offset, strerror(-r));
	return 0;
}

int table_add(struct partition_table *t, const struct partition *p, uint64_t low, uint64_t high,
        struct error *err)
{
	if (t->count >= NM_MAX_PARTITIONS)
		return error_set(err, -EBADMSG, REASON_PARTITION_TABLE_BAD,
		        "more than %d partitions", NM_MAX_PARTITIONS);
	if (p->size == 0 || p->start < low || !range_within(p->start, p->size, high))
		return error_set(err, -EBADMSG, REASON_PARTITION_TABLE_BAD,
		        "partition %u lies outside its disk or container", p->number);
	t->entries[t->count++] = *p;
	return 0;
}

static int check_overlaps(const struct partition_table *t, struct error *err)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct partition *a = &t->entries[i];
		for (size_t j = 0; j < i; j++) {
			const struct partition *b = &t->entries[j];
			if (a->start < b->start + b->size && b->start < a->start + a->size)
				return error_set(err, -EBADMSG, REASON_PARTITION_TABLE_BAD,
				        "partitions %u and %u overlap", b->number, a->number);
		}
	}
	return 0;
}

static bool has_protective_entry(const uint8_t *sector0)
{
	for (size_t i = 0; i < 4; i++)
		if (sector0[MBR_ENTRIES + 16 * i + 4] == MBR_TYPE_GPT)
			return true;
	return false;
}

static int read_any_scheme(struct block_device *disk, struct partition_table *t, struct error *err)
{
	uint8_t sector0[512], gpt_signature[8];
	int r = table_read_at(disk, 0, sector0, sizeof(sector0), err);

	if (r < 0)
		return r;
	/* A file system's boot sector also ends in 55 AA, and its boot code stands where a table
	 * would have its entries. To Go volumes are found by their fake FAT32 header. */
	if (volume_content(sector0) == CONTENT_UNKNOWN) {
		if (get_le16(sector0 + MBR_SIGNATURE_OFFSET) == 0xaa55)
			return has_protective_entry(sector0) ? gpt_read(disk, t, err)
			                                     : mbr_read(disk, sector0, t, err);
		r = table_read_at(
		        disk, disk->sector_size, gpt_signature, sizeof(gpt_signature), err);
		if (r < 0)
			return r;
		if (memcmp(gpt_signature, "EFI PART", sizeof(gpt_signature)) == 0)
			return table_bad(disk, err, "a GPT without its protective MBR");
	}
	t->scheme = SCHEME_NONE;
	t->count = 1;
	t->entries[0] = (struct partition){.size = disk->size};
	return 0;
}

int partition_table_read(struct block_device *disk, struct partition_table *ret, struct error *err)
{
	CLEANUP_FREE struct partition_table *t = calloc(1, sizeof(*t));

	if (!t)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "reading a partition table");
	if (disk->size / disk->sector_size < 4)
		return table_bad(disk, err, "too small to hold anything");
	int r = read_any_scheme(disk, t, err);
	if (r == 0)
		r = check_overlaps(t, err);
	if (r == 0)
		*ret = *t;
	return r;
}

/* --- a window of a disk ---------------------------------------------------------------------- */

struct window {
	struct block_device dev;
	struct block_device *disk;
	uint64_t start;
};

static struct window *window_of(struct block_device *dev)
{
	return (struct window *)dev;
}

static int window_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	return block_read(window_of(dev)->disk, window_of(dev)->start + offset, buf, len);
}

static int window_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	return block_write(window_of(dev)->disk, window_of(dev)->start + offset, buf, len);
}

static int window_flush(struct block_device *dev)
{
	return block_flush(window_of(dev)->disk);
}

static int window_drop_cache(struct block_device *dev, uint64_t offset, size_t len)
{
	return block_drop_cache(window_of(dev)->disk, window_of(dev)->start + offset, len);
}

static void window_close(struct block_device *dev)
{
	free(dev);
}

static const struct block_ops window_ops = {
        .read = window_read,
        .write = window_write,
        .flush = window_flush,
        .drop_cache = window_drop_cache,
        .close = window_close,
};

int partition_open(
        struct block_device *disk, uint64_t start, uint64_t size, struct block_device **ret)
{
	if (!range_within(start, size, disk->size))
		return -EINVAL;
	struct window *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->disk = disk;
	w->start = start;
	w->dev = (struct block_device){.ops = &window_ops,
	        .size = size,
	        .sector_size = disk->sector_size,
	        .writable = disk->writable};
	const char *slash = strrchr(disk->name, '/');
	(void)snprintf(w->dev.name, sizeof(w->dev.name), "%.40s+%llu",
	        slash ? slash + 1 : disk->name, (unsigned long long)start);
	*ret = &w->dev;
	return 0;
}
