/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In the first child: renames in place on the raw image, the disk as it is. Whether the new name
 * fits is asked of the volume with its journal replayed, because that is what Windows will see. The
 * records must be the same there and raw: what waits in the journal could bring the old name back.
 */
#include "fixer/block/overlay.h"
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

/* replayed: over the view, with what was renamed so far. */
static int apply(struct find_work *work, struct block_device *replayed,
        const struct ntfs_rename *rename, struct plan_file *f, struct error *err)
{
	struct block_device *raw = work->job->raw->volume.dev;

	int r = ntfs_rename_same_on(rename, raw);
	if (r == 0)
		return error_set(err, -EBUSY, REASON_NTFS_PENDING,
		        "the journal still changes the records of %.120s", name_of(f));
	r = r < 0 ? r : ntfs_rename_allow(rename, &work->list);
	if (r == 0)
		r = ntfs_rename_apply(raw, rename);
	if (r == 0)
		r = ntfs_rename_apply(replayed, rename);
	if (r == 0)
		r = note_name(rename, f);
	return r < 0 ? ntfs_view_error(work->view, r, "renaming on the overlay", err) : 0;
}

static int rename_one(struct find_work *work, struct block_device *replayed, struct plan_file *f,
        struct error *err)
{
	struct ntfs_rename rename;

	int r = ntfs_rename_prepare(replayed, f->directory, f->mft_reference, &rename, err);
	if (r < 0)
		return r;
	r = apply(work, replayed, &rename, f, err);
	ntfs_rename_free(&rename);
	return r;
}

int plan_rename(struct find_work *work, struct error *err)
{
	struct block_device *replayed CLEANUP_BLOCK = NULL;
	struct plan *plan = work->plan;

	int r = overlay_open(work->job->view->volume.dev, NM_OVERLAY_MAX, &replayed);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to plan");
	for (size_t i = 0; r == 0 && i < plan->file_count; i++)
		if (plan->files[i].acted)
			r = rename_one(work, replayed, &plan->files[i], err);
	if (r < 0)
		for (size_t i = 0; i < plan->file_count; i++)
			plan->files[i].renamed_to[0] = 0;
	return r;
}
