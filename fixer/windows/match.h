/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a recipe finds on a mounted view. */
#ifndef WINDOWS_MATCH_H
#define WINDOWS_MATCH_H

#include "fixer/ntfs/file.h"
#include "fixer/windows/installations.h"
#include "fixer/windows/recipe.h"
#include "netmend/limits.h"

struct match {
	struct ntfs_entry entry; /* its true name; never the DOS one */
	struct ntfs_file file;
	uint64_t dir;
	char path[512];     /* for people: UTF-8, from the volume's root, cut when too long */
	bool in_window;     /* true as well when the recipe has no window */
	enum reason reason; /* OK: to be acted on; OUTSIDE_WINDOW, TARGET_*, REPORT_ONLY */
};

struct match_list {
	size_t count;
	bool too_many; /* there are more than the NM_MAX_MATCHES listed */
	struct match *items;
};

/*
 * Searches the recipe's directory: in each installation (the path's first name stands for whatever
 * its directory is called) and where the recipe says literally. Only files match, not directories.
 * 0 or a negative errno of the volume; the caller frees with match_list_free.
 */
int match_find(struct ntfs_view *view, const struct recipe *recipe,
        const struct windows_list *windows, struct match_list *ret);
void match_list_free(struct match_list *list);

#endif
