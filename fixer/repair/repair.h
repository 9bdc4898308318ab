/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The repair transaction of one volume (design section 7): plan, save, commit, verify. The same for
 * a machine that talks to an appliance and for `fixer --image`: what differs is in the ops.
 */
#ifndef REPAIR_REPAIR_H
#define REPAIR_REPAIR_H

#include "fixer/bitlocker/bitlocker.h"
#include "fixer/repair/bundle.h"
#include "fixer/repair/commit.h"
#include "fixer/repair/plan.h"

enum repair_step {
	STEP_INSPECT,
	STEP_UNLOCK,
	STEP_PLAN,
	STEP_SAVE,
	STEP_COMMIT,
	STEP_VERIFY,
	STEP_DONE,
};
const char *repair_step_name(enum repair_step step); /* "inspect", ... Static. */

struct repair_ops {
	/* Told before each step and with details during it. text may be "". */
	void (*progress)(void *context, enum repair_step step, const char *text);
	/* Makes the bundle durable somewhere that is not this disk; 0 only when it is. The first
	 * write to the disk happens after it returned 0. */
	int (*save)(void *context, const struct bundle *bundle, struct error *err);
	void *context;
};

struct repair_options {
	bool dry_run;         /* stop before save; the disk is never opened for writing */
	const char *host;     /* machine name or image path, for the manifest */
	uint32_t sector_size; /* of an image file; 0: 512. A device knows its own */
};

/* How much of what was saved is on the disk. */
enum repair_written {
	WRITTEN_NONE, /* the disk is as it was */
	WRITTEN_PART, /* any part may be there: the bundle completes or undoes it */
	WRITTEN_ALL,  /* and checked */
};
const char *repair_written_name(enum repair_written written); /* "none", as on the wire. Static. */

struct repair_result {
	enum reason reason; /* REPAIRED, RENAMED, NO_BAD_FILE, WOULD_REPAIR, or why not */
	char text[320];
	size_t sectors_written; /* sectors of the disk's logical size */
	struct plan *plan;      /* NULL when none was made; freed by repair_result_clear */
	char bundle_sha256[65]; /* "" when nothing was saved */
	enum repair_written written;
};
void repair_result_clear(struct repair_result *result);

/* Whether a result says that the volume's bad files are out of the way: REPAIRED or RENAMED. */
bool repair_is_done(enum reason result);

/*
 * Repairs one volume. disk_path is opened read-only for everything but the commit itself. Fills
 * result in any case; returns 0 when the machine may boot (repaired, nothing to do, dry run), a
 * negative errno when it needs attention, with err saying why.
 */
int repair_volume(const char *disk_path, const struct volume_target *target,
        const struct recipe *recipe, const struct repair_options *options,
        const struct repair_ops *ops, struct repair_result *result, struct error *err);

/*
 * Completes an interrupted repair from its bundle: the disk must be the bundle's (bundle_fits) and
 * every sector named must hold the old or the new content (else REASON_PENDING_CONFLICT and nothing
 * is written), then all are brought to new. *ret_written: sectors that still had to be written.
 * Other errors as commit_runs().
 */
int repair_complete(
        const char *disk_path, const struct bundle *bundle, size_t *ret_written, struct error *err);

/* The same rule, towards the old content. */
int repair_undo(
        const char *disk_path, const struct bundle *bundle, size_t *ret_written, struct error *err);

/* Both of them, by direction, on a disk that is open for writing. */
int repair_apply(struct block_device *disk, const struct bundle *bundle,
        enum commit_direction direction, size_t *ret_written, struct error *err);

#endif
