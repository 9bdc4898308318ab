/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parent's check of the sectors a child wants to change. */
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <string.h>

#define UNIT_MAX 4096 /* bytes of the largest sector, the disk's or BitLocker's */

/* Ranges of the volume, ascending and apart. */
struct allowed {
	size_t count;
	struct ntfs_range *ranges;
};

/* What the sectors of a plan are checked against. */
struct check {
	struct block_device *disk;
	const struct volume_target *target;
	const struct volume *before;
	struct volume *after; /* on an overlay with the plan's new sectors */
	struct allowed allowed;
};

static int compare_ranges(const void *pa, const void *pb)
{
	const struct ntfs_range *a = pa, *b = pb;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void merge(struct allowed *a)
{
	size_t n = 0;

	if (a->count == 0)
		return;
	qsort(a->ranges, a->count, sizeof(a->ranges[0]), compare_ranges);
	for (size_t i = 1; i < a->count; i++) {
		struct ntfs_range *last = &a->ranges[n], *next = &a->ranges[i];
		uint64_t last_end = last->offset + last->len, next_end = next->offset + next->len;
		if (next->offset > last_end)
			a->ranges[++n] = *next;
		else if (next_end > last_end)
			last->len = next_end - last->offset;
	}
	a->count = n + 1;
}

static int take_whitelist(
        const struct volume *v, const struct ntfs_whitelist *list, struct allowed *ret)
{
	struct allowed a = {.ranges = calloc(list->count + 1, sizeof(struct ntfs_range))};

	if (!a.ranges)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		const struct ntfs_range *range = &list->ranges[i];
		if (range->len == 0 || !range_within(range->offset, range->len, v->dev->size)) {
			free(a.ranges);
			return -ERANGE;
		}
		a.ranges[a.count++] = *range;
	}
	merge(&a);
	*ret = a;
	return 0;
}

/* What BitLocker moved is the volume's still. */
static bool is_bitlockers(const struct volume *v, uint64_t offset, uint64_t len)
{
	if (!v->bitlocker)
		return false;
	const struct bitlocker_info *info = bitlocker_info(v->bitlocker);
	uint64_t moved = (uint64_t)info->header_sectors * info->sector_size;
	if (offset >= info->header_offset && range_within(offset - info->header_offset, len, moved))
		return false;
	return bitlocker_is_reserved(v->bitlocker, offset, len);
}

static int check_place(const struct check *c, uint64_t offset, uint32_t len, struct error *err)
{
	const struct partition *p = &c->target->partition;
	unsigned long long at = offset;

	if (offset < p->start || !range_within(offset - p->start, len, p->size))
		return error_set(err, -EPERM, REASON_PLAN_CHECK_FAILED,
		        "the plan would change byte %llu, outside partition %u", at, p->number);
	if (is_bitlockers(c->before, offset - p->start, len))
		return error_set(err, -EPERM, REASON_PLAN_CHECK_FAILED,
		        "the plan would change byte %llu, which is BitLocker's own", at);
	return 0;
}

/* How many bytes from offset on may change. */
static uint64_t allowed_from(const struct allowed *a, uint64_t offset)
{
	for (size_t i = 0; i < a->count; i++)
		if (offset >= a->ranges[i].offset &&
		        offset - a->ranges[i].offset < a->ranges[i].len)
			return a->ranges[i].len - (offset - a->ranges[i].offset);
	return 0;
}

/* Every byte that the sector changes on the volume, decrypted: offset counts on the partition. */
static int check_bytes(const struct check *c, uint64_t offset, struct error *err)
{
	uint8_t before[UNIT_MAX], after[UNIT_MAX];
	uint32_t unit = volume_unit(c->before);
	uint64_t at = volume_offset(c->before, offset);

	at -= at % unit;
	int r = block_read(c->before->dev, at, before, unit);
	if (r == 0)
		r = block_read(c->after->dev, at, after, unit);
	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR, "byte %llu of the volume: %s",
		        (unsigned long long)at, strerror(-r));
	for (uint64_t i = 0, n = 1; i < unit; i += n, n = 1) {
		if (before[i] == after[i])
			continue;
		n = allowed_from(&c->allowed, at + i);
		if (n == 0)
			return error_set(err, -EPERM, REASON_PLAN_CHECK_FAILED,
			        "the plan would change byte %llu of the volume, which what is "
			        "planned does not concern",
			        (unsigned long long)(at + i));
	}
	return 0;
}

static int check_old_bytes(const struct check *c, const struct plan_run *run, struct error *err)
{
	uint32_t size = c->disk->sector_size;
	size_t len = (size_t)run->count * size;
	CLEANUP_FREE uint8_t *now = malloc(len);

	if (!now)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory to check the plan");
	int r = block_read(c->disk, run->lba * size, now, len);
	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR, "sector %llu: %s",
		        (unsigned long long)run->lba, strerror(-r));
	if (memcmp(now, run->old_bytes, len) != 0)
		return error_set(err, -EBADMSG, REASON_PLAN_CHECK_FAILED,
		        "the plan is for other content than sector %llu has",
		        (unsigned long long)run->lba);
	return 0;
}

static int check_run(const struct check *c, const struct plan_run *run, struct error *err)
{
	uint32_t size = c->disk->sector_size;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < run->count; i++) {
		uint64_t offset = (run->lba + i) * size;
		r = check_place(c, offset, size, err);
		if (r == 0)
			r = check_bytes(c, offset - c->target->partition.start, err);
	}
	return r < 0 ? r : check_old_bytes(c, run, err);
}

static int check_runs(struct check *c, const struct plan *plan, struct error *err)
{
	struct plan_image after;

	int r = plan_image_open(c->disk, c->target, plan, STATE_NEW, &after, err);
	if (r < 0)
		return r;
	c->after = &after.volume;
	for (size_t i = 0; r == 0 && i < plan->run_count; i++)
		r = check_run(c, &plan->runs[i], err);
	plan_image_close(&after);
	return r;
}

int plan_check_sectors(struct block_device *disk, const struct volume_target *target,
        const struct volume *volume, const struct plan *plan, const struct ntfs_whitelist *list,
        struct error *err)
{
	struct check c = {.disk = disk, .target = target, .before = volume};

	int r = take_whitelist(volume, list, &c.allowed);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to check the plan");
	if (r < 0)
		return error_set(err, r, REASON_PLAN_CHECK_FAILED,
		        "the plan's whitelist is not of this volume");
	r = check_runs(&c, plan, err);
	free(c.allowed.ranges);
	return r;
}
