/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The disk in one state over RAM, and the volume on it, opened as a file system. */
#include "fixer/block/overlay.h"
#include "fixer/repair/plan_internal.h"
#include "fixer/repair/replay.h"

#include <errno.h>
#include <string.h>

static int lay_over(struct block_device *overlay, const struct plan *plan, enum plan_state state)
{
	int r = 0;

	for (size_t i = 0; r == 0 && state != STATE_AS_IS && i < plan->run_count; i++) {
		const struct plan_run *run = &plan->runs[i];
		r = block_write(overlay, run->lba * plan->sector_size,
		        state == STATE_OLD ? run->old_bytes : run->new_bytes,
		        (size_t)run->count * plan->sector_size);
	}
	return r;
}

int plan_image_open(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, enum plan_state state, struct plan_image *ret, struct error *err)
{
	struct plan_image image = {.partition = target->partition.start};

	int r = overlay_open(disk, NM_OVERLAY_MAX, &image.overlay);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to plan");
	r = lay_over(image.overlay, plan, state);
	if (r < 0)
		(void)error_set(err, r, REASON_PLAN_CHECK_FAILED,
		        "the plan does not fit the disk: %s", strerror(-r));
	else
		r = volume_attach(image.overlay, target, &image.volume, err);
	if (r < 0) {
		plan_image_close(&image);
		return r;
	}
	*ret = image;
	return 0;
}

void plan_image_close(struct plan_image *image)
{
	volume_detach(&image->volume);
	block_close(image->overlay);
	*image = (struct plan_image){0};
}

#define UNIT_MAX 4096 /* bytes that change as a whole: a sector of the disk or of BitLocker */

bool plan_image_is_untouched(const struct plan_image *image, uint64_t offset, uint64_t len)
{
	const struct bitlocker *b = image->volume.bitlocker;
	uint64_t end = (offset + len + UNIT_MAX - 1) / UNIT_MAX * UNIT_MAX;

	offset -= offset % UNIT_MAX;
	/* What BitLocker moved lies elsewhere. */
	if (b && offset < (uint64_t)bitlocker_info(b)->header_sectors *
	                          bitlocker_info(b)->sector_size)
		return false;
	return !overlay_touches(image->overlay, image->partition + offset, end - offset);
}

/* The volume is not mounted, before and after a failure. */
static int replay(struct block_device *volume, struct ntfs_view **ret, struct error *err)
{
	struct error why = {0};

	int r = replay_journal(volume, err);
	if (r < 0)
		return r;
	r = ntfs_view_open(volume, ret, &why);
	if (r < 0)
		return error_set(err, r, REASON_NTFS_REPLAY_FAILED,
		        "with its journal replayed the volume cannot be read: %.200s", why.text);
	return 0;
}

int plan_view_open(struct block_device *volume, bool may_replay, struct ntfs_facts *ret_disk,
        struct ntfs_view **ret, struct error *err)
{
	struct ntfs_view *view;

	int r = ntfs_view_open(volume, &view, err);
	if (r < 0)
		return r;
	*ret_disk = *ntfs_view_facts(view);
	/* What a sleeping Windows has in its memory no journal tells. */
	if (!ntfs_has_pending(ret_disk) || ret_disk->hibernated) {
		*ret = view;
		return 0;
	}
	(void)ntfs_view_close(view);
	if (!may_replay)
		return error_set(err, -EAGAIN, REASON_NTFS_UNCLEAN, "the journal is not clean");
	r = replay(volume, &view, err);
	if (r < 0)
		return r;
	ret_disk->hibernated = ntfs_view_facts(view)->hibernated;
	*ret = view;
	return 0;
}
