/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which plan the state of a volume and the recipe allow, and how it is told. Decides on facts
 * alone: reads and writes nothing. */
#ifndef REPAIR_PLAN_CHOOSE_H
#define REPAIR_PLAN_CHOOSE_H

#include "fixer/ntfs/view.h"
#include "fixer/repair/plan.h"

struct plan_choice {
	enum plan_kind kind;  /* the first to try; PLAN_NONE: refusal says why */
	bool or_replay;       /* a rename that cannot be may become PLAN_REPLAY_DELETE */
	struct error refusal; /* code 0 unless refused */
	char state[120];      /* of the volume, in words: "journal clean, volume marked dirty" */
};

/*
 * disk: the facts of the volume as it is, nothing replayed. A recipe that only reports is treated
 * like one that renames: what is asked then is whether the volume could be read.
 *
 * clean or empty journal       delete, or rename when the recipe says so
 * changes wait in the journal  rename in place; the recipe may refuse (NTFS_UNCLEAN), or allow
 *                              replay + delete in its stead
 * marked dirty                 rename in place only; a recipe that would remove may refuse
 *                              (NTFS_DIRTY)
 * $MFTMirr behind $MFT         with changes waiting: rename in place only; else
 *                              NTFS_MIRROR_DIFFERS
 * hibernated, journal damaged  NTFS_HIBERNATED, NTFS_JOURNAL_DAMAGED
 */
void plan_choose(
        const struct ntfs_facts *disk, const struct recipe *recipe, struct plan_choice *ret);

/* The plan in words for people: why (the state, and what spoke against a milder plan), what it
 * does, how many sectors. text may not overlap why. */
void plan_tell(const struct plan *plan, const char *why, char *text, size_t size);

#endif
