/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files that make a plan. "Child" and "parent" are the processes of sandbox.h. */
#ifndef REPAIR_PLAN_INTERNAL_H
#define REPAIR_PLAN_INTERNAL_H

#include "fixer/base/buffer.h"
#include "fixer/ntfs/whitelist.h"
#include "fixer/repair/volume.h"

/* All removed files together: half of a bundle, the rest is for the sectors. */
#define PLAN_CONTENT_MAX (NM_MAX_BUNDLE / 2)

/* No plan: nothing is acted on, nothing would be written. */
void plan_refuse(struct plan *plan, enum reason reason, const char *text);

/* --- the first child: find, delete on the overlay -------------------------------------------- */

struct find_job {
	struct block_device *overlay; /* of the disk */
	const struct volume *volume;  /* on the overlay */
	const struct recipe *recipe;
	const struct error *refusal; /* code set: this volume is not written to, and why */
};

/* For sandbox_run; context is a find_job, out gets an encoded plan. */
int plan_find(void *context, struct buffer *out, struct error *err);

/* The overlay's changed sectors become plan's runs; plan is refused when they are too many. Needs
 * plan->sector_size, the overlay's. Errors of overlay_each(). */
int plan_take_changes(struct block_device *overlay, struct plan *plan);

/* --- the answer ------------------------------------------------------------------------------ */

int plan_encode(const struct plan *plan, const struct ntfs_whitelist *list, struct buffer *out);

/* bytes are hostile: counts, sizes, enums and order are checked. -EBADMSG when they don't fit. On
 * failure what is in plan is still to be freed. list is freed by the caller. */
int plan_decode(const void *bytes, size_t len, struct plan *plan, struct ntfs_whitelist *list);

/* --- the parent's own check ------------------------------------------------------------------ */

/* Every changed sector: inside the partition, not BitLocker's own, in the whitelist (bytes of the
 * volume), old content as on disk. 0, or REASON_PLAN_CHECK_FAILED. */
int plan_check_sectors(struct block_device *disk, const struct volume_target *target,
        const struct volume *volume, const struct plan *plan, const struct ntfs_whitelist *list,
        struct error *err);

/* Splits the runs of a checked plan by what they hold and says when each is written. Errors of
 * reading, -ENOMEM; the plan is then as it was. */
int plan_set_stages(
        const struct volume *volume, const struct volume_target *target, struct plan *plan);

/* --- the second child: what the plan does ---------------------------------------------------- */

enum plan_image {
	IMAGE_AS_IS,
	IMAGE_OLD,
	IMAGE_NEW
}; /* the disk with the plan's runs laid over it */

/* Mounts the disk in both states and compares: the acted files are gone by every name, their
 * directories and those above otherwise list the same, every sibling is the same byte for byte,
 * the volume's flags and journal are unchanged. 0, or REASON_PLAN_CHECK_FAILED and others. */
int plan_check_effect(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, enum plan_image before, enum plan_image after, struct error *err);

#endif
