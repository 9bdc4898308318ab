/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In the first child: renames in place on the raw image, the disk as it is. A rename is only
 * possible where the journal has nothing to say: what waits there could bring the old name back.
 */
#include "fixer/ntfs/rename.h"
#include "fixer/repair/plan_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *name_of(const struct plan_file *f)
{
	const char *last = strrchr(f->path, '\\');

	return last ? last + 1 : f->path;
}

/* What is damage elsewhere is what to expect here of a file made just before the crash: its record
 * or its name is in the journal only. */
static int pending_or(
        const struct find_work *work, const struct plan_file *f, int r, struct error *err)
{
	if (err->reason != REASON_NTFS_DAMAGED || !ntfs_has_pending(&work->disk))
		return r;
	return error_set(err, -EBUSY, REASON_NTFS_PENDING,
	        "the journal has the records of %.120s, the disk has not", name_of(f));
}

/* 0 when the records of the file are the same with the journal replayed, and can be renamed. */
static int check_one(const struct find_work *work, const struct plan_file *f, struct error *err)
{
	struct ntfs_rename rename;

	int r = ntfs_rename_prepare(
	        work->job->raw->volume.dev, f->directory, f->mft_reference, &rename, err);
	if (r < 0)
		return pending_or(work, f, r, err);
	int same = ntfs_rename_same_on(&rename, work->job->view->volume.dev);
	ntfs_rename_free(&rename);
	if (same < 0)
		return ntfs_view_error(work->view, same, "comparing with the journal", err);
	if (same == 0)
		return error_set(err, -EBUSY, REASON_NTFS_PENDING,
		        "the journal still changes the records of %.120s", name_of(f));
	return 0;
}

/* Where the file will be, for people. */
static int note_name(const struct ntfs_rename *rename, struct plan_file *f)
{
	char whole[sizeof(f->path) + 4 * NTFS_NAME_MAX];
	char *name = utf16_to_utf8(rename->name, rename->name_len);

	if (!name)
		return -ENOMEM;
	(void)snprintf(whole, sizeof(whole), "%.*s%s", (int)(name_of(f) - f->path), f->path, name);
	free(name);
	text_clean(f->renamed_to, sizeof(f->renamed_to), whole);
	return 0;
}

static int apply(const struct find_work *work, const struct ntfs_rename *rename,
        struct plan_file *f, struct ntfs_whitelist *list, struct error *err)
{
	int r = ntfs_rename_allow(rename, list);

	if (r == 0)
		r = ntfs_rename_apply(work->job->raw->volume.dev, rename);
	if (r == 0)
		r = note_name(rename, f);
	return r < 0 ? ntfs_view_error(work->view, r, "renaming on the overlay", err) : 0;
}

/* Prepared anew, because the files before it may share a block with it. */
static int rename_one(struct find_work *work, struct plan_file *f, struct error *err)
{
	struct ntfs_rename rename;

	int r = ntfs_rename_prepare(
	        work->job->raw->volume.dev, f->directory, f->mft_reference, &rename, err);
	if (r < 0)
		return r;
	r = apply(work, &rename, f, &work->list, err);
	ntfs_rename_free(&rename);
	return r;
}

int plan_rename(struct find_work *work, struct error *err)
{
	struct plan *plan = work->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->file_count; i++)
		if (plan->files[i].acted)
			r = check_one(work, &plan->files[i], err);
	for (size_t i = 0; r == 0 && i < plan->file_count; i++)
		if (plan->files[i].acted)
			r = rename_one(work, &plan->files[i], err);
	if (r < 0)
		for (size_t i = 0; i < plan->file_count; i++)
			plan->files[i].renamed_to[0] = 0;
	return r;
}
