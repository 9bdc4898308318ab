/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/evidence.h"
#include "fixer/ntfs/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool fits_a_glob(
        struct ntfs_view *view, const struct recipe *recipe, const struct ntfs_entry *entry)
{
	for (size_t i = 0; i < recipe->match_count; i++)
		if (recipe_glob_match(recipe->matches[i].glob, entry->name, entry->name_len,
		            ntfs_view_upcase(view)))
			return true;
	return false;
}

static void count_file(struct windows_folder *f, const struct ntfs_file *file)
{
	if (f->files == 0 || file->modified > f->newest)
		f->newest = file->modified;
	if (f->files == 0 || file->modified < f->oldest)
		f->oldest = file->modified;
	f->files++;
}

static int count_files(struct ntfs_view *view, uint64_t dir, const struct recipe *recipe,
        struct windows_folder *ret)
{
	struct ntfs_listing listing;
	struct ntfs_file file;

	int r = ntfs_list(view, dir, &listing);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < listing.count; i++) {
		const struct ntfs_entry *e = &listing.entries[i];
		if (e->name_type == NTFS_NAME_DOS || fits_a_glob(view, recipe, e))
			continue;
		r = ntfs_file_stat(view, e->reference, &file);
		if (r == 0 && !file.is_directory)
			count_file(ret, &file);
	}
	ntfs_listing_free(&listing);
	return r;
}

/* The directory of a match, by the rule of match.h: "\Windows" is this installation's, whatever it
 * is called. */
static int find_folder(struct ntfs_view *view, uint64_t root, const char *path, uint64_t *ret)
{
	const char *inside = recipe_path_in_windows(path);

	return inside ? ntfs_resolve(view, root, inside, ret)
	              : ntfs_resolve(view, ntfs_root(), path, ret);
}

/* One more folder in ret, or 0 without one when the match has none that is new. */
static int add_folder(struct ntfs_view *view, uint64_t dir, const struct recipe *recipe,
        struct windows_evidence *ret)
{
	struct windows_folder f = {0};

	int r = ntfs_path(view, dir, f.directory, sizeof(f.directory));
	if (r == 0)
		r = count_files(view, dir, recipe, &f);
	for (size_t i = 0; r == 0 && i < ret->folder_count; i++)
		if (strcmp(ret->folders[i].directory, f.directory) == 0)
			return 0; /* of another match */
	if (r == 0)
		ret->folders[ret->folder_count++] = f;
	return r;
}

void windows_folders_read(struct ntfs_view *view, uint64_t root, const struct recipe *recipe,
        struct windows_evidence *ret)
{
	for (size_t i = 0; i < recipe->match_count; i++) {
		const char *path = recipe->matches[i].path;
		uint64_t dir;
		int r = find_folder(view, root, path, &dir);
		if (r == 0)
			r = add_folder(view, dir, recipe, ret);
		if (r < 0 && r != -ENOENT && r != -ENOTDIR && !ret->problem[0])
			(void)snprintf(
			        ret->problem, sizeof(ret->problem), "%.120s cannot be read", path);
	}
}

void windows_evidence_read(struct ntfs_view *view, uint64_t root,
        const struct windows_version *version, const struct recipe *recipe,
        struct windows_evidence *ret)
{
	struct windows_evidence e = {0};

	windows_crash_read(view, root, version, &e);
	if (recipe)
		windows_folders_read(view, root, recipe, &e);
	*ret = e;
}
