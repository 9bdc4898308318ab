/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a recipe finds on a mounted view. */
#ifndef WINDOWS_MATCH_H
#define WINDOWS_MATCH_H

#include "fixer/ntfs/file.h"
#include "fixer/windows/installations.h"
#include "fixer/windows/recipe.h"
#include "netmend/limits.h"

struct match {
	struct ntfs_entry
	        entry; /* its true name; never the DOS one. Empty for a link on the path */
	struct ntfs_file file;
	uint64_t dir;
	char path[512];     /* for people: UTF-8, from the volume's root, cut when too long */
	char note[200];     /* what else a person should know of it; "" when there is nothing */
	bool in_window;     /* true as well when the recipe has no window */
	enum reason reason; /* OK: to be acted on; OUTSIDE_WINDOW, OTHER_CONTENT, TARGET_*,
	                       REPORT_ONLY */
};

struct match_list {
	size_t count;
	bool too_many; /* there are more than the NM_MAX_MATCHES listed */
	struct match *items;
};

/*
 * Searches the directories that each [match] names: from the root, and, when its path begins with
 * \Windows, in each installation, whatever its directory is called. Names are compared as the
 * volume's $UpCase folds them; names that differ in case only are different files, and all are
 * found. A file matches by its long name, never by its 8.3 name, and is listed once for each of its
 * names (hard links) that matches; directories do not match. A link (reparse point) on the path is
 * not followed but listed, with TARGET_REPARSE.
 * 0 or a negative errno of the volume; the caller frees with match_list_free.
 */
int match_find(struct ntfs_view *view, const struct recipe *recipe,
        const struct windows_list *windows, struct match_list *ret);
void match_list_free(struct match_list *list);

/*
 * Sets m's in_window, reason and note, from m->file, m->entry and m->dir.
 *
 * The window is judged by $STANDARD_INFORMATION's time of modification, which any program can set.
 * Windows makes the times of $FILE_NAME itself, when the name is made: a name that is younger than
 * the last change is noted, and when it was made outside the window, the file counts as outside.
 */
int match_judge(struct ntfs_view *view, const struct recipe *recipe, const struct recipe_match *by,
        struct match *m);

#endif
