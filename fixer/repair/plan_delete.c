/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In the first child: deletes on the view, with libntfs-3g. */
#include "fixer/ntfs/deletable.h"
#include "fixer/repair/plan_internal.h"

static int delete_one(struct ntfs_view *view, const struct match *m, struct ntfs_whitelist *list)
{
	int r = ntfs_allow_file(view, m->file.reference, list);

	if (r == 0)
		r = ntfs_allow_directory(view, m->dir, list);
	if (r == 0)
		r = ntfs_remove(view, m->dir, &m->entry);
	if (r == 0)
		r = ntfs_allow_directory(view, m->dir, list);
	return r;
}

int plan_delete(struct find_work *work, struct error *err)
{
	for (size_t i = 0; i < work->matches.count; i++) {
		if (!work->plan->files[i].acted)
			continue;
		const char *why;
		int r = ntfs_deletable(work->view, work->plan->files[i].mft_reference, &why);
		if (why)
			return error_set(err, r, REASON_NTFS_DAMAGED, "%s %s",
			        work->plan->files[i].path, why);
		if (r == 0)
			r = delete_one(work->view, &work->matches.items[i], &work->list);
		if (r < 0)
			return ntfs_view_error(work->view, r, "deleting on the overlay", err);
	}
	return 0;
}
