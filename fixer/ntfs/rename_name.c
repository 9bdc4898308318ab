/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The new name, and whether the directory has room for it where the old one is. */
#include "fixer/ntfs/rename_internal.h"

#include <string.h>

#define EXTENSION 3 /* units, the length of "off" */

static bool has_lower_case(const uint16_t *upcase, const struct raw_name *name)
{
	for (size_t i = 0; i < name->len; i++)
		if (upcase[name->units[i]] != name->units[i])
			return true;
	return false;
}

int rename_new_name(
        const uint16_t *upcase, const struct raw_name *now, struct raw_name *ret, struct error *err)
{
	size_t dot = now->len;

	while (dot > 0 && now->units[dot - 1] != '.')
		dot--;
	if (dot < 2 || now->len - dot != EXTENSION)
		return rename_unsafe(err, "its %sname has no extension of three characters",
		        now->type == NTFS_NAME_DOS ? "short " : "");
	bool upper = now->type == NTFS_NAME_DOS || !has_lower_case(upcase, now);
	struct raw_name then = *now;
	for (size_t i = 0; i < EXTENSION; i++)
		then.units[dot + i] = (uint8_t)(upper ? "OFF" : "off")[i];
	if (raw_same_folded(upcase, now, &then))
		return rename_unsafe(err, "its name ends in .off already");
	*ret = then;
	return 0;
}

/* Where the walk through the index stands. */
struct ordering {
	struct renaming *r;
	bool begun;
	struct raw_name now, then; /* of the last entry */
};

/* The name of the file that this entry stands for; NULL when it is another file's. */
static int own_name(
        struct renaming *r, const struct raw_entry *e, struct renamed_name **ret, struct error *err)
{
	*ret = NULL;
	if (RAW_RECORD(e->reference) != RAW_RECORD(r->reference))
		return 0;
	for (size_t i = 0; i < r->count; i++) {
		struct renamed_name *n = &r->names[i];
		if (n->now.type != e->name.type || n->now.len != e->name.len ||
		        memcmp(n->now.units, e->name.units, 2u * n->now.len) != 0)
			continue;
		if (n->in_index || e->reference != r->reference || e->name.parent != r->parent)
			break;
		*ret = n;
		return 0;
	}
	return raw_damaged(err, "directory %ju has an entry of the file that does not fit it",
	        (uintmax_t)RAW_RECORD(r->parent));
}

static int check_entry(void *context, const struct raw_entry *e, struct error *err)
{
	struct ordering *o = context;
	struct renaming *r = o->r;
	struct renamed_name *own;

	int done = own_name(r, e, &own, err);
	if (done < 0)
		return done;
	if (own) {
		own->in_index = true;
		own->entry = e->name.spot;
	}
	for (size_t i = 0; i < r->count; i++)
		if (!own && raw_same_folded(r->v.upcase, &e->name, &r->names[i].then))
			return rename_unsafe(err, "the new name exists already");
	const struct raw_name *then = own ? &own->then : &e->name;
	if (o->begun && raw_collate(r->v.upcase, &o->now, &e->name) >= 0)
		return raw_damaged(err, "directory %ju: its names are not in order",
		        (uintmax_t)RAW_RECORD(r->parent));
	if (o->begun && raw_collate(r->v.upcase, &o->then, then) >= 0)
		return rename_unsafe(err, "its new name belongs elsewhere in the directory");
	o->now = e->name;
	o->then = *then;
	o->begun = true;
	return 0;
}

int rename_check_directory(struct renaming *r, struct error *err)
{
	struct ordering o = {.r = r};
	const struct raw_listener listener = {check_entry, &o};

	if (r->count == 2 && raw_same_folded(r->v.upcase, &r->names[0].then, &r->names[1].then))
		return rename_unsafe(err, "its two new names are the same");
	int done = raw_directory_walk(&r->v, r->parent, &listener, &r->directory, err);
	if (done != 0)
		return done;
	for (size_t i = 0; i < r->count; i++)
		if (!r->names[i].in_index)
			return raw_damaged(err, "directory %ju does not list the file",
			        (uintmax_t)RAW_RECORD(r->parent));
	return 0;
}
