/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/deletable.h"
#include "fixer/ntfs/internal.h"

#include <ntfs-3g/runlist.h>

#define BITS_CHUNK 512

static int wrong(const char *what, const char **ret_why)
{
	*ret_why = what;
	return -EBADMSG;
}

/* Whether clusters [lcn, lcn + count) are all marked in $Bitmap. */
static int all_marked(const ntfs_volume *vol, s64 lcn, s64 count, const char **ret_why)
{
	uint8_t bits[BITS_CHUNK];

	while (count > 0) {
		s64 n = count < BITS_CHUNK * 8 - 7 ? count : BITS_CHUNK * 8 - 7;
		s64 bytes = (lcn + n - 1) / 8 - lcn / 8 + 1;
		if (ntfs_attr_pread(vol->lcnbmp_na, lcn / 8, bytes, bits) != bytes)
			return ntfs_errno();
		for (s64 i = lcn; i < lcn + n; i++)
			if (!(bits[i / 8 - lcn / 8] >> (i % 8) & 1))
				return wrong("has clusters that are not marked as in use", ret_why);
		lcn += n;
		count -= n;
	}
	return 0;
}

/* Whether a run lies in what a system file has. */
static bool overlaps(ntfs_attr *na, const runlist_element *run)
{
	for (const runlist_element *r = na->rl; r && r->length > 0; r++)
		if (r->lcn >= 0 && run->lcn < r->lcn + r->length && r->lcn < run->lcn + run->length)
			return true;
	return false;
}

static int check_runs(ntfs_volume *vol, ntfs_attr *na, const char **ret_why)
{
	if (ntfs_attr_map_whole_runlist(na) != 0)
		return ntfs_errno();
	for (const runlist_element *run = na->rl; run && run->length > 0; run++) {
		if (run->lcn < 0)
			continue;
		if (run->lcn > vol->nr_clusters || run->length > vol->nr_clusters - run->lcn)
			return wrong("has clusters outside the volume", ret_why);
		if (overlaps(vol->mft_na, run) || overlaps(vol->mftmirr_na, run) ||
		        overlaps(vol->lcnbmp_na, run) || overlaps(vol->mftbmp_na, run))
			return wrong("has clusters of a system file", ret_why);
		int r = all_marked(vol, run->lcn, run->length, ret_why);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One attribute of the record; every stream once, at its first part. */
static int check_attribute(ntfs_inode *ni, const ATTR_RECORD *a, const char **ret_why)
{
	ntfschar *name = (ntfschar *)((u8 *)(uintptr_t)a + le16_to_cpu(a->name_offset));

	if (!a->non_resident || a->lowest_vcn != 0 || a->type == AT_ATTRIBUTE_LIST)
		return 0;
	ntfs_attr *na =
	        ntfs_attr_open(ni, a->type, a->name_length ? name : AT_UNNAMED, a->name_length);
	if (!na)
		return ntfs_errno();
	int r = check_runs(ni->vol, na, ret_why);
	ntfs_attr_close(na);
	return r;
}

static int check(ntfs_inode *ni, const char **ret_why)
{
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	unsigned names = 0;
	int r = ctx ? 0 : ntfs_errno();

	while (r == 0 &&
	        ntfs_attr_lookup(AT_UNUSED, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		names += ctx->attr->type == AT_FILE_NAME;
		r = check_attribute(ni, ctx->attr, ret_why);
	}
	if (r == 0 && errno != ENOENT)
		r = ntfs_errno();
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	if (r == 0 && names != le16_to_cpu(ni->mrec->link_count))
		r = wrong("has another number of names than it says", ret_why);
	return r;
}

int ntfs_deletable(struct ntfs_view *view, uint64_t ref, const char **ret_why)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, ref);

	*ret_why = NULL;
	if (!ni)
		return ntfs_errno();
	int r = check(ni, ret_why);
	(void)ntfs_inode_close(ni);
	return r;
}
