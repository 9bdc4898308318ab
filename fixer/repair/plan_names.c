/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In the second child: the names a directory has before and after the plan. */
#include "fixer/repair/plan_internal.h"

#include <string.h>

bool plan_is_acted(const struct plan *plan, uint64_t dir, uint64_t reference)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		if (f->acted && f->directory == dir && f->mft_reference == reference)
			return true;
	}
	return false;
}

static bool is_acted_name(const struct plan *plan, uint64_t dir, const struct ntfs_entry *e)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		if (f->acted && f->directory == dir && f->mft_reference == e->reference &&
		        f->name_len == e->name_len &&
		        memcmp(f->name, e->name, sizeof(f->name)) == 0)
			return true;
	}
	return false;
}

/* A short name goes with its long one: the only entry of the file with the WIN32 type. */
static const struct ntfs_entry *long_entry(
        const struct ntfs_listing *list, const struct ntfs_entry *e)
{
	for (size_t i = 0; e->name_type == NTFS_NAME_DOS && i < list->count; i++)
		if (list->entries[i].reference == e->reference &&
		        list->entries[i].name_type == NTFS_NAME_WIN32)
			return &list->entries[i];
	return e;
}

static bool same_entry(const struct ntfs_entry *a, const struct ntfs_entry *b)
{
	return a->reference == b->reference && a->name_type == b->name_type &&
	       a->name_len == b->name_len && memcmp(a->name, b->name, sizeof(a->name)) == 0;
}

/* A rename turns the last three characters into "off", in capitals where the name is. */
static bool is_renamed(const struct ntfs_entry *before, const struct ntfs_entry *after)
{
	static const char *const ends[] = {"OFF", "off"};
	size_t count = before->name_type == NTFS_NAME_DOS ? 1 : 2;
	struct ntfs_entry want = *before;
	bool found = false;

	if (want.name_len < 4)
		return false;
	for (size_t k = 0; k < count && !found; k++) {
		for (size_t i = 0; i < 3; i++)
			want.name[want.name_len - 3 + i] = (uint8_t)ends[k][i];
		found = same_entry(&want, after);
	}
	return found;
}

bool plan_listing_fits(const struct plan *plan, uint64_t dir, const struct ntfs_listing *before,
        const struct ntfs_listing *after)
{
	size_t at = 0;

	for (size_t i = 0; i < before->count; i++) {
		const struct ntfs_entry *e = &before->entries[i];
		bool acted = is_acted_name(plan, dir, long_entry(before, e));
		if (acted && plan->kind != PLAN_RENAME)
			continue;
		if (at == after->count ||
		        !(acted ? is_renamed : same_entry)(e, &after->entries[at]))
			return false;
		at++;
	}
	return at == after->count;
}
