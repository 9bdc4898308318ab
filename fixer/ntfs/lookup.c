/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/lookup.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"
#include "fixer/ntfs/internal.h"

#include <ntfs-3g/index.h>
#include <string.h>

/* A $FILE_NAME with room for its name: what the index is searched by. */
union index_key {
	FILE_NAME_ATTR name;
	uint8_t bytes[sizeof(FILE_NAME_ATTR) + NTFS_NAME_MAX * sizeof(ntfschar)];
};

struct search {
	struct ntfs_view *view;
	uint16_t name[NTFS_NAME_MAX];
	size_t len;
	struct ntfs_listing found;
};

/* The entry's name when all of it lies inside; NULL in the last entry of a block, which has none.
 */
static const FILE_NAME_ATTR *entry_name(const INDEX_ENTRY *e)
{
	const FILE_NAME_ATTR *fn = &e->key.file_name;
	size_t len = le16_to_cpu(e->key_length);

	if ((e->ie_flags & INDEX_ENTRY_END) || len < sizeof(*fn) ||
	        (len - sizeof(*fn)) / sizeof(ntfschar) < fn->file_name_length)
		return NULL;
	return fn;
}

/* As the index is ordered, but for case: the name before (< 0), at or behind (> 0) the one sought.
 */
static int compare_folded(const struct search *s, const FILE_NAME_ATTR *fn)
{
	const uint8_t *units = (const uint8_t *)fn + offsetof(FILE_NAME_ATTR, file_name);
	const uint16_t *upcase = ntfs_view_upcase(s->view);
	size_t len = fn->file_name_length;

	for (size_t i = 0; i < len && i < s->len; i++) {
		int a = get_le16(&upcase[get_le16(units + 2 * i)]);
		int b = get_le16(&upcase[get_le16(&s->name[i])]);
		if (a != b)
			return a - b;
	}
	return len < s->len ? -1 : len > s->len;
}

static int take(struct search *s, const INDEX_ENTRY *e, const FILE_NAME_ATTR *fn)
{
	struct ntfs_listing *l = &s->found;

	if (fn->file_name_type == FILE_NAME_DOS || fn->file_name_length == 0)
		return 0;
	if (l->count == NTFS_PLACES_MAX)
		return -EFBIG;
	void *p = reallocarray(l->entries, l->count + 1, sizeof(*l->entries));
	if (!p)
		return -ENOMEM;
	l->entries = p;
	struct ntfs_entry *entry = &l->entries[l->count++];
	*entry = (struct ntfs_entry){.reference = le64_to_cpu(e->indexed_file),
	        .name_type = fn->file_name_type,
	        .name_len = fn->file_name_length};
	memcpy(entry->name, fn->file_name, fn->file_name_length * sizeof(ntfschar));
	return 0;
}

/* The names that are the same when folded stand together in the index. */
static int take_equal(struct search *s, ntfs_index_context *index)
{
	INDEX_ENTRY *e = index->entry;

	for (unsigned n = 0; e; n++) {
		const FILE_NAME_ATTR *fn = entry_name(e);
		int order = fn ? compare_folded(s, fn) : -1;
		if (n == NTFS_LISTING_MAX)
			return -ELOOP;
		if (order > 0)
			return 0;
		int r = order == 0 ? take(s, e, fn) : 0;
		if (r < 0)
			return r;
		errno = 0;
		e = ntfs_index_next(e, index);
	}
	return errno == 0 || errno == ENOENT ? s->view->io_error : ntfs_errno();
}

/* Starts behind the name without its last unit, which comes before all that are the name. */
static int search_index(struct search *s, ntfs_inode *ni)
{
	union index_key key = {0};
	size_t prefix = s->len - 1;

	key.name.file_name_length = (u8)prefix;
	memcpy(key.name.file_name, s->name, prefix * sizeof(ntfschar));
	ntfs_index_context *index = ntfs_index_ctx_get(ni, NTFS_INDEX_I30, 4);
	if (!index)
		return ntfs_errno();
	int len = (int)(sizeof(key.name) + prefix * sizeof(ntfschar)), r = 0;
	if (ntfs_index_lookup(&key, len, index) != 0 && errno != ENOENT)
		r = ntfs_errno();
	else
		r = take_equal(s, index);
	ntfs_index_ctx_put(index);
	return r;
}

int ntfs_lookup_all(
        struct ntfs_view *view, uint64_t dir, const char *name, struct ntfs_listing *ret)
{
	struct search s = {.view = view};

	if (utf8_to_utf16(name, s.name, NTFS_NAME_MAX, &s.len) < 0 || s.len == 0) {
		*ret = s.found;
		return 0;
	}
	ntfs_inode *ni = ntfs_inode_open(view->vol, dir);
	if (!ni)
		return ntfs_errno();
	int r = ni->mrec->flags & MFT_RECORD_IS_DIRECTORY ? search_index(&s, ni) : -ENOTDIR;
	(void)ntfs_inode_close(ni);
	if (r < 0)
		ntfs_listing_free(&s.found);
	else
		*ret = s.found;
	return r;
}

static void add_place(struct ntfs_places *places, const struct ntfs_place *place)
{
	for (size_t i = 0; i < places->count; i++)
		if (places->items[i].file.reference == place->file.reference)
			return;
	if (places->count == NTFS_PLACES_MAX)
		places->too_many = true;
	else
		places->items[places->count++] = *place;
}

/* A name whose record is free or another file's leads nowhere, for Windows too. */
static int unless_gone(int r)
{
	return r == -ENOENT || r == -ESTALE ? 0 : r;
}

/* One step: the places the rest of the path leads to from one that is not its end. Recipes' paths
 * are short, so that this goes not deep. */
static int walk(struct ntfs_view *view, const struct ntfs_place *from, const char *path,
        struct ntfs_places *ret)
{
	char name[3 * NTFS_NAME_MAX + 1];
	struct ntfs_listing listing;

	path += strspn(path, "\\");
	size_t len = strcspn(path, "\\");
	if (len == 0 || from->file.attributes & NTFS_ATTR_REPARSE) {
		struct ntfs_place end = *from;
		end.at_end = len == 0;
		add_place(ret, &end);
		return 0;
	}
	if (!from->file.is_directory || len >= sizeof(name))
		return 0;
	memcpy(name, path, len);
	name[len] = 0;
	int r = ntfs_lookup_all(view, from->file.reference, name, &listing);
	ret->too_many = ret->too_many || r == -EFBIG;
	if (r < 0)
		return r == -EFBIG ? 0 : r;
	for (size_t i = 0; r == 0 && i < listing.count; i++) {
		struct ntfs_place next = {.directory = from->file.reference};
		r = ntfs_file_stat(view, listing.entries[i].reference, &next.file);
		r = r == 0 ? walk(view, &next, path + len, ret) : unless_gone(r);
	}
	ntfs_listing_free(&listing);
	return r;
}

int ntfs_resolve_all(
        struct ntfs_view *view, uint64_t from, const char *path, struct ntfs_places *ret)
{
	struct ntfs_place start = {.directory = from};

	int r = ntfs_file_stat(view, from, &start.file);
	return r == 0 ? walk(view, &start, path, ret) : unless_gone(r);
}
