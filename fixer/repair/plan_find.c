/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first child: finds what the recipe names, decides, and acts on an overlay. */
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void note_file(const struct match *m, struct plan_file *f)
{
	memcpy(f->path, m->path, sizeof(f->path));
	memcpy(f->note, m->note, sizeof(f->note));
	memcpy(f->name, m->entry.name, sizeof(f->name));
	f->name_len = m->entry.name_len;
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

static int find_all(struct find_work *work, struct error *err)
{
	struct plan *plan = work->plan;
	struct windows_list windows;

	int r = windows_find(work->view, &windows);
	if (r < 0)
		return ntfs_view_error(work->view, r, "looking for Windows", err);
	plan->windows_count = windows.count;
	r = match_find(work->view, work->job->recipe, &windows, &work->matches);
	if (r < 0)
		return ntfs_view_error(work->view, r, "looking for the recipe's files", err);
	plan->file_count = work->matches.count;
	for (size_t i = 0; i < work->matches.count; i++)
		note_file(&work->matches.items[i], &plan->files[i]);
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

static int save_contents(const struct find_work *work, struct error *err)
{
	struct plan *plan = work->plan;

	for (size_t i = 0; i < plan->file_count; i++) {
		int r = plan->files[i].acted ? save_content(work->view, &plan->files[i]) : 0;
		if (r < 0)
			return ntfs_view_error(work->view, r, "reading the bad file", err);
	}
	return 0;
}

/* Verdicts on the volume, for which a plan is refused; all else is a failure of ours. */
static bool is_verdict(enum reason reason)
{
	return reason == REASON_RENAME_UNSAFE || reason == REASON_NTFS_PENDING ||
	       reason == REASON_NTFS_REPLAY_FAILED || reason == REASON_PLAN_CHECK_FAILED;
}

static int try_kind(struct find_work *work, enum plan_kind kind, struct error *err)
{
	work->plan->kind = kind;
	switch (kind) {
	case PLAN_DELETE:
		return plan_delete(work, err);
	case PLAN_REPLAY_DELETE:
		return plan_replay_delete(work, err);
	default:
		return plan_rename(work, err);
	}
}

/* The text that is left says why it is this plan; plan_tell() adds what it does. */
static int act(struct find_work *work, struct error *err)
{
	const struct plan_choice *choice = &work->choice;
	struct plan *plan = work->plan;

	int r = save_contents(work, err);
	if (r < 0)
		return r;
	(void)snprintf(plan->text, sizeof(plan->text), "%s", choice->state);
	r = try_kind(work, choice->kind, err);
	if (r < 0 && is_verdict(err->reason) && choice->or_replay) {
		(void)snprintf(plan->text, sizeof(plan->text), "%s; no rename: %.150s",
		        choice->state, err->text);
		*err = (struct error){0};
		r = try_kind(work, PLAN_REPLAY_DELETE, err);
	}
	if (r == 0 || !is_verdict(err->reason))
		return r;
	plan_refuse(plan, err->reason, err->text);
	*err = (struct error){0};
	return 0;
}

/* The first that says no: BitLocker, the volume's state, a journal that could not be replayed. */
static struct error first_refusal(const struct find_work *work, const struct error *replay)
{
	if (work->job->refusal->code)
		return *work->job->refusal;
	return work->choice.refusal.code ? work->choice.refusal : *replay;
}

/* Everything that needs the mounted view. replay: why what is seen lacks what the journal holds;
 * code 0 when it doesn't. */
static int work_on_view(struct find_work *work, const struct error *replay, struct error *err)
{
	struct plan *plan = work->plan;

	plan->journal = work->disk.journal;
	plan->volume_flags = work->disk.flags;
	plan->ntfs_serial = work->disk.serial;
	/* What asks for chkdsk, as it is or once replayed, is not deleted from. */
	struct ntfs_facts state = work->disk;
	state.flags |= ntfs_view_facts(work->view)->flags & NTFS_FLAG_DIRTY;
	plan_choose(&state, work->job->recipe, &work->choice);
	const struct error refusal = first_refusal(work, replay);
	int r = find_all(work, err);
	if (r < 0 && refusal.code) {
		/* Not readable without its journal: the refusal stands, only the list is missing.
		 */
		plan_refuse(plan, refusal.reason, refusal.text);
		return 0;
	}
	if (r < 0)
		return r;
	plan_decide(work, &refusal);
	return plan->reason == REASON_OK ? act(work, err) : 0;
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
	        "the plan would write to byte %" PRIu64 " of the volume, which is BitLocker's own",
	        at);
	plan_refuse(plan, REASON_PLAN_CHECK_FAILED, text);
	return true;
}

/* What cannot be replayed is looked at as it is, so that people hear of the files. */
static int open_view(struct find_work *work, struct error *ret_replay, struct error *err)
{
	const struct find_job *job = work->job;

	if (job->refusal->code) {
		int r = ntfs_view_open(job->view->volume.dev, &work->view, err);
		if (r == 0)
			work->disk = *ntfs_view_facts(work->view);
		return r;
	}
	int r = plan_view_open(
	        job->view->volume.dev, job->may_replay, &work->disk, &work->view, err);
	if (r == 0 || (err->reason != REASON_NTFS_REPLAY_FAILED &&
	                      err->reason != REASON_REPLAY_UNAVAILABLE))
		return r;
	*ret_replay = *err;
	*err = (struct error){0};
	return ntfs_view_open(job->raw->volume.dev, &work->view, err);
}

static int make(struct find_work *work, struct error *err)
{
	struct error replay = {0};
	struct plan *plan = work->plan;

	int r = open_view(work, &replay, err);
	if (r < 0)
		return r;
	r = work_on_view(work, &replay, err);
	int closed = ntfs_view_close(work->view);
	const struct plan_image *changed =
	        plan->kind == PLAN_RENAME ? work->job->raw : work->job->view;
	if (refuse_piece(changed->volume.dev, plan))
		return 0;
	if (r < 0)
		return r;
	if (closed < 0)
		return error_set(err, closed, REASON_NTFS_DAMAGED, "closing the NTFS volume: %s",
		        strerror(-closed));
	if (plan->reason != REASON_OK)
		return 0;
	return plan_take_changes(changed->overlay, plan);
}

int plan_find(void *context, struct buffer *out, struct error *err)
{
	struct find_work work = {.job = context, .plan = calloc(1, sizeof(*work.plan))};

	if (!work.plan)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for a plan");
	work.plan->sector_size = work.job->view->overlay->sector_size;
	work.plan->journal = JOURNAL_DAMAGED; /* as long as nothing could be read of it */
	int r = make(&work, err);
	if (r < 0 && (err->reason == REASON_NTFS_DAMAGED || err->reason == REASON_NTFS_VERSION)) {
		/* A verdict on the volume, not a failure of ours. */
		plan_refuse(work.plan, err->reason, err->text);
		*err = (struct error){0};
		r = 0;
	}
	if (r == 0)
		r = plan_encode(work.plan, &work.list, out);
	match_list_free(&work.matches);
	ntfs_whitelist_free(&work.list);
	plan_free(work.plan);
	return r;
}
