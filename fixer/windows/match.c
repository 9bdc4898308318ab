/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/match.h"
#include "fixer/base/text.h"
#include "fixer/ntfs/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The more a reason asks for, the higher: one section may act on what another leaves. */
static int rank(enum reason reason)
{
	switch (reason) {
	case REASON_OK:
		return 3;
	case REASON_OUTSIDE_WINDOW:
	case REASON_OTHER_CONTENT:
		return 1;
	default: /* links, encrypted or too large: should go, but can't; reported only */
		return 2;
	}
}

static int merge(struct match_list *list, const struct match *m)
{
	struct match *known = listed(list, m->dir, &m->entry);

	if (!known)
		return add(list, m);
	if (rank(m->reason) > rank(known->reason))
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
	r = match_judge(view, recipe, by, &m);
	if (r == 0)
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
		return r;
	for (size_t i = 0; r == 0 && i < listing.count; i++)
		r = consider(view, recipe, by, dir, path, &listing.entries[i], list);
	ntfs_listing_free(&listing);
	return r;
}

/* A link where a directory should be: what is behind it may be the bad file or not. */
static int add_link(struct ntfs_view *view, const struct ntfs_place *place, struct match_list *list)
{
	struct match m = {.file = place->file,
	        .dir = place->directory,
	        .in_window = true,
	        .reason = REASON_TARGET_REPARSE,
	        .note = "a link on the recipe's path, which is not followed"};
	char path[sizeof(m.path)];

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].file.reference == m.file.reference)
			return 0;
	int r = ntfs_path(view, place->file.reference, path, sizeof(path));
	if (r < 0)
		return r;
	text_clean(m.path, sizeof(m.path), path);
	return add(list, &m);
}

static int find_by(struct ntfs_view *view, const struct recipe *recipe,
        const struct recipe_match *by, const struct windows_list *windows, struct match_list *found)
{
	struct ntfs_places places = {0};
	const char *rest = recipe_path_in_windows(by->path);

	int r = ntfs_resolve_all(view, ntfs_root(), by->path, &places);
	for (size_t i = 0; r == 0 && rest && i < windows->count; i++)
		r = ntfs_resolve_all(view, windows->roots[i], rest, &places);
	found->too_many = found->too_many || places.too_many || (rest && windows->too_many);
	for (size_t i = 0; r == 0 && i < places.count; i++) {
		const struct ntfs_place *place = &places.items[i];
		if (place->file.attributes & NTFS_ATTR_REPARSE)
			r = add_link(view, place, found);
		else if (place->file.is_directory)
			r = search(view, recipe, by, place->file.reference, found);
	}
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
