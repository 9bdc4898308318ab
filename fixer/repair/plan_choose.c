/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which plan the state of a volume and the recipe allow: the mildest that works. */
#include "fixer/repair/plan_choose.h"
#include "fixer/repair/plan.h"

#include <errno.h>
#include <stdio.h>

static void describe(const struct ntfs_facts *disk, char *text, size_t size)
{
	(void)snprintf(text, size, "journal %s%s%s", journal_state_name(disk->journal),
	        disk->flags & NTFS_FLAG_DIRTY ? ", volume marked dirty" : "",
	        disk->mirror_differs ? ", $MFTMirr behind $MFT" : "");
}

/* What the state alone, or the recipe with it, forbids. */
static int refusal(const struct ntfs_facts *disk, const struct recipe *recipe, struct error *err)
{
	bool refuses = recipe->unclean == UNCLEAN_REFUSE;

	int r = ntfs_refusal(disk, err);
	if (r < 0)
		return r;
	if (refuses && ntfs_has_pending(disk))
		return error_set(err, -EBUSY, REASON_NTFS_UNCLEAN,
		        "$LogFile (version %s) has changes that Windows did not finish",
		        disk->journal == JOURNAL_UNCLEAN_V1 ? "1.1" : "2.0");
	if (refuses && (disk->flags & NTFS_FLAG_DIRTY) && recipe->action == ACTION_REMOVE)
		return error_set(err, -EBUSY, REASON_NTFS_DIRTY,
		        "the volume asks for chkdsk (flags 0x%04x)", disk->flags);
	return 0;
}

void plan_choose(
        const struct ntfs_facts *disk, const struct recipe *recipe, struct plan_choice *ret)
{
	struct plan_choice choice = {.kind = PLAN_NONE};

	if (refusal(disk, recipe, &choice.refusal) == 0) {
		bool remove = recipe->action == ACTION_REMOVE;
		choice.kind = remove && ntfs_is_settled(disk) ? PLAN_DELETE : PLAN_RENAME;
		choice.or_replay = remove && ntfs_has_pending(disk) &&
		                   recipe->unclean == UNCLEAN_REPLAY &&
		                   !(disk->flags & NTFS_FLAG_DIRTY) && !disk->mirror_differs;
	}
	describe(disk, choice.state, sizeof(choice.state));
	*ret = choice;
}

void plan_tell(const struct plan *plan, const char *why, char *text, size_t size)
{
	bool pending = journal_is_unclean(plan->journal);
	size_t acted = 0, n = plan->sector_count;

	for (size_t i = 0; i < plan->file_count; i++)
		acted += plan->files[i].acted;
	const char *s = acted == 1 ? "" : "s";
	if (plan->kind == PLAN_DELETE)
		(void)snprintf(text, size, "%s: delete %zu file%s, %zu sectors", why, acted, s, n);
	else if (plan->kind == PLAN_REPLAY_DELETE)
		(void)snprintf(text, size,
		        "%s: replay the journal and delete %zu file%s, %zu sectors; Windows runs "
		        "chkdsk when it starts",
		        why, acted, s, n);
	else if (pending)
		(void)snprintf(text, size,
		        "%s: nothing pending in the records of the file%s: rename %zu file%s in "
		        "place, %zu sectors; Windows finishes its journal itself",
		        why, s, acted, s, n);
	else
		(void)snprintf(text, size, "%s: rename %zu file%s in place, %zu sectors", why,
		        acted, s, n);
}
