/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/directory.h"
#include "fixer/base/text.h"
#include "fixer/ntfs/internal.h"

#include <string.h>

uint64_t ntfs_root(void)
{
	return FILE_root;
}

int ntfs_lookup(struct ntfs_view *view, uint64_t dir, const char *name, uint64_t *ret)
{
	ntfschar units[NTFS_NAME_MAX];
	size_t len = strlen(name);

	if (len == 0 || len > NTFS_NAME_MAX)
		return -ENOENT;
	for (size_t i = 0; i < len; i++)
		units[i] = cpu_to_le16((uint8_t)name[i]);
	ntfs_inode *ni = ntfs_inode_open(view->vol, dir);
	if (!ni)
		return ntfs_errno();
	if (!(ni->mrec->flags & MFT_RECORD_IS_DIRECTORY)) {
		(void)ntfs_inode_close(ni);
		return -ENOTDIR;
	}
	/* The mode for all of the volume would have the library lower-case the names it lists. */
	NVolClearCaseSensitive(view->vol);
	u64 found = ntfs_inode_lookup_by_name(ni, units, (int)len);
	int r = found == (u64)-1 ? ntfs_errno() : 0;
	NVolSetCaseSensitive(view->vol);
	(void)ntfs_inode_close(ni);
	if (r == 0)
		*ret = found;
	return r;
}

int ntfs_resolve(struct ntfs_view *view, uint64_t dir, const char *path, uint64_t *ret)
{
	char name[NTFS_NAME_MAX + 1];

	while (*path) {
		path += *path == '\\';
		size_t len = strcspn(path, "\\");
		if (len == 0 || len >= sizeof(name))
			return -ENOENT;
		memcpy(name, path, len);
		name[len] = 0;
		int r = ntfs_lookup(view, dir, name, &dir);
		if (r < 0)
			return r;
		path += len;
	}
	*ret = dir;
	return 0;
}

struct lister {
	struct ntfs_listing listing;
	size_t capacity;
};

static bool is_dots(const ntfschar *name, int len)
{
	return (len == 1 || len == 2) && name[0] == cpu_to_le16('.') &&
	       name[len - 1] == cpu_to_le16('.');
}

/* The library's callback: non-zero with errno ends the listing. */
static int take_entry(void *context, const ntfschar *name, const int len, const int type,
        const s64 pos, const MFT_REF reference, const unsigned kind)
{
	struct lister *l = context;

	(void)pos;
	(void)kind;
	if (len < 1 || len > NTFS_NAME_MAX || is_dots(name, len))
		return 0;
	if (l->listing.count == NTFS_LISTING_MAX) {
		errno = EFBIG;
		return -1;
	}
	if (l->listing.count == l->capacity) {
		size_t capacity = l->capacity ? 2 * l->capacity : 64;
		void *p = reallocarray(l->listing.entries, capacity, sizeof(struct ntfs_entry));
		if (!p)
			return -1;
		l->listing.entries = p;
		l->capacity = capacity;
	}
	struct ntfs_entry *e = &l->listing.entries[l->listing.count++];
	memset(e, 0, sizeof(*e));
	e->reference = reference;
	e->name_type = (uint8_t)type;
	e->name_len = (uint8_t)len;
	memcpy(e->name, name, (size_t)len * sizeof(ntfschar));
	return 0;
}

static int compare_entries(const void *pa, const void *pb)
{
	const struct ntfs_entry *a = pa, *b = pb;

	if (a->reference != b->reference)
		return a->reference < b->reference ? -1 : 1;
	if (a->name_type != b->name_type)
		return a->name_type < b->name_type ? -1 : 1;
	return memcmp(a->name, b->name, sizeof(a->name));
}

int ntfs_list(struct ntfs_view *view, uint64_t dir, struct ntfs_listing *ret)
{
	struct lister l = {0};
	s64 pos = 0;
	int r = 0;

	ntfs_inode *ni = ntfs_inode_open(view->vol, dir);
	if (!ni)
		return ntfs_errno();
	errno = 0;
	if (!(ni->mrec->flags & MFT_RECORD_IS_DIRECTORY))
		r = -ENOTDIR;
	else if (ntfs_readdir(ni, &pos, &l, take_entry) != 0)
		r = ntfs_errno();
	(void)ntfs_inode_close(ni);
	if (r < 0) {
		free(l.listing.entries);
		return r;
	}
	if (l.listing.count > 0)
		qsort(l.listing.entries, l.listing.count, sizeof(struct ntfs_entry),
		        compare_entries);
	*ret = l.listing;
	return 0;
}

void ntfs_listing_free(struct ntfs_listing *listing)
{
	free(listing->entries);
	*listing = (struct ntfs_listing){0};
}

/* The first $FILE_NAME that is not the DOS one; it lives in ctx. NULL when there is none. */
static const FILE_NAME_ATTR *long_name(ntfs_attr_search_ctx *ctx)
{
	while (ntfs_attr_lookup(AT_FILE_NAME, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		const ATTR_RECORD *a = ctx->attr;
		const FILE_NAME_ATTR *fn =
		        (const FILE_NAME_ATTR *)((const uint8_t *)a + le16_to_cpu(a->value_offset));
		if (fn->file_name_type != FILE_NAME_DOS)
			return fn;
	}
	return NULL;
}

int ntfs_parent(struct ntfs_view *view, uint64_t ref, uint64_t *ret_parent, char **ret_name)
{
	char *name = NULL;
	int r = 0;

	ntfs_inode *ni = ntfs_inode_open(view->vol, ref);
	if (!ni)
		return ntfs_errno();
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	const FILE_NAME_ATTR *fn = ctx ? long_name(ctx) : NULL;
	if (!fn)
		r = ntfs_errno();
	else if (ret_name && !(name = utf16_to_utf8(fn->file_name, fn->file_name_length)))
		r = -ENOMEM;
	if (r == 0) {
		*ret_parent = le64_to_cpu(fn->parent_directory);
		if (ret_name)
			*ret_name = name;
	}
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	(void)ntfs_inode_close(ni);
	return r;
}

int ntfs_path(struct ntfs_view *view, uint64_t dir, char *out, size_t size)
{
	char tail[1024] = "", whole[sizeof(tail) + 4 * NTFS_NAME_MAX];

	/* A damaged volume may loop; no path in reach of a recipe is that deep. */
	for (unsigned depth = 0; MREF(dir) != FILE_root; depth++) {
		char *name;
		int r = depth < 32 ? ntfs_parent(view, dir, &dir, &name) : -ELOOP;
		if (r < 0)
			return r;
		(void)snprintf(whole, sizeof(whole), "\\%s%s", name, tail);
		free(name);
		if (strlen(whole) >= sizeof(tail))
			return -ENAMETOOLONG;
		memcpy(tail, whole, strlen(whole) + 1);
	}
	if (strlen(tail) >= size)
		return -ENAMETOOLONG;
	memcpy(out, tail, strlen(tail) + 1);
	return 0;
}
