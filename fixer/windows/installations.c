/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/installations.h"
#include "fixer/ntfs/lookup.h"

#include <string.h>

/* What a name of an installation is: a file of any content, one that begins with the right bytes.
 */
enum part { PART_MISSING, PART_THERE, PART_RIGHT };

static int look_at(
        struct ntfs_view *view, const struct ntfs_file *file, const char *magic, enum part *ret)
{
	char begin[4];
	size_t len = strlen(magic);
	int r = 0;

	if (file->is_directory)
		return 0;
	if (file->size >= len)
		r = ntfs_file_read(view, file->reference, 0, begin, len);
	if (r == 0 && file->size >= len && memcmp(begin, magic, len) == 0)
		*ret = PART_RIGHT;
	else if (*ret == PART_MISSING)
		*ret = PART_THERE;
	return r;
}

/* The best of the files that path leads to. */
static int find_part(
        struct ntfs_view *view, uint64_t dir, const char *path, const char *magic, enum part *ret)
{
	struct ntfs_places places = {0};
	enum part best = PART_MISSING;

	int r = ntfs_resolve_all(view, dir, path, &places);
	for (size_t i = 0; r == 0 && i < places.count; i++)
		if (places.items[i].at_end)
			r = look_at(view, &places.items[i].file, magic, &best);
	*ret = best;
	return r;
}

/* The kernels of 32-bit Windows with several processors or more memory are called otherwise. A
 * kernel that CompactOS compressed reads as zeros: what is right with it is its name. */
static int find_kernel(struct ntfs_view *view, uint64_t dir, bool *ret)
{
	static const char *const kernels[] = {"System32\\ntoskrnl.exe", "System32\\ntkrnlpa.exe",
	        "System32\\ntkrnlmp.exe", "System32\\ntkrpamp.exe"};
	struct ntfs_places places = {0};
	enum part part = PART_MISSING;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(kernels) / sizeof(kernels[0]); i++)
		r = ntfs_resolve_all(view, dir, kernels[i], &places);
	for (size_t i = 0; r == 0 && i < places.count; i++) {
		const struct ntfs_place *p = &places.items[i];
		if (p->at_end && !p->file.is_directory && p->file.attributes & NTFS_ATTR_REPARSE)
			part = PART_RIGHT;
		else if (p->at_end)
			r = look_at(view, &p->file, "MZ", &part);
	}
	*ret = part == PART_RIGHT;
	return r;
}

/* One of the two hives may have been damaged by the crash. 1, 0 or a negative errno. */
static int is_installation(struct ntfs_view *view, uint64_t dir)
{
	enum part system, software;
	bool kernel = false;

	int r = find_part(view, dir, "System32\\config\\SYSTEM", "regf", &system);
	if (r < 0 || system == PART_MISSING)
		return r;
	r = find_part(view, dir, "System32\\config\\SOFTWARE", "regf", &software);
	if (r < 0 || software == PART_MISSING)
		return r;
	if (system == PART_RIGHT || software == PART_RIGHT)
		r = find_kernel(view, dir, &kernel);
	return r < 0 ? r : kernel;
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
