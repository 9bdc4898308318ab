/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/replayed.h"
#include "fixer/base/bytes.h"
#include "fixer/ntfs/internal.h"

#include <ntfs-3g/runlist.h>
#include <string.h>

#define INDEX_PIECE  512 /* the update sequence covers pieces of this size */
#define INDEX_HEADER 24  /* offset of the index header in an INDX block */

/* --- places: ranges of the volume --------------------------------------------------------------
 */

struct places {
	size_t count, capacity;
	struct ntfs_range *ranges;
};

static int places_add(struct places *p, uint64_t offset, uint64_t len)
{
	if (p->count == p->capacity) {
		size_t capacity = p->capacity ? 2 * p->capacity : 64;
		void *more = reallocarray(p->ranges, capacity, sizeof(struct ntfs_range));
		if (!more)
			return -ENOMEM;
		p->ranges = more;
		p->capacity = capacity;
	}
	p->ranges[p->count++] = (struct ntfs_range){.offset = offset, .len = len};
	return 0;
}

static bool places_hold(const struct places *p, uint64_t offset, uint64_t len)
{
	for (size_t i = 0; i < p->count; i++)
		if (offset >= p->ranges[i].offset &&
		        range_within(offset - p->ranges[i].offset, len, p->ranges[i].len))
			return true;
	return false;
}

/* The clusters of one attribute record; its holes are nowhere. */
static int add_clusters(ntfs_volume *vol, const ATTR_RECORD *a, struct places *places)
{
	int r = 0;

	runlist_element *runs = ntfs_mapping_pairs_decompress(vol, a, NULL);
	if (!runs)
		return ntfs_errno();
	for (const runlist_element *run = runs; r == 0 && run->length > 0; run++)
		if (run->lcn >= 0)
			r = places_add(places, (uint64_t)run->lcn << vol->cluster_size_bits,
			        (uint64_t)run->length << vol->cluster_size_bits);
	free(runs);
	return r;
}

static bool is_metadata(ATTR_TYPES type)
{
	return type == AT_INDEX_ALLOCATION || type == AT_BITMAP || type == AT_ATTRIBUTE_LIST;
}

/* Where the metadata of a file lies outside its record. data: all of it is metadata. */
static int add_file(ntfs_inode *ni, bool data, struct places *places)
{
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	int r = ctx ? 0 : ntfs_errno();

	while (r == 0 && ntfs_attr_lookup(AT_UNUSED, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0)
		if (ctx->attr->non_resident &&
		        (is_metadata(ctx->attr->type) || (data && ctx->attr->type == AT_DATA)))
			r = add_clusters(ni->vol, ctx->attr, places);
	if (r == 0 && errno != ENOENT)
		r = ntfs_errno();
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	return r;
}

static int add_by_reference(struct ntfs_view *view, uint64_t ref, bool data, struct places *places)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, ref);

	if (!ni)
		return ntfs_errno();
	int r = add_file(ni, data, places);
	(void)ntfs_inode_close(ni);
	return r;
}

/* The files that are metadata from end to end. */
static int add_system_files(struct ntfs_view *view, struct places *places)
{
	static const uint64_t whole[] = {
	        FILE_MFT, FILE_MFTMirr, FILE_LogFile, FILE_Bitmap, FILE_Secure};
	uint64_t change_journal;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(whole) / sizeof(whole[0]); i++)
		r = add_by_reference(view, whole[i], true, places);
	if (r < 0)
		return r;
	r = ntfs_resolve(view, FILE_root, "\\$Extend\\$UsnJrnl", &change_journal);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : add_by_reference(view, change_journal, true, places);
}

/* --- one sector --------------------------------------------------------------------------------
 */

/* A whole INDX block with a header that makes sense: NTFS on-disk format, index block. */
static bool is_index_block(const uint8_t *block, size_t size)
{
	size_t array = get_le16(block + 4), count = get_le16(block + 6);

	if (memcmp(block, "INDX", 4) != 0 || count != size / INDEX_PIECE + 1 || array % 2 != 0 ||
	        array + 2 * count > INDEX_PIECE)
		return false;
	for (size_t i = 1; i < count; i++)
		if (memcmp(block + i * INDEX_PIECE - 2, block + array, 2) != 0)
			return false;
	uint32_t entries = get_le32(block + INDEX_HEADER),
	         used = get_le32(block + INDEX_HEADER + 4),
	         allocated = get_le32(block + INDEX_HEADER + 8);
	return allocated <= size - INDEX_HEADER && used <= allocated && entries <= used &&
	       entries + INDEX_HEADER >= array + 2 * count;
}

/* 1, 0, or an error of the device. */
static int in_index_block(const ntfs_volume *vol, struct block_device *dev, uint64_t offset)
{
	size_t size = vol->indx_record_size;
	uint64_t start = offset - offset % (size ? size : 1);

	/* Where clusters are smaller a block may lie in pieces. */
	if (size < INDEX_PIECE || size > vol->cluster_size || !range_within(start, size, dev->size))
		return 0;
	uint8_t *block = malloc(size);
	if (!block)
		return -ENOMEM;
	int r = block_read(dev, start, block, size);
	if (r == 0)
		r = is_index_block(block, size);
	free(block);
	return r;
}

/* --- all of them -------------------------------------------------------------------------------
 */

struct judge {
	struct ntfs_view *view;
	struct block_device *before;
	const struct ntfs_sectors *changed;
	struct places places;
	size_t stranger_count;
	uint64_t *strangers; /* not explained yet, ascending */
};

static int find_strangers(struct judge *j)
{
	for (size_t i = 0; i < j->changed->count; i++) {
		uint64_t offset = j->changed->offsets[i];
		if (places_hold(&j->places, offset, j->changed->size))
			continue;
		int r = in_index_block(j->view->vol, j->view->dev, offset);
		if (r == 0)
			r = in_index_block(j->view->vol, j->before, offset);
		if (r < 0)
			return r;
		if (r == 0)
			j->strangers[j->stranger_count++] = offset;
	}
	return 0;
}

static void drop_explained(struct judge *j)
{
	size_t left = 0;

	for (size_t i = 0; i < j->stranger_count; i++)
		if (!places_hold(&j->places, j->strangers[i], j->changed->size))
			j->strangers[left++] = j->strangers[i];
	j->stranger_count = left;
	j->places.count = 0;
}

/* Looks at every file of the volume for the owner of what is left: seldom needed, and slow. */
static int find_owners(struct judge *j)
{
	ntfs_volume *vol = j->view->vol;
	s64 records = vol->mft_na->initialized_size >> vol->mft_record_size_bits;
	int r = 0;

	j->places.count = 0;
	for (s64 i = 0; r == 0 && j->stranger_count > 0 && i < records; i++) {
		ntfs_inode *ni = ntfs_inode_open(vol, (MFT_REF)i);
		if (!ni) /* not in use, or an extent of another */
			continue;
		r = add_file(ni, false, &j->places);
		(void)ntfs_inode_close(ni);
		if (r == 0 && j->places.count > 0)
			drop_explained(j);
	}
	return r;
}

static int allow_runs(const struct ntfs_sectors *s, struct ntfs_whitelist *list)
{
	int r = 0;

	for (size_t i = 0, next; r == 0 && i < s->count; i = next) {
		for (next = i + 1;
		        next < s->count && s->offsets[next] == s->offsets[next - 1] + s->size;)
			next++;
		r = ntfs_allow_range(list, s->offsets[i], (next - i) * s->size);
	}
	return r;
}

int ntfs_allow_replayed(struct ntfs_view *view, struct block_device *before,
        const struct ntfs_sectors *changed, struct ntfs_whitelist *list, uint64_t *ret_stranger)
{
	struct judge j = {.view = view, .before = before, .changed = changed};

	j.strangers = calloc(changed->count + 1, sizeof(j.strangers[0]));
	int r = j.strangers ? add_system_files(view, &j.places) : -ENOMEM;
	if (r == 0)
		r = find_strangers(&j);
	if (r == 0)
		r = find_owners(&j);
	if (r == 0 && j.stranger_count > 0) {
		*ret_stranger = j.strangers[0];
		r = -EPERM;
	}
	if (r == 0)
		r = allow_runs(changed, list);
	free(j.places.ranges);
	free(j.strangers);
	return r;
}
