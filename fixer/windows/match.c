/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/match.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FILETIME_PER_SECOND 10000000
#define FILETIME_1970       11644473600 /* seconds from 1601-01-01 */

static bool in_window(const struct recipe_match *by, uint64_t filetime)
{
	int64_t seconds = (int64_t)(filetime / FILETIME_PER_SECOND) - FILETIME_1970;

	return !by->has_window || (seconds >= by->modified_from && seconds < by->modified_to);
}

static enum reason judge(
        const struct recipe *recipe, const struct recipe_match *by, const struct match *m)
{
	if (!m->in_window && !by->act_outside_window)
		return REASON_OUTSIDE_WINDOW;
	if (recipe->action == ACTION_REPORT)
		return REASON_REPORT_ONLY;
	if (m->file.attributes & NTFS_ATTR_REPARSE)
		return REASON_TARGET_REPARSE;
	if (m->file.attributes & NTFS_ATTR_ENCRYPTED)
		return REASON_TARGET_ENCRYPTED;
	if (m->file.size > NM_MAX_TARGET_FILE)
		return REASON_TARGET_TOO_LARGE;
	return REASON_OK;
}

static int describe(const char *dir_path, struct match *m)
{
	char whole[2 * sizeof(m->path) + 4 * NTFS_NAME_MAX];
	char *name = utf16_to_utf8(m->entry.name, m->entry.name_len);

	if (!name)
		return -ENOMEM;
	(void)snprintf(whole, sizeof(whole), "%s\\%s", dir_path, name);
	free(name);
	text_clean(m->path, sizeof(m->path), whole);
	return 0;
}

static int add(struct match_list *list, const struct match *m)
{
	if (list->count == NM_MAX_MATCHES) {
		list->too_many = true;
		return 0;
	}
	void *p = reallocarray(list->items, list->count + 1, sizeof(*m));
	if (!p)
		return -ENOMEM;
	list->items = p;
	list->items[list->count++] = *m;
	return 0;
}

/* The name in dir when it is listed already, by an earlier [match] section. */
static struct match *listed(struct match_list *list, uint64_t dir, const struct ntfs_entry *entry)
{
	for (size_t i = 0; i < list->count; i++) {
		struct match *m = &list->items[i];
		if (m->dir == dir && m->entry.reference == entry->reference &&
		        m->entry.name_len == entry->name_len &&
		        memcmp(m->entry.name, entry->name, sizeof(entry->name)) == 0)
			return m;
	}
	return NULL;
}

/* What a file is left alone for by one section, another may act on. */
static int merge(struct match_list *list, const struct match *m)
{
	struct match *known = listed(list, m->dir, &m->entry);

	if (!known)
		return add(list, m);
	if (known->reason != REASON_OK && m->reason == REASON_OK)
		*known = *m;
	return 0;
}

static int consider(struct ntfs_view *view, const struct recipe *recipe,
        const struct recipe_match *by, uint64_t dir, const char *dir_path,
        const struct ntfs_entry *entry, struct match_list *list)
{
	struct match m = {.entry = *entry, .dir = dir};

	if (entry->name_type == NTFS_NAME_DOS ||
	        !recipe_glob_match(by->glob, entry->name, entry->name_len, ntfs_view_upcase(view)))
		return 0;
	int r = ntfs_file_stat(view, entry->reference, &m.file);
	if (r < 0 || m.file.is_directory)
		return r;
	m.in_window = in_window(by, m.file.modified);
	m.reason = judge(recipe, by, &m);
	r = describe(dir_path, &m);
	return r < 0 ? r : merge(list, &m);
}

static int search(struct ntfs_view *view, const struct recipe *recipe,
        const struct recipe_match *by, uint64_t dir, struct match_list *list)
{
	struct ntfs_listing listing;
	char path[sizeof(list->items->path)];

	int r = ntfs_path(view, dir, path, sizeof(path));
	if (r == 0)
		r = ntfs_list(view, dir, &listing);
	if (r < 0)
		return r == -ENOTDIR ? 0 : r;
	for (size_t i = 0; r == 0 && i < listing.count; i++)
		r = consider(view, recipe, by, dir, path, &listing.entries[i], list);
	ntfs_listing_free(&listing);
	return r;
}

/* Adds the directory at path under root, once, when it exists. */
static int add_directory(
        struct ntfs_view *view, uint64_t root, const char *path, struct windows_list *dirs)
{
	uint64_t dir;
	int r = ntfs_resolve(view, root, path, &dir);

	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	for (size_t i = 0; i < dirs->count; i++)
		if (dirs->roots[i] == dir)
			return 0;
	if (dirs->count < WINDOWS_MAX)
		dirs->roots[dirs->count++] = dir;
	return 0;
}

static int find_by(struct ntfs_view *view, const struct recipe *recipe,
        const struct recipe_match *by, const struct windows_list *windows, struct match_list *found)
{
	struct windows_list dirs = {0};
	size_t first = 1 + strcspn(by->path + 1, "\\");

	int r = add_directory(view, ntfs_root(), by->path, &dirs);
	if (strncasecmp(by->path, "\\Windows", first) == 0)
		for (size_t i = 0; r == 0 && i < windows->count; i++)
			r = add_directory(view, windows->roots[i], by->path + first, &dirs);
	for (size_t i = 0; r == 0 && i < dirs.count; i++)
		r = search(view, recipe, by, dirs.roots[i], found);
	return r;
}

int match_find(struct ntfs_view *view, const struct recipe *recipe,
        const struct windows_list *windows, struct match_list *ret)
{
	struct match_list found = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < recipe->match_count; i++)
		r = find_by(view, recipe, &recipe->matches[i], windows, &found);
	if (r < 0) {
		match_list_free(&found);
		return r;
	}
	*ret = found;
	return 0;
}

void match_list_free(struct match_list *list)
{
	free(list->items);
	*list = (struct match_list){0};
}
