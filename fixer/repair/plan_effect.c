/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The second child: mounts the volume before and after, and compares. */
#include "fixer/ntfs/file.h"
#include "fixer/repair/replay.h"
#include "fixer/repair/sandbox.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <string.h>

struct effect_job {
	const struct plan *plan;
	const struct recipe *recipe; /* NULL: not looked at */
	const struct plan_image *before, *after;
	bool may_replay;
};

/* Both images are of one disk, so what neither of them touched is the same. */
static bool is_common(void *context, uint64_t offset, uint64_t len)
{
	const struct effect_job *job = context;

	return plan_image_is_untouched(job->before, offset, len) &&
	       plan_image_is_untouched(job->after, offset, len);
}

/* One of the two states, mounted. */
struct side {
	struct ntfs_facts disk; /* as it is, nothing replayed */
	struct ntfs_view *view;
};

static int wrong(struct error *err, const char *what, const char *where)
{
	return error_set(
	        err, -EBADMSG, REASON_PLAN_CHECK_FAILED, "%s%s%s", what, *where ? ": " : "", where);
}

/* --- in the child ---------------------------------------------------------------------------- */

static int compare_siblings(struct effect_job *job, struct ntfs_view *before,
        struct ntfs_view *after, uint64_t dir, const struct ntfs_listing *left, const char *path,
        struct error *err)
{
	const struct ntfs_common common = {is_common, job};

	for (size_t i = 0; i < left->count; i++) {
		uint64_t ref = left->entries[i].reference;
		bool same;
		if (i > 0 && ref == left->entries[i - 1].reference)
			continue;
		bool unlinked =
		        job->plan->kind != PLAN_RENAME && plan_is_acted(job->plan, dir, ref);
		int r = ntfs_file_same(before, after, ref, unlinked, &common, &same);
		if (r < 0)
			return ntfs_view_error(after, r, "reading a file beside the bad one", err);
		if (!same)
			return wrong(err, "a file beside this one would change", path);
	}
	return 0;
}

/* A name is in two places: in the directory's index, which lists it, and in the file's record. */
static int check_records(const struct plan *plan, struct ntfs_view *after, uint64_t dir,
        const struct ntfs_listing *left, const char *path, struct error *err)
{
	struct ntfs_times times;

	for (size_t i = 0; i < left->count; i++) {
		const struct ntfs_entry *e = &left->entries[i];
		int r = plan_is_acted(plan, dir, e->reference)
		                ? ntfs_name_times(after, dir, e, &times)
		                : 0;
		if (r == -ENOENT)
			return wrong(
			        err, "its record would have another name than its directory", path);
		if (r < 0)
			return ntfs_view_error(after, r, "reading the file's names", err);
	}
	return 0;
}

/* siblings: compare what the files of the directory hold, too. */
static int compare_directory(struct effect_job *job, struct ntfs_view *before,
        struct ntfs_view *after, uint64_t dir, bool siblings, const char *path, struct error *err)
{
	struct ntfs_listing a = {0}, b = {0};

	int r = ntfs_list(before, dir, &a);
	if (r == 0)
		r = ntfs_list(after, dir, &b);
	if (r < 0)
		r = ntfs_view_error(after, r, "listing the bad file's directory", err);
	else if (!plan_listing_fits(job->plan, dir, &a, &b))
		r = wrong(err,
		        siblings ? "the directory would not list as it should without"
		                 : "the directory above would not list as before",
		        path);
	else if (siblings)
		r = compare_siblings(job, before, after, dir, &b, path, err);
	if (r == 0 && siblings)
		r = check_records(job->plan, after, dir, &b, path, err);
	ntfs_listing_free(&a);
	ntfs_listing_free(&b);
	return r;
}

static bool same_facts(const struct ntfs_facts *a, const struct ntfs_facts *b)
{
	return a->flags == b->flags && a->journal == b->journal && a->serial == b->serial &&
	       a->hibernated == b->hibernated && a->mirror_differs == b->mirror_differs;
}

/* The same as they are and once replayed; after a replay the disk is as the replay leaves it, but
 * for the dirty flag. */
static int compare_facts(const struct plan *plan, const struct side *before,
        const struct side *after, struct error *err)
{
	const struct ntfs_facts *replayed = ntfs_view_facts(after->view);
	struct ntfs_facts view = *ntfs_view_facts(before->view), disk = before->disk;

	if (plan->kind == PLAN_REPLAY_DELETE) {
		view.flags |= NTFS_FLAG_DIRTY;
		disk = view;
	}
	if (same_facts(&disk, &after->disk) && same_facts(&view, replayed))
		return 0;
	return wrong(err, "the volume's flags or journal would change", "");
}

static int compare_directories(struct effect_job *job, struct ntfs_view *before,
        struct ntfs_view *after, struct error *err)
{
	const struct plan *plan = job->plan;
	uint64_t above, last = 0;

	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		/* Several bad files are mostly in one directory, one after the other. */
		if (!f->acted || f->directory == last)
			continue;
		last = f->directory;
		int r = compare_directory(job, before, after, f->directory, true, f->path, err);
		if (r < 0)
			return r;
		r = ntfs_parent(after, f->directory, &above, NULL);
		if (r < 0)
			return ntfs_view_error(after, r, "finding the directory above", err);
		r = compare_directory(job, before, after, above, false, f->path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What is still found under its new name would be a bad file again for the next session. */
static int check_names(const struct plan *plan, const struct recipe *recipe,
        struct ntfs_view *after, struct error *err)
{
	struct match_list found = {0};
	struct windows_list windows;

	int r = windows_find(after, &windows);
	if (r == 0)
		r = match_find(after, recipe, &windows, &found);
	if (r < 0)
		return ntfs_view_error(after, r, "looking for the recipe's files", err);
	for (size_t i = 0; r == 0 && i < found.count; i++)
		if (plan_is_acted(plan, found.items[i].dir, found.items[i].file.reference))
			r = error_set(err, -EEXIST, REASON_RENAME_UNSAFE,
			        "renamed to .off it would still match the recipe: %.200s",
			        found.items[i].path);
	match_list_free(&found);
	return r;
}

static int compare(struct effect_job *job, const struct side *before, const struct side *after,
        struct error *err)
{
	int r = compare_facts(job->plan, before, after, err);

	if (r == 0)
		r = compare_directories(job, before->view, after->view, err);
	if (r == 0 && job->recipe && job->plan->kind == PLAN_RENAME)
		r = check_names(job->plan, job->recipe, after->view, err);
	return r;
}

static int effect_work(void *context, struct buffer *out, struct error *err)
{
	struct effect_job *job = context;
	struct side before, after;

	(void)out;
	int r = plan_view_open(
	        job->before->volume.dev, job->may_replay, &before.disk, &before.view, err);
	if (r < 0)
		return r;
	r = plan_view_open(job->after->volume.dev, job->may_replay, &after.disk, &after.view, err);
	if (r == 0) {
		r = compare(job, &before, &after, err);
		(void)ntfs_view_close(after.view);
	}
	(void)ntfs_view_close(before.view);
	return r;
}

/* --- in the parent --------------------------------------------------------------------------- */

int plan_check_effect(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, enum plan_state before, enum plan_state after,
        const struct recipe *recipe, struct error *err)
{
	bool replays = journal_is_unclean(plan->journal);
	struct plan_image a, b;
	struct buffer answer;

	int r = plan_image_open(disk, target, plan, before, &a, err);
	if (r < 0)
		return r;
	r = plan_image_open(disk, target, plan, after, &b, err);
	if (r < 0) {
		plan_image_close(&a);
		return r;
	}
	struct effect_job job = {plan, recipe, &a, &b, replays};
	r = (replays ? sandbox_run_replaying : sandbox_run)(
	        effect_work, &job, NM_CHILD_SECONDS, sizeof(err->text), &answer, err);
	if (r == 0)
		buffer_free(&answer);
	plan_image_close(&b);
	plan_image_close(&a);
	return r;
}
