/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/file.h"
#include "fixer/base/bytes.h"
#include "fixer/ntfs/internal.h"
#include "fixer/ntfs/metadata.h"

#include <ntfs-3g/runlist.h>
#include <string.h>

static struct ntfs_file describe(const ntfs_inode *ni, uint64_t ref)
{
	return (struct ntfs_file){
	        .reference = ref,
	        .size = ni->data_size > 0 ? (uint64_t)ni->data_size : 0,
	        .created = (uint64_t)sle64_to_cpu(ni->creation_time),
	        .modified = (uint64_t)sle64_to_cpu(ni->last_data_change_time),
	        .mft_modified = (uint64_t)sle64_to_cpu(ni->last_mft_change_time),
	        .accessed = (uint64_t)sle64_to_cpu(ni->last_access_time),
	        .attributes = le32_to_cpu(ni->flags),
	        .is_directory = (ni->mrec->flags & MFT_RECORD_IS_DIRECTORY) != 0,
	};
}

int ntfs_file_stat(struct ntfs_view *view, uint64_t ref, struct ntfs_file *ret)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, ref);

	if (!ni)
		return ntfs_errno();
	if (MSEQNO(ref) != 0 && le16_to_cpu(ni->mrec->sequence_number) != MSEQNO(ref)) {
		(void)ntfs_inode_close(ni);
		return -ESTALE;
	}
	*ret = describe(ni, ref);
	return ntfs_inode_close(ni) == 0 ? 0 : ntfs_errno();
}

static bool is_name(const FILE_NAME_ATTR *fn, uint64_t dir, const struct ntfs_entry *entry)
{
	const uint8_t *units = (const uint8_t *)fn + offsetof(FILE_NAME_ATTR, file_name);

	return MREF(le64_to_cpu(fn->parent_directory)) == MREF(dir) &&
	       fn->file_name_type == entry->name_type && fn->file_name_length == entry->name_len &&
	       memcmp(units, entry->name, entry->name_len * sizeof(ntfschar)) == 0;
}

/* A $FILE_NAME is resident; what does not lie inside its attribute is none. */
static const FILE_NAME_ATTR *file_name(const ATTR_RECORD *a)
{
	size_t offset = le16_to_cpu(a->value_offset), len = le32_to_cpu(a->value_length);
	const FILE_NAME_ATTR *fn = (const FILE_NAME_ATTR *)((const uint8_t *)a + offset);

	if (a->non_resident || len < sizeof(*fn) ||
	        !range_within(offset, len, le32_to_cpu(a->length)))
		return NULL;
	return (len - sizeof(*fn)) / sizeof(ntfschar) < fn->file_name_length ? NULL : fn;
}

int ntfs_name_times(struct ntfs_view *view, uint64_t dir, const struct ntfs_entry *entry,
        struct ntfs_times *ret)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, entry->reference);
	int r = -ENOENT;

	if (!ni)
		return ntfs_errno();
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	while (ctx && r == -ENOENT &&
	        ntfs_attr_lookup(AT_FILE_NAME, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		const FILE_NAME_ATTR *fn = file_name(ctx->attr);
		if (!fn || !is_name(fn, dir, entry))
			continue;
		*ret = (struct ntfs_times){
		        .created = (uint64_t)sle64_to_cpu(fn->creation_time),
		        .modified = (uint64_t)sle64_to_cpu(fn->last_data_change_time),
		        .mft_modified = (uint64_t)sle64_to_cpu(fn->last_mft_change_time),
		        .accessed = (uint64_t)sle64_to_cpu(fn->last_access_time),
		};
		r = 0;
	}
	if (r < 0 && (!ctx || errno != ENOENT))
		r = ntfs_errno();
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	(void)ntfs_inode_close(ni);
	return r;
}

static int read_range(ntfs_attr *na, uint64_t offset, uint8_t *buf, size_t len)
{
	while (len > 0) {
		s64 n = ntfs_attr_pread(na, (s64)offset, (s64)len, buf);
		if (n < 0)
			return ntfs_errno();
		if (n == 0 || (uint64_t)n > len)
			return -EIO;
		buf += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Opens the unnamed $DATA. *ret_na is NULL, with 0, when the file has none. */
static int data_open(struct ntfs_view *view, uint64_t ref, ntfs_inode **ret_ni, ntfs_attr **ret_na)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, ref);

	if (!ni)
		return ntfs_errno();
	*ret_na = NULL;
	if (!(ni->mrec->flags & MFT_RECORD_IS_DIRECTORY)) {
		*ret_na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
		if (!*ret_na && errno != ENOENT) {
			int r = ntfs_errno();
			(void)ntfs_inode_close(ni);
			return r;
		}
	}
	*ret_ni = ni;
	return 0;
}

static int data_close(ntfs_inode *ni, ntfs_attr *na)
{
	if (na)
		ntfs_attr_close(na);
	return ntfs_inode_close(ni) == 0 ? 0 : ntfs_errno();
}

int ntfs_file_read(struct ntfs_view *view, uint64_t ref, uint64_t offset, void *buf, size_t len)
{
	ntfs_inode *ni;
	ntfs_attr *na;
	int r = data_open(view, ref, &ni, &na);

	if (r < 0)
		return r;
	r = na ? read_range(na, offset, buf, len) : -EIO;
	int closed = data_close(ni, na);
	return r < 0 ? r : closed;
}

static int compare_data(ntfs_attr *a, ntfs_attr *b, uint64_t size, bool *ret)
{
	enum { PIECE = 256 * 1024 };
	uint8_t *buf = malloc((size_t)2 * PIECE);
	bool same = true;
	int r = buf ? 0 : -ENOMEM;

	for (uint64_t at = 0; r == 0 && same && at < size; at += PIECE) {
		size_t len = size - at < PIECE ? (size_t)(size - at) : PIECE;
		r = read_range(a, at, buf, len);
		if (r == 0)
			r = read_range(b, at, buf + PIECE, len);
		same = r == 0 && memcmp(buf, buf + PIECE, len) == 0;
	}
	free(buf);
	if (r == 0)
		*ret = same;
	return r;
}

static bool same_facts(const ntfs_inode *ni_a, const ntfs_inode *ni_b, bool unlinked)
{
	struct ntfs_file a = describe(ni_a, 0), b = describe(ni_b, 0);

	return a.size == b.size && a.created == b.created && a.modified == b.modified &&
	       (unlinked || a.mft_modified == b.mft_modified) && a.accessed == b.accessed &&
	       a.attributes == b.attributes && a.is_directory == b.is_directory;
}

/* The same clusters, none of which differs. */
static int same_clusters(ntfs_attr *a, ntfs_attr *b, const struct ntfs_common *common, bool *ret)
{
	unsigned shift = a->ni->vol->cluster_size_bits;

	*ret = false;
	if (!NAttrNonResident(a) || !NAttrNonResident(b) || a->data_flags != b->data_flags)
		return 0;
	if (ntfs_attr_map_whole_runlist(a) != 0 || ntfs_attr_map_whole_runlist(b) != 0)
		return ntfs_errno();
	const runlist_element *x = a->rl, *y = b->rl;
	for (; x && y && x->length > 0 && y->length > 0; x++, y++) {
		if (x->vcn != y->vcn || x->lcn != y->lcn || x->length != y->length)
			return 0;
		if (x->lcn >= 0 && !common->holds(common->context, (uint64_t)x->lcn << shift,
		                           (uint64_t)x->length << shift))
			return 0;
	}
	*ret = (!x || x->length == 0) && (!y || y->length == 0);
	return 0;
}

/* Beyond the initialized size everything is zero by definition, however long the file claims to be.
 */
static int same_data(ntfs_attr *a, ntfs_attr *b, const struct ntfs_common *common, bool *ret)
{
	if (!a || !b) {
		*ret = !a && !b;
		return 0;
	}
	if (a->data_size != b->data_size || a->initialized_size != b->initialized_size) {
		*ret = false;
		return 0;
	}
	int r = same_clusters(a, b, common, ret);
	if (r < 0 || *ret)
		return r;
	s64 len = a->initialized_size < a->data_size ? a->initialized_size : a->data_size;
	return compare_data(a, b, (uint64_t)len, ret);
}

int ntfs_file_same(struct ntfs_view *a, struct ntfs_view *b, uint64_t ref, bool unlinked,
        const struct ntfs_common *common, bool *ret)
{
	ntfs_inode *ni_a, *ni_b;
	ntfs_attr *na_a, *na_b;
	bool same;

	int r = data_open(a, ref, &ni_a, &na_a);
	if (r < 0)
		return r;
	r = data_open(b, ref, &ni_b, &na_b);
	if (r < 0) {
		(void)data_close(ni_a, na_a);
		return r;
	}
	same = same_facts(ni_a, ni_b, unlinked);
	if (same)
		r = same_data(na_a, na_b, common, &same);
	int closed_a = data_close(ni_a, na_a), closed_b = data_close(ni_b, na_b);
	if (r == 0)
		r = closed_a < 0 ? closed_a : closed_b;
	if (r == 0)
		*ret = same;
	return r;
}

int ntfs_remove(struct ntfs_view *view, uint64_t dir, const struct ntfs_entry *entry)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, entry->reference);

	if (!ni)
		return ntfs_errno();
	ntfs_inode *dir_ni = ntfs_inode_open(view->vol, dir);
	if (!dir_ni) {
		int r = ntfs_errno();
		(void)ntfs_inode_close(ni);
		return r;
	}
	/* Closes both, whatever happens. */
	return ntfs_delete(view->vol, NULL, ni, dir_ni, entry->name, entry->name_len) == 0
	               ? 0
	               : ntfs_errno();
}
