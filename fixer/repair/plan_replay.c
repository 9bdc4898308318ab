/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In the first child: deletes on the replayed view. What the replay changed becomes part of the
 * plan, each sector of it accounted for, and Windows is told to look after the volume itself.
 */
#include "fixer/block/overlay.h"
#include "fixer/ntfs/replayed.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <inttypes.h>

#define NO_STRANGER UINT64_MAX

struct collector {
	const struct volume *volume;
	struct ntfs_sectors sectors;
	uint64_t partition; /* bytes of the disk */
};

/* For overlay_each. */
static int collect(void *context, const struct sector_change *change)
{
	struct collector *c = context;
	uint64_t at = change->lba * c->sectors.size - c->partition;

	c->sectors.offsets[c->sectors.count++] = volume_offset(c->volume, at);
	return 0;
}

static int compare_offsets(const void *pa, const void *pb)
{
	const uint64_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* What the replay changed, by the volume's bytes; offsets are malloc()ed. */
static int read_changes(const struct find_work *work, struct ntfs_sectors *ret, struct error *err)
{
	const struct plan_image *image = work->job->view;
	struct collector c = {.volume = &image->volume,
	        .sectors.size = image->overlay->sector_size,
	        .partition = work->job->partition};
	size_t count = 0, max = NM_MAX_CHANGED_SECTORS * 512 / c.sectors.size;

	int r = overlay_changed(image->overlay, &count);
	if (r == 0 && count > max)
		return error_set(err, -E2BIG, REASON_NTFS_REPLAY_FAILED,
		        "replaying the journal would change %zu sectors; a plan may change %zu",
		        count, max);
	c.sectors.offsets = calloc(count + 1, sizeof(c.sectors.offsets[0]));
	if (r == 0)
		r = c.sectors.offsets ? overlay_each(image->overlay, collect, &c) : -ENOMEM;
	if (r < 0) {
		free(c.sectors.offsets);
		return ntfs_view_error(work->view, r, "reading what the journal changes", err);
	}
	if (count > 0)
		qsort(c.sectors.offsets, count, sizeof(c.sectors.offsets[0]), compare_offsets);
	*ret = c.sectors;
	return 0;
}

static int account_for_replay(struct find_work *work, struct error *err)
{
	struct ntfs_sectors changed;
	uint64_t stranger = NO_STRANGER;

	int r = read_changes(work, &changed, err);
	if (r < 0)
		return r;
	r = ntfs_allow_replayed(
	        work->view, work->job->raw->volume.dev, &changed, &work->list, &stranger);
	free(changed.offsets);
	if (r == -E2BIG)
		return error_set(err, r, REASON_NTFS_REPLAY_FAILED,
		        "replaying the journal would change too many places");
	if (stranger != NO_STRANGER)
		return error_set(err, r, REASON_PLAN_CHECK_FAILED,
		        "replaying the journal would change byte %" PRIu64
		        " of the volume, which is no metadata",
		        stranger);
	return r < 0 ? ntfs_view_error(work->view, r, "checking what the journal changes", err) : 0;
}

int plan_replay_delete(struct find_work *work, struct error *err)
{
	int r = account_for_replay(work, err);

	if (r < 0)
		return r;
	r = ntfs_allow_dirty_flag(work->view, &work->list);
	if (r == 0)
		r = ntfs_view_set_dirty(work->view);
	if (r < 0)
		return ntfs_view_error(work->view, r, "marking the volume dirty", err);
	return plan_delete(work, err);
}
