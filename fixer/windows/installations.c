/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/installations.h"

#include <errno.h>

/* 1, 0 or a negative errno. */
static int has(struct ntfs_view *view, uint64_t dir, const char *path)
{
	uint64_t ref;
	int r = ntfs_resolve(view, dir, path, &ref);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	return r < 0 ? r : 1;
}

int windows_find(struct ntfs_view *view, struct windows_list *ret)
{
	struct windows_list found = {0};
	struct ntfs_listing root;

	int r = ntfs_list(view, ntfs_root(), &root);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < root.count && found.count < WINDOWS_MAX; i++) {
		const struct ntfs_entry *e = &root.entries[i];
		if (e->name_type == NTFS_NAME_DOS)
			continue;
		r = has(view, e->reference, "System32\\config\\SYSTEM");
		if (r == 1)
			r = has(view, e->reference, "System32\\ntoskrnl.exe");
		if (r == 1)
			found.roots[found.count++] = e->reference;
	}
	ntfs_listing_free(&root);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}
