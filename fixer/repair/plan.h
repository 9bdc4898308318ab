/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plan: what the recipe finds on one volume and exactly which sectors would change. It is made in
 * a child process on a RAM overlay; nothing is written to the disk. Design section 7, steps 1 to 5.
 */
#ifndef REPAIR_PLAN_H
#define REPAIR_PLAN_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"
#include "fixer/block/partition.h"
#include "fixer/ntfs/journal.h"
#include "fixer/ntfs/metadata.h"
#include "fixer/windows/recipe.h"

enum plan_kind { PLAN_NONE, PLAN_DELETE, PLAN_RENAME, PLAN_REPLAY_DELETE };

/* "delete" "rename" "replay-delete" "none"; "clean" "unclean-1.1" ... as on the wire. Static. */
const char *plan_kind_name(enum plan_kind kind);
const char *journal_state_name(enum journal_state state);

/* One file that matched. */
struct plan_file {
	char path[512];       /* true name, UTF-8, with backslashes, from the volume's root */
	char renamed_to[512]; /* the path after the plan; "" unless the plan renames this file */
	char note[200];       /* what else a person should know of it; "" when there is nothing */
	uint16_t name[NTFS_NAME_MAX]; /* as in the directory, UTF-16LE units */
	uint8_t name_len;             /* 0: no file but a link on the recipe's path */
	uint64_t size;                /* bytes of $DATA */
	uint64_t mft_reference;
	uint64_t directory; /* MFT reference of the directory it is in */
	uint64_t created, modified, mft_modified, accessed; /* FILETIME, $STANDARD_INFORMATION */
	uint32_t attributes;                                /* FILE_ATTRIBUTE_* */
	bool in_window;     /* true as well when the recipe has no window */
	bool acted;         /* part of the plan; otherwise reason says why not */
	enum reason reason; /* OK: to be acted on; OUTSIDE_WINDOW, TARGET_*, REPORT_ONLY, ... */
	uint8_t sha256[32];
	/* Only for files acted on; NULL otherwise. */
	uint8_t *content; /* size bytes */
	struct ntfs_metadata *metadata;
};

/* What a sector holds says when it is written: all of one stage is on the medium before the next
 * begins (commit.h says why in this order). */
enum plan_stage {
	STAGE_FLAGS,   /* $Volume: the dirty flag */
	STAGE_INDEX,   /* directories */
	STAGE_RECORD,  /* MFT records of files */
	STAGE_REST,    /* bitmaps, and what is none of the others */
	STAGE_JOURNAL, /* $LogFile */
};
#define STAGES (STAGE_JOURNAL + 1)
const char *plan_stage_name(enum plan_stage stage); /* "flags" "index" ... Static. */

/* One run of consecutive sectors on the disk, all of one stage. */
struct plan_run {
	uint64_t lba; /* first, in units of sector_size */
	uint32_t count;
	uint8_t *old_bytes; /* count * sector_size each, as on disk */
	uint8_t *new_bytes;
	enum plan_stage stage;
};

struct plan {
	enum plan_kind kind;
	enum reason reason; /* OK when there is something to commit; NO_BAD_FILE, NO_WINDOWS, ... */
	char text[320];     /* why this plan, for people */
	enum journal_state journal;
	uint16_t volume_flags; /* NTFS volume flags; 1 = dirty */
	uint64_t ntfs_serial;
	size_t windows_count; /* Windows installations seen on the volume */
	size_t file_count;
	struct plan_file files[NM_MAX_MATCHES];
	uint32_t sector_size;
	size_t run_count, sector_count;
	struct plan_run *runs;
};

/* Which volume: a partition of a disk, and whether and how it is encrypted. */
struct volume_target {
	struct partition partition;
	bool bitlocker;           /* false: plain NTFS */
	const struct secret *vmk; /* NULL: plain NTFS, or a BitLocker volume that needs no key */
};

/*
 * Opens the volume on disk (any block_device: the disk itself, or an overlay of it): partition
 * window, BitLocker when target says so. *ret_below is the partition device the result needs;
 * close ret, then ret_below.
 */
int volume_open(struct block_device *disk, const struct volume_target *target,
        struct block_device **ret, struct block_device **ret_below, struct error *err);

/*
 * Makes and checks a plan. disk is only read. Runs libntfs-3g in children with limits; a crash or
 * timeout there comes back as REASON_CHILD_CRASHED / _TIMEOUT. 0 with a plan (whose reason may say
 * that there is nothing to do, or that the volume is refused: then run_count is 0); negative only
 * when no plan could be made at all.
 */
int plan_make(struct block_device *disk, const struct volume_target *target,
        const struct recipe *recipe, struct plan **ret, struct error *err);

/*
 * After the commit: mounts the volume read-only (in a child, through a fresh overlay) and checks
 * that every acted file of the plan is gone and its directory is otherwise as planned. 0, or
 * REASON_VERIFY_FAILED.
 */
int plan_verify(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, struct error *err);

void plan_free(struct plan *p);
DEFINE_CLEANUP(struct plan *, plan_free)

#endif
