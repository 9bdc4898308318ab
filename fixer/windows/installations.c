/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/installations.h"
#include "fixer/ntfs/lookup.h"

#include <string.h>

/* Whether one of the places is a file that begins with magic. */
static int one_begins(struct ntfs_view *view, const struct ntfs_places *places, const char *magic)
{
	char begin[4];
	size_t len = strlen(magic);

	for (size_t i = 0; i < places->count; i++) {
		const struct ntfs_place *p = &places->items[i];
		if (!p->at_end || p->file.is_directory || p->file.size < len)
			continue;
		int r = ntfs_file_read(view, p->file.reference, 0, begin, len);
		if (r < 0)
			return r;
		if (memcmp(begin, magic, len) == 0)
			return 1;
	}
	return 0;
}

/* 1, 0 or a negative errno. */
static int has(struct ntfs_view *view, uint64_t dir, const char *path, const char *magic)
{
	struct ntfs_places places = {0};

	int r = ntfs_resolve_all(view, dir, path, &places);
	return r < 0 ? r : one_begins(view, &places, magic);
}

/* A kernel that CompactOS compressed is a reparse point, whose content only Windows can read: it
 * counts by its name. */
static int has_kernel(struct ntfs_view *view, uint64_t dir, const char *path)
{
	struct ntfs_places places = {0};

	int r = ntfs_resolve_all(view, dir, path, &places);
	for (size_t i = 0; r == 0 && i < places.count; i++)
		if (places.items[i].at_end && !places.items[i].file.is_directory &&
		        places.items[i].file.attributes & NTFS_ATTR_REPARSE)
			return 1;
	return r < 0 ? r : one_begins(view, &places, "MZ");
}

static int is_installation(struct ntfs_view *view, uint64_t dir)
{
	/* The kernels of 32-bit Windows with several processors or more memory are called
	 * otherwise. */
	static const char *const kernels[] = {"System32\\ntoskrnl.exe", "System32\\ntkrnlpa.exe",
	        "System32\\ntkrnlmp.exe", "System32\\ntkrpamp.exe"};

	int r = has(view, dir, "System32\\config\\SYSTEM", "regf");
	if (r == 1)
		r = has(view, dir, "System32\\config\\SOFTWARE", "regf");
	if (r != 1)
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < sizeof(kernels) / sizeof(kernels[0]); i++)
		r = has_kernel(view, dir, kernels[i]);
	return r;
}

int windows_find(struct ntfs_view *view, struct windows_list *ret)
{
	struct windows_list found = {0};
	struct ntfs_listing root;

	int r = ntfs_list(view, ntfs_root(), &root);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < root.count; i++) {
		const struct ntfs_entry *e = &root.entries[i];
		if (e->name_type == NTFS_NAME_DOS || e->reference == ntfs_root())
			continue;
		r = is_installation(view, e->reference);
		if (r != 1)
			continue;
		if (found.count == WINDOWS_MAX)
			found.too_many = true;
		else
			found.roots[found.count++] = e->reference;
	}
	ntfs_listing_free(&root);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}
