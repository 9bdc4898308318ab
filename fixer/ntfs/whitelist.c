/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/whitelist.h"
#include "fixer/ntfs/internal.h"

#include <ntfs-3g/runlist.h>
#include <string.h>

int ntfs_allow_range(struct ntfs_whitelist *list, uint64_t offset, uint64_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->ranges[i].offset == offset && list->ranges[i].len >= len)
			return 0;
	if (list->count == NTFS_RANGES_MAX)
		return -E2BIG;
	void *p = reallocarray(list->ranges, list->count + 1, sizeof(struct ntfs_range));
	if (!p)
		return -ENOMEM;
	list->ranges = p;
	list->ranges[list->count++] = (struct ntfs_range){.offset = offset, .len = len};
	return 0;
}

/* The places on the volume of [pos, pos + len) of an attribute. Nothing for a resident one: it is
 * in its record, which is allowed or not on its own. */
static int allow_part(ntfs_attr *na, s64 pos, s64 len, struct ntfs_whitelist *list)
{
	const ntfs_volume *vol = na->ni->vol;

	if (!NAttrNonResident(na))
		return 0;
	while (len > 0) {
		const runlist_element *run = ntfs_attr_find_vcn(na, pos >> vol->cluster_size_bits);
		if (!run)
			return ntfs_errno();
		s64 start = run->vcn << vol->cluster_size_bits;
		s64 left = start + (run->length << vol->cluster_size_bits) - pos;
		s64 n = len < left ? len : left;
		if (run->lcn < 0 || n <= 0)
			return -EIO;
		int r = ntfs_allow_range(list,
		        (uint64_t)((run->lcn << vol->cluster_size_bits) + pos - start),
		        (uint64_t)n);
		if (r < 0)
			return r;
		pos += n;
		len -= n;
	}
	return 0;
}

/* The bits [first, first + count) of a bitmap, in whole bytes. */
static int allow_bits(ntfs_attr *bitmap, s64 first, s64 count, struct ntfs_whitelist *list)
{
	s64 from = first / 8, to = (first + count - 1) / 8;

	return allow_part(bitmap, from, to - from + 1, list);
}

static int allow_record(ntfs_volume *vol, u64 number, struct ntfs_whitelist *list)
{
	return allow_part(vol->mft_na, (s64)(number << vol->mft_record_size_bits),
	        vol->mft_record_size, list);
}

/* What an attribute has in clusters; it need not exist. */
static int allow_attribute(
        ntfs_inode *ni, ATTR_TYPES type, ntfschar *name, u32 name_len, struct ntfs_whitelist *list)
{
	ntfs_attr *na = ntfs_attr_open(ni, type, name, name_len);

	if (!na)
		return errno == ENOENT ? 0 : ntfs_errno();
	int r = allow_part(na, 0, na->data_size, list);
	ntfs_attr_close(na);
	return r;
}

/* The base record, every extent, and the list that names them. bits: those of the records in $MFT's
 * bitmap as well. */
static int allow_records(ntfs_inode *ni, bool bits, struct ntfs_whitelist *list)
{
	ntfs_volume *vol = ni->vol;

	if (NInoAttrList(ni) && ntfs_inode_attach_all_extents(ni) != 0)
		return ntfs_errno();
	int r = allow_record(vol, ni->mft_no, list);
	if (r == 0 && bits)
		r = allow_bits(vol->mftbmp_na, (s64)ni->mft_no, 1, list);
	for (int i = 0; r == 0 && i < ni->nr_extents; i++) {
		u64 number = ni->extent_nis[i]->mft_no;
		r = allow_record(vol, number, list);
		if (r == 0 && bits)
			r = allow_bits(vol->mftbmp_na, (s64)number, 1, list);
	}
	if (r == 0 && NInoAttrList(ni))
		r = allow_attribute(ni, AT_ATTRIBUTE_LIST, AT_UNNAMED, 0, list);
	return r;
}

/* The bits in $Bitmap of the clusters of one attribute record. */
static int allow_clusters(ntfs_volume *vol, const ATTR_RECORD *a, struct ntfs_whitelist *list)
{
	int r = 0;

	if (!a->non_resident)
		return 0;
	runlist_element *runs = ntfs_mapping_pairs_decompress(vol, a, NULL);
	if (!runs)
		return ntfs_errno();
	for (const runlist_element *run = runs; r == 0 && run->length > 0; run++)
		if (run->lcn >= 0)
			r = allow_bits(vol->lcnbmp_na, run->lcn, run->length, list);
	free(runs);
	return r;
}

static int allow_all_clusters(ntfs_inode *ni, struct ntfs_whitelist *list)
{
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	int r = ctx ? 0 : ntfs_errno();

	while (r == 0 && ntfs_attr_lookup(AT_UNUSED, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0)
		r = allow_clusters(ni->vol, ctx->attr, list);
	if (r == 0 && errno != ENOENT)
		r = ntfs_errno();
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	return r;
}

static int allow_index(ntfs_inode *ni, ntfschar *name, u32 name_len, struct ntfs_whitelist *list)
{
	int r = allow_records(ni, false, list);

	if (r == 0)
		r = allow_attribute(ni, AT_INDEX_ALLOCATION, name, name_len, list);
	if (r == 0)
		r = allow_attribute(ni, AT_BITMAP, name, name_len, list);
	return r;
}

/* A file with an object id has an entry in the index $O of \$Extend\$ObjId. */
static int allow_object_id(struct ntfs_view *view, ntfs_inode *ni, struct ntfs_whitelist *list)
{
	uint64_t ref;

	if (!ntfs_attr_exist(ni, AT_OBJECT_ID, AT_UNNAMED, 0))
		return 0;
	int r = ntfs_resolve(view, FILE_root, "\\$Extend\\$ObjId", &ref);
	if (r < 0)
		return r;
	ntfs_inode *index = ntfs_inode_open(view->vol, ref);
	if (!index)
		return ntfs_errno();
	r = allow_index(index, NTFS_INDEX_O, 2, list);
	(void)ntfs_inode_close(index);
	return r;
}

static int allow_directory_index(struct ntfs_view *view, uint64_t dir, struct ntfs_whitelist *list)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, dir);

	if (!ni)
		return ntfs_errno();
	int r = allow_index(ni, NTFS_INDEX_I30, 4, list);
	(void)ntfs_inode_close(ni);
	return r;
}

/* The directories of all of the file's names: where a hard link stays, its entry gets the new
 * times. */
static int allow_names(struct ntfs_view *view, ntfs_inode *ni, struct ntfs_whitelist *list)
{
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	int r = ctx ? 0 : ntfs_errno();

	while (r == 0 &&
	        ntfs_attr_lookup(AT_FILE_NAME, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		const uint8_t *a = (const uint8_t *)ctx->attr;
		const FILE_NAME_ATTR *fn =
		        (const FILE_NAME_ATTR *)(a + le16_to_cpu(ctx->attr->value_offset));
		r = allow_directory_index(view, le64_to_cpu(fn->parent_directory), list);
	}
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	return r;
}

int ntfs_allow_file(struct ntfs_view *view, uint64_t ref, struct ntfs_whitelist *list)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, ref);

	if (!ni)
		return ntfs_errno();
	int r = allow_records(ni, true, list);
	if (r == 0)
		r = allow_all_clusters(ni, list);
	if (r == 0)
		r = allow_names(view, ni, list);
	if (r == 0)
		r = allow_object_id(view, ni, list);
	(void)ntfs_inode_close(ni);
	return r;
}

int ntfs_allow_directory(struct ntfs_view *view, uint64_t dir, struct ntfs_whitelist *list)
{
	uint64_t above;

	int r = ntfs_parent(view, dir, &above, NULL);
	if (r == 0)
		r = allow_directory_index(view, dir, list);
	if (r == 0)
		r = allow_directory_index(view, above, list);
	return r;
}

int ntfs_allow_dirty_flag(struct ntfs_view *view, struct ntfs_whitelist *list)
{
	const ntfs_volume *vol = view->vol;
	int r = allow_record(view->vol, FILE_Volume, list);

	if (r < 0)
		return r;
	return allow_part(vol->mftmirr_na, (s64)FILE_Volume << vol->mft_record_size_bits,
	        vol->mft_record_size, list);
}

void ntfs_whitelist_free(struct ntfs_whitelist *list)
{
	free(list->ranges);
	*list = (struct ntfs_whitelist){0};
}
