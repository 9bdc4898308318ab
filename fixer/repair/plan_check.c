/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parent's check of the sectors a child wants to change. */
#include "fixer/base/bytes.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <string.h>

/* Ranges of the disk, whole sectors, ascending and apart. */
struct allowed {
	size_t count;
	struct ntfs_range *ranges;
};

static int compare_ranges(const void *pa, const void *pb)
{
	const struct ntfs_range *a = pa, *b = pb;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Bytes of the volume from its start that BitLocker keeps in another place. */
static uint64_t moved_len(const struct volume *v)
{
	if (!v->bitlocker)
		return 0;
	const struct bitlocker_info *info = bitlocker_info(v->bitlocker);
	return (uint64_t)info->header_sectors * info->sector_size;
}

/* The smallest piece of the partition that changes as a whole. */
static uint64_t unit_of(const struct volume *v)
{
	uint64_t unit = v->below->sector_size;

	if (v->bitlocker && bitlocker_info(v->bitlocker)->sector_size > unit)
		unit = bitlocker_info(v->bitlocker)->sector_size;
	return unit;
}

/* Adds [offset, offset + len) of the volume, which lies on the disk in one piece, in whole units.
 * False when it is BitLocker's own. */
static bool add_piece(const struct volume *v, const struct volume_target *target, uint64_t offset,
        uint64_t len, struct allowed *a)
{
	uint64_t unit = unit_of(v), first = offset;

	if (offset < moved_len(v))
		first = bitlocker_physical(v->bitlocker, offset);
	else if (v->bitlocker && bitlocker_is_reserved(v->bitlocker, offset, len))
		return false;
	uint64_t end = (first + len + unit - 1) / unit * unit;
	first -= first % unit;
	a->ranges[a->count++] =
	        (struct ntfs_range){.offset = target->partition.start + first, .len = end - first};
	return true;
}

/* Two pieces at most: one among what BitLocker moved, one behind. False when the range does not lie
 * on the volume, or on what is BitLocker's own. */
static bool add_range(const struct volume *v, const struct volume_target *target,
        const struct ntfs_range *range, struct allowed *a)
{
	uint64_t moved = moved_len(v), here = range->len;

	if (range->len == 0 || !range_within(range->offset, range->len, v->dev->size))
		return false;
	if (range->offset < moved && here > moved - range->offset)
		here = moved - range->offset;
	if (!add_piece(v, target, range->offset, here, a))
		return false;
	return here == range->len ||
	       add_piece(v, target, range->offset + here, range->len - here, a);
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

static int map_whitelist(const struct volume *v, const struct volume_target *target,
        const struct ntfs_whitelist *list, struct allowed *ret)
{
	struct allowed a = {.ranges = calloc(2 * list->count + 1, sizeof(struct ntfs_range))};

	if (!a.ranges)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		if (!add_range(v, target, &list->ranges[i], &a)) {
			free(a.ranges);
			return -ERANGE;
		}
	}
	merge(&a);
	*ret = a;
	return 0;
}

static bool is_allowed(const struct allowed *a, uint64_t offset, uint64_t len)
{
	for (size_t i = 0; i < a->count; i++)
		if (offset >= a->ranges[i].offset &&
		        range_within(offset - a->ranges[i].offset, len, a->ranges[i].len))
			return true;
	return false;
}

/* What BitLocker moved is the volume's still. */
static bool is_bitlockers(const struct volume *v, uint64_t offset, uint64_t len)
{
	if (!v->bitlocker)
		return false;
	uint64_t moved = bitlocker_info(v->bitlocker)->header_offset;
	if (offset >= moved && range_within(offset - moved, len, moved_len(v)))
		return false;
	return bitlocker_is_reserved(v->bitlocker, offset, len);
}

static int check_place(const struct volume *v, const struct volume_target *target,
        const struct allowed *a, uint64_t offset, uint32_t len, struct error *err)
{
	const struct partition *p = &target->partition;
	unsigned long long at = offset;

	if (offset < p->start || !range_within(offset - p->start, len, p->size))
		return error_set(err, -EPERM, REASON_PLAN_CHECK_FAILED,
		        "the plan would change byte %llu, outside partition %u", at, p->number);
	if (is_bitlockers(v, offset - p->start, len))
		return error_set(err, -EPERM, REASON_PLAN_CHECK_FAILED,
		        "the plan would change byte %llu, which is BitLocker's own", at);
	if (!is_allowed(a, offset, len))
		return error_set(err, -EPERM, REASON_PLAN_CHECK_FAILED,
		        "the plan would change byte %llu, which what is planned does not concern",
		        at);
	return 0;
}

static int check_run(struct block_device *disk, const struct volume *v,
        const struct volume_target *target, const struct allowed *a, const struct plan_run *run,
        struct error *err)
{
	uint32_t size = disk->sector_size;
	uint64_t offset = run->lba * size;
	size_t len = (size_t)run->count * size;

	for (uint32_t i = 0; i < run->count; i++) {
		int r = check_place(v, target, a, offset + (uint64_t)i * size, size, err);
		if (r < 0)
			return r;
	}
	uint8_t *now = malloc(len);
	if (!now)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory to check the plan");
	int r = block_read(disk, offset, now, len);
	bool same = r == 0 && memcmp(now, run->old_bytes, len) == 0;
	free(now);
	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR, "sector %llu: %s",
		        (unsigned long long)run->lba, strerror(-r));
	if (!same)
		return error_set(err, -EBADMSG, REASON_PLAN_CHECK_FAILED,
		        "the plan is for other content than sector %llu has",
		        (unsigned long long)run->lba);
	return 0;
}

int plan_check_sectors(struct block_device *disk, const struct volume_target *target,
        const struct volume *volume, const struct plan *plan, const struct ntfs_whitelist *list,
        struct error *err)
{
	struct allowed a;

	int r = map_whitelist(volume, target, list, &a);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to check the plan");
	if (r < 0)
		return error_set(err, r, REASON_PLAN_CHECK_FAILED,
		        "the plan's whitelist is not of this volume");
	for (size_t i = 0; r == 0 && i < plan->run_count; i++)
		r = check_run(disk, volume, target, &a, &plan->runs[i], err);
	free(a.ranges);
	return r;
}
