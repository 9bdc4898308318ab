/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In the first child: whether what was found is acted on, or why not. */
#include "fixer/repair/plan_internal.h"

/* The first file that the recipe's conditions keep from being acted on. */
static const struct plan_file *first_left(const struct plan *plan)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		enum reason r = plan->files[i].reason;
		if (r == REASON_OUTSIDE_WINDOW || r == REASON_OTHER_CONTENT)
			return &plan->files[i];
	}
	return NULL;
}

static size_t count_reason(const struct plan *plan, enum reason reason)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->file_count; i++)
		n += plan->files[i].reason == reason;
	return n;
}

/* A file that should go but can't: the machine would go on crashing, so nothing goes. */
static const struct plan_file *first_obstacle(const struct plan *plan)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		enum reason r = plan->files[i].reason;
		if (r == REASON_TARGET_REPARSE || r == REASON_TARGET_ENCRYPTED ||
		        r == REASON_TARGET_TOO_LARGE)
			return &plan->files[i];
	}
	return NULL;
}

static bool content_too_large(const struct plan *plan)
{
	uint64_t left = PLAN_CONTENT_MAX;

	for (size_t i = 0; i < plan->file_count; i++) {
		if (!plan->files[i].acted)
			continue;
		if (plan->files[i].size > left)
			return true;
		left -= plan->files[i].size;
	}
	return false;
}

/* Whether "no such file" can be believed: a file made just before the crash may still be in the
 * journal only. Seen is the volume with its journal replayed, if that was possible. */
static bool listing_is_whole(const struct find_work *work)
{
	const struct ntfs_facts *seen = ntfs_view_facts(work->view);

	return !work->disk.hibernated && seen->journal != JOURNAL_DAMAGED &&
	       !ntfs_has_pending(seen);
}

void plan_decide(const struct find_work *work, const struct error *refusal)
{
	struct plan *plan = work->plan;
	static const char outside[] = "what matches was not modified in the bad time window";
	static const char other[] = "what matches has another size, header or hash";
	const struct plan_file *obstacle = first_obstacle(plan), *left = first_left(plan);
	bool wanted = count_reason(plan, REASON_OK) > 0 || obstacle;
	size_t found = plan->file_count;
	bool told = found > 0 && work->job->recipe->action == ACTION_REPORT;

	if (work->matches.too_many)
		plan_refuse(plan, REASON_TOO_MANY_MATCHES, "the recipe matches too many files");
	else if (found == 0 && plan->windows_count == 0)
		plan_refuse(plan, REASON_NO_WINDOWS, "no Windows installation on this volume");
	else if (count_reason(plan, REASON_REPORT_ONLY) > 0)
		plan_refuse(plan, REASON_REPORT_ONLY, "found; the recipe only reports");
	else if (refusal->code && !told && (wanted || !listing_is_whole(work)))
		plan_refuse(plan, refusal->reason, refusal->text);
	else if (found == 0)
		plan_refuse(plan, REASON_NO_BAD_FILE, "no file matches the recipe");
	else if (obstacle)
		plan_refuse(plan, obstacle->reason, obstacle->path);
	else if (count_reason(plan, REASON_OK) == 0 && left)
		plan_refuse(plan, left->reason,
		        left->note[0]                           ? left->note
		        : left->reason == REASON_OUTSIDE_WINDOW ? outside
		                                                : other);
	else if (count_reason(plan, REASON_OK) == 0)
		plan_refuse(plan, plan->files[0].reason, plan->files[0].path);
	else if (content_too_large(plan))
		plan_refuse(plan, REASON_TARGET_TOO_LARGE,
		        "the bad files together are larger than can be saved");
}
