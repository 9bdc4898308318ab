/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first child: finds what the recipe names and deletes it on the overlay. */
#include "fixer/repair/plan_internal.h"
#include "fixer/windows/match.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void note_file(const struct match *m, struct plan_file *f)
{
	memcpy(f->path, m->path, sizeof(f->path));
	f->size = m->file.size;
	f->mft_reference = m->file.reference;
	f->directory = m->dir;
	f->created = m->file.created;
	f->modified = m->file.modified;
	f->mft_modified = m->file.mft_modified;
	f->accessed = m->file.accessed;
	f->attributes = m->file.attributes;
	f->in_window = m->in_window;
	f->reason = m->reason;
	f->acted = m->reason == REASON_OK;
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
 * journal only. */
static bool listing_is_whole(const struct ntfs_facts *facts)
{
	return !facts->hibernated &&
	       (facts->journal == JOURNAL_CLEAN || facts->journal == JOURNAL_EMPTY);
}

/* Leaves the plan with reason OK and its files marked acted, or refuses it. */
static void decide(struct plan *plan, const struct recipe *recipe, const struct ntfs_facts *facts,
        const struct error *refusal, bool too_many)
{
	const struct plan_file *obstacle = first_obstacle(plan);
	size_t found = plan->file_count;

	if (too_many)
		plan_refuse(plan, REASON_TOO_MANY_MATCHES, "the recipe matches too many files");
	else if (found == 0 && plan->windows_count == 0)
		plan_refuse(plan, REASON_NO_WINDOWS, "no Windows installation on this volume");
	else if (found > 0 && count_reason(plan, REASON_REPORT_ONLY) == found)
		plan_refuse(plan, REASON_REPORT_ONLY, "found; the recipe only reports");
	else if (refusal->code && (found > 0 || !listing_is_whole(facts)))
		plan_refuse(plan, refusal->reason, refusal->text);
	else if (found == 0)
		plan_refuse(plan, REASON_NO_BAD_FILE, "no file matches the recipe");
	else if (obstacle)
		plan_refuse(plan, obstacle->reason, obstacle->path);
	else if (count_reason(plan, REASON_OK) == 0 &&
	         count_reason(plan, REASON_OUTSIDE_WINDOW) > 0)
		plan_refuse(plan, REASON_OUTSIDE_WINDOW,
		        "what matches was not modified in the bad time window");
	else if (count_reason(plan, REASON_OK) == 0)
		plan_refuse(plan, REASON_REPORT_ONLY, "found; the recipe only reports");
	else if (content_too_large(plan))
		plan_refuse(plan, REASON_TARGET_TOO_LARGE,
		        "the bad files together are larger than can be saved");
	else if (recipe->action == ACTION_RENAME)
		plan_refuse(plan, REASON_RECIPE_BAD,
		        "do = rename is not supported on a clean volume; use remove");
}

static int find_all(const struct find_job *job, struct ntfs_view *view, struct plan *plan,
        struct match_list *matches, struct error *err)
{
	struct windows_list windows;

	int r = windows_find(view, &windows);
	if (r < 0)
		return ntfs_view_error(view, r, "looking for Windows", err);
	plan->windows_count = windows.count;
	r = match_find(view, job->recipe, &windows, matches);
	if (r < 0)
		return ntfs_view_error(view, r, "looking for the recipe's files", err);
	plan->file_count = matches->count;
	for (size_t i = 0; i < matches->count; i++)
		note_file(&matches->items[i], &plan->files[i]);
	return 0;
}

static int save_content(struct ntfs_view *view, struct plan_file *f)
{
	f->content = malloc(f->size ? (size_t)f->size : 1);
	if (!f->content)
		return -ENOMEM;
	int r = ntfs_file_read(view, f->mft_reference, 0, f->content, (size_t)f->size);
	if (r == 0)
		(void)crypto_hash_sha256(f->sha256, f->content, f->size);
	return r < 0 ? r : ntfs_metadata_read(view, f->mft_reference, &f->metadata);
}

static int delete_one(struct ntfs_view *view, const struct match *m, struct plan_file *f,
        struct ntfs_whitelist *list)
{
	int r = save_content(view, f);

	if (r == 0)
		r = ntfs_allow_file(view, m->file.reference, list);
	if (r == 0)
		r = ntfs_allow_directory(view, m->dir, list);
	if (r == 0)
		r = ntfs_remove(view, m->dir, &m->entry);
	if (r == 0)
		r = ntfs_allow_directory(view, m->dir, list);
	return r;
}

static int delete_all(struct ntfs_view *view, const struct match_list *matches, struct plan *plan,
        struct ntfs_whitelist *list, struct error *err)
{
	for (size_t i = 0; i < matches->count; i++) {
		if (!plan->files[i].acted)
			continue;
		int r = delete_one(view, &matches->items[i], &plan->files[i], list);
		if (r < 0)
			return ntfs_view_error(view, r, "deleting on the overlay", err);
	}
	plan->kind = PLAN_DELETE;
	return 0;
}

/* Everything that needs the mounted view; it is closed afterwards, which writes the rest. */
static int work_on_view(const struct find_job *job, struct ntfs_view *view, struct plan *plan,
        struct ntfs_whitelist *list, struct error *err)
{
	const struct ntfs_facts *facts = ntfs_view_facts(view);
	struct match_list matches = {0};
	struct error refusal = *job->refusal;

	plan->journal = facts->journal;
	plan->volume_flags = facts->flags;
	plan->ntfs_serial = facts->serial;
	if (refusal.code == 0)
		(void)ntfs_refusal(facts, &refusal);
	int r = find_all(job, view, plan, &matches, err);
	if (r < 0 && refusal.code) {
		/* Not readable without its journal: the refusal stands, only the list is missing.
		 */
		plan_refuse(plan, refusal.reason, refusal.text);
		r = 0;
	} else if (r == 0) {
		decide(plan, job->recipe, facts, &refusal, matches.too_many);
	}
	if (r == 0 && plan->reason == REASON_OK)
		r = delete_all(view, &matches, plan, list, err);
	match_list_free(&matches);
	return r;
}

/* True when BitLocker's layer refused a write, whatever the library made of that: a change that
 * lacks a piece is no plan. */
static bool refuse_piece(struct block_device *volume, struct plan *plan)
{
	uint64_t at = bitlocker_refused_at(volume);
	char text[sizeof(plan->text)];

	if (at == UINT64_MAX)
		return false;
	(void)snprintf(text, sizeof(text),
	        "deleting would write to byte %" PRIu64 " of the volume, which is BitLocker's own",
	        at);
	plan_refuse(plan, REASON_PLAN_CHECK_FAILED, text);
	return true;
}

static int make(const struct find_job *job, struct plan *plan, struct ntfs_whitelist *list,
        struct error *err)
{
	struct ntfs_view *view;

	int r = ntfs_view_open(job->volume->dev, &view, err);
	if (r < 0)
		return r;
	r = work_on_view(job, view, plan, list, err);
	int closed = ntfs_view_close(view);
	if (refuse_piece(job->volume->dev, plan))
		return 0;
	if (r < 0)
		return r;
	if (closed < 0)
		return error_set(err, closed, REASON_NTFS_DAMAGED, "closing the NTFS volume: %s",
		        strerror(-closed));
	if (plan->reason != REASON_OK)
		return 0;
	return plan_take_changes(job->overlay, plan);
}

int plan_find(void *context, struct buffer *out, struct error *err)
{
	struct ntfs_whitelist list = {0};
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for a plan");
	const struct find_job *job = context;
	plan->sector_size = job->overlay->sector_size;
	plan->journal = JOURNAL_DAMAGED; /* as long as nothing could be read of it */
	int r = make(job, plan, &list, err);
	if (r < 0 && (err->reason == REASON_NTFS_DAMAGED || err->reason == REASON_NTFS_VERSION)) {
		/* A verdict on the volume, not a failure of ours. */
		plan_refuse(plan, err->reason, err->text);
		*err = (struct error){0};
		r = 0;
	}
	if (r == 0)
		r = plan_encode(plan, &list, out);
	ntfs_whitelist_free(&list);
	plan_free(plan);
	return r;
}
