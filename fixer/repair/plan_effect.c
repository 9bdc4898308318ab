/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The second child: mounts the volume before and after, and compares. */
#include "fixer/block/overlay.h"
#include "fixer/ntfs/file.h"
#include "fixer/repair/sandbox.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <string.h>

/* The disk in one state, and the volume on it. */
struct image {
	struct block_device *overlay;
	struct volume volume;
};

struct effect_job {
	const struct plan *plan;
	const struct image *before, *after;
};

static int wrong(struct error *err, const char *what, const char *where)
{
	return error_set(
	        err, -EBADMSG, REASON_PLAN_CHECK_FAILED, "%s%s%s", what, *where ? ": " : "", where);
}

/* --- in the child ---------------------------------------------------------------------------- */

static bool is_acted(const struct plan *plan, uint64_t reference)
{
	for (size_t i = 0; i < plan->file_count; i++)
		if (plan->files[i].acted && plan->files[i].mft_reference == reference)
			return true;
	return false;
}

static bool same_entry(const struct ntfs_entry *a, const struct ntfs_entry *b)
{
	return a->reference == b->reference && a->name_type == b->name_type &&
	       a->name_len == b->name_len && memcmp(a->name, b->name, sizeof(a->name)) == 0;
}

/* before without the acted files is after. Both listings are sorted the same way. */
static bool listing_fits(const struct plan *plan, const struct ntfs_listing *before,
        const struct ntfs_listing *after)
{
	size_t at = 0;

	for (size_t i = 0; i < before->count; i++) {
		if (is_acted(plan, before->entries[i].reference))
			continue;
		if (at == after->count || !same_entry(&before->entries[i], &after->entries[at]))
			return false;
		at++;
	}
	return at == after->count;
}

static int compare_siblings(struct ntfs_view *before, struct ntfs_view *after,
        const struct ntfs_listing *left, const char *path, struct error *err)
{
	for (size_t i = 0; i < left->count; i++) {
		uint64_t ref = left->entries[i].reference;
		bool same;
		if (i > 0 && ref == left->entries[i - 1].reference)
			continue;
		int r = ntfs_file_same(before, after, ref, &same);
		if (r < 0)
			return ntfs_view_error(after, r, "reading a file beside the bad one", err);
		if (!same)
			return wrong(err, "a file beside this one would change", path);
	}
	return 0;
}

/* siblings: compare what the files of the directory hold, too. */
static int compare_directory(const struct plan *plan, struct ntfs_view *before,
        struct ntfs_view *after, uint64_t dir, bool siblings, const char *path, struct error *err)
{
	struct ntfs_listing a = {0}, b = {0};

	int r = ntfs_list(before, dir, &a);
	if (r == 0)
		r = ntfs_list(after, dir, &b);
	if (r < 0)
		r = ntfs_view_error(after, r, "listing the bad file's directory", err);
	else if (!listing_fits(plan, &a, &b))
		r = wrong(err,
		        siblings ? "the directory would not list as it should without"
		                 : "the directory above would not list as before",
		        path);
	else if (siblings)
		r = compare_siblings(before, after, &b, path, err);
	ntfs_listing_free(&a);
	ntfs_listing_free(&b);
	return r;
}

static int compare_views(const struct plan *plan, struct ntfs_view *before, struct ntfs_view *after,
        struct error *err)
{
	const struct ntfs_facts *a = ntfs_view_facts(before), *b = ntfs_view_facts(after);
	uint64_t above, last = 0;

	if (a->flags != b->flags || a->journal != b->journal || a->serial != b->serial ||
	        a->hibernated != b->hibernated)
		return wrong(err, "the volume's flags or journal would change", "");
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		/* Several bad files are mostly in one directory, one after the other. */
		if (!f->acted || f->directory == last)
			continue;
		last = f->directory;
		int r = compare_directory(plan, before, after, f->directory, true, f->path, err);
		if (r < 0)
			return r;
		r = ntfs_parent(after, f->directory, &above, NULL);
		if (r < 0)
			return ntfs_view_error(after, r, "finding the directory above", err);
		r = compare_directory(plan, before, after, above, false, f->path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int effect_work(void *context, struct buffer *out, struct error *err)
{
	const struct effect_job *job = context;
	struct ntfs_view *before, *after;

	(void)out;
	int r = ntfs_view_open(job->before->volume.dev, &before, err);
	if (r < 0)
		return r;
	r = ntfs_view_open(job->after->volume.dev, &after, err);
	if (r == 0) {
		r = compare_views(job->plan, before, after, err);
		(void)ntfs_view_close(after);
	}
	(void)ntfs_view_close(before);
	return r;
}

/* --- in the parent --------------------------------------------------------------------------- */

static void image_close(struct image *image)
{
	volume_detach(&image->volume);
	block_close(image->overlay);
	*image = (struct image){0};
}

static int lay_over(struct block_device *overlay, const struct plan *plan, enum plan_image which)
{
	int r = 0;

	for (size_t i = 0; r == 0 && which != IMAGE_AS_IS && i < plan->run_count; i++) {
		const struct plan_run *run = &plan->runs[i];
		r = block_write(overlay, run->lba * plan->sector_size,
		        which == IMAGE_OLD ? run->old_bytes : run->new_bytes,
		        (size_t)run->count * plan->sector_size);
	}
	return r;
}

static int image_open(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, enum plan_image which, struct image *ret, struct error *err)
{
	struct image image = {0};

	int r = overlay_open(disk, NM_OVERLAY_MAX, &image.overlay);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to check the plan");
	r = lay_over(image.overlay, plan, which);
	if (r < 0)
		(void)error_set(err, r, REASON_PLAN_CHECK_FAILED,
		        "the plan does not fit the disk: %s", strerror(-r));
	else
		r = volume_attach(image.overlay, target, &image.volume, err);
	if (r < 0) {
		image_close(&image);
		return r;
	}
	*ret = image;
	return 0;
}

int plan_check_effect(struct block_device *disk, const struct volume_target *target,
        const struct plan *plan, enum plan_image before, enum plan_image after, struct error *err)
{
	struct image a, b;
	struct buffer answer;

	int r = image_open(disk, target, plan, before, &a, err);
	if (r < 0)
		return r;
	r = image_open(disk, target, plan, after, &b, err);
	if (r < 0) {
		image_close(&a);
		return r;
	}
	struct effect_job job = {.plan = plan, .before = &a, .after = &b};
	r = sandbox_run(effect_work, &job, NM_CHILD_SECONDS, sizeof(err->text), &answer, err);
	if (r == 0)
		buffer_free(&answer);
	image_close(&b);
	image_close(&a);
	return r;
}
