/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files that make a plan. "Child" and "parent" are the processes of sandbox.h. */
#ifndef REPAIR_PLAN_INTERNAL_H
#define REPAIR_PLAN_INTERNAL_H

#include "fixer/base/buffer.h"
#include "fixer/ntfs/whitelist.h"
#include "fixer/repair/plan_choose.h"
#include "fixer/repair/volume.h"
#include "fixer/windows/match.h"

/* All removed files together: half of a bundle, the rest is for the sectors. */
#define PLAN_CONTENT_MAX (NM_MAX_BUNDLE / 2)

/* No plan: nothing is acted on, nothing would be written. */
void plan_refuse(struct plan *plan, enum reason reason, const char *text);

/* --- the disk in one state, over RAM ---------------------------------------------------------- */

enum plan_state {
	STATE_AS_IS,
	STATE_OLD,
	STATE_NEW
}; /* the disk with the plan's runs laid over it */

struct plan_image {
	struct block_device *overlay; /* of the disk */
	struct volume volume;         /* on the overlay */
	uint64_t partition;           /* bytes of the disk, where the volume begins */
};

/* plan may be NULL with STATE_AS_IS. Errors: those of volume_open(), REASON_PLAN_CHECK_FAILED. */
int plan_image_open(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, enum plan_state state, struct plan_image *ret, struct error *err);
void plan_image_close(struct plan_image *image); /* also when it is zeroed */

/* True when [offset, offset + len) of the volume is what the disk below the overlay has. */
bool plan_image_is_untouched(const struct plan_image *image, uint64_t offset, uint64_t len);

/*
 * In a child: mounts the volume, replayed when its journal wants that (not under a sleeping
 * Windows). ret_disk: the facts before; set on every failure that comes after they were read, too.
 * -EAGAIN when it had to be replayed and may_replay is false; otherwise the errors of
 * ntfs_view_open() and replay_journal().
 */
int plan_view_open(struct block_device *volume, bool may_replay, struct ntfs_facts *ret_disk,
        struct ntfs_view **ret, struct error *err);

/* --- the first child: find, and act on an overlay --------------------------------------------- */

struct find_job {
	const struct plan_image *view; /* what is looked at, and deleted from */
	const struct plan_image *raw;  /* stays as the disk is, but for a rename in place */
	const struct recipe *recipe;
	const struct error *refusal; /* code set: this volume is not written to, and why */
	uint64_t partition;          /* bytes of the disk, where the volume begins */
	bool may_replay;
};

/* For sandbox_run; context is a find_job, out gets an encoded plan. -EAGAIN: as plan_view_open().
 */
int plan_find(void *context, struct buffer *out, struct error *err);

/* What the steps of the first child hand to each other. */
struct find_work {
	const struct find_job *job;
	struct plan *plan;
	struct ntfs_view *view;
	struct ntfs_facts disk; /* as it is, nothing replayed */
	struct plan_choice choice;
	struct match_list matches; /* as many as the plan has files */
	struct ntfs_whitelist list;
};

/* Leaves the plan with reason OK and its files marked acted, or refuses it. refusal: why the volume
 * is not written to; code 0 when it may be. */
void plan_decide(const struct find_work *work, const struct error *refusal);

/* Deletes the acted files on the view. */
int plan_delete(struct find_work *work, struct error *err);

/* Deletes the acted files on the replayed view, and marks the volume dirty. All that the replay
 * changed is part of the plan: REASON_NTFS_REPLAY_FAILED when that is too much,
 * _PLAN_CHECK_FAILED when it is more than metadata. */
int plan_replay_delete(struct find_work *work, struct error *err);

/* Renames the acted files on the raw image, all or none. REASON_RENAME_UNSAFE and _NTFS_PENDING
 * when it cannot be; the raw image is of no use then. */
int plan_rename(struct find_work *work, struct error *err);

/* The overlay's changed sectors become plan's runs; plan is refused when they are too many. Needs
 * plan->sector_size, the overlay's. Errors of overlay_each(). */
int plan_take_changes(struct block_device *overlay, struct plan *plan);

/* --- the answer ------------------------------------------------------------------------------ */

int plan_encode(const struct plan *plan, const struct ntfs_whitelist *list, struct buffer *out);

/* bytes are hostile: counts, sizes, enums and order are checked. -EBADMSG when they don't fit. On
 * failure what is in plan is still to be freed. list is freed by the caller. */
int plan_decode(const void *bytes, size_t len, struct plan *plan, struct ntfs_whitelist *list);

/* --- the parent's own check ------------------------------------------------------------------ */

/* Every changed sector: inside the partition, not BitLocker's own, old content as on disk; and
 * every byte of the volume that changes in it is in the whitelist. 0, or REASON_PLAN_CHECK_FAILED.
 */
int plan_check_sectors(struct block_device *disk, const struct volume_target *target,
        const struct volume *volume, const struct plan *plan, const struct ntfs_whitelist *list,
        struct error *err);

/* Splits the runs of a checked plan by what they hold and says when each is written. Errors of
 * reading, -ENOMEM; the plan is then as it was. */
int plan_set_stages(
        const struct volume *volume, const struct volume_target *target, struct plan *plan);

/* --- the second child: what the plan does ---------------------------------------------------- */

/*
 * Mounts the disk in both states, each with its journal replayed when it wants that, and compares:
 * the acted files are gone by every name, or have exactly their new names; their directories and
 * those above otherwise list the same; every sibling, and what was renamed, is the same byte for
 * byte; the volume's flags and journal are as the plan leaves them. With recipe (NULL: not looked
 * at) nothing that was renamed is found by it again. 0, or REASON_PLAN_CHECK_FAILED,
 * _RENAME_UNSAFE and others.
 */
int plan_check_effect(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, enum plan_state before, enum plan_state after,
        const struct recipe *recipe, struct error *err);

/* Some name of the file in dir is acted on; other names of it, and elsewhere, may stay. */
bool plan_is_acted(const struct plan *plan, uint64_t dir, uint64_t reference);

/* before without the acted names, or with their new ones, is after. Both listings of dir are sorted
 * the same way. */
bool plan_listing_fits(const struct plan *plan, uint64_t dir, const struct ntfs_listing *before,
        const struct ntfs_listing *after);

#endif
