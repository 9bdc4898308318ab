/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/replayed.h"
#include "fixer/base/bytes.h"
#include "fixer/ntfs/replayed_internal.h"

#include <ntfs-3g/runlist.h>
#include <string.h>

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
	static const char *const extended[] = {"\\$Extend\\$UsnJrnl", "\\$Extend\\$ObjId",
	        "\\$Extend\\$Quota", "\\$Extend\\$Reparse"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(whole) / sizeof(whole[0]); i++)
		r = add_by_reference(view, whole[i], true, places);
	for (size_t i = 0; r == 0 && i < sizeof(extended) / sizeof(extended[0]); i++) {
		uint64_t ref;
		r = ntfs_resolve(view, FILE_root, extended[i], &ref);
		if (r == 0)
			r = add_by_reference(view, ref, true, places);
		else if (r == -ENOENT)
			r = 0;
	}
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

/* 1 when no file has the clusters that the sector is in, 0, or a negative errno. */
static int is_free(ntfs_volume *vol, uint64_t offset, uint32_t size)
{
	uint64_t last = (offset + size - 1) >> vol->cluster_size_bits;

	for (uint64_t cluster = offset >> vol->cluster_size_bits; cluster <= last; cluster++) {
		uint8_t bits;
		s64 n = ntfs_attr_pread(vol->lcnbmp_na, (s64)(cluster / 8), 1, &bits);
		if (n < 0)
			return ntfs_errno();
		if (n == 0 || bits >> cluster % 8 & 1)
			return 0;
	}
	return 1;
}

/* An index block that was given back to the volume, before the crash or in the journal. 1, 0 or a
 * negative errno. */
static int was_index_block(struct judge *j, uint64_t offset)
{
	ntfs_volume *vol = j->view->vol;
	uint8_t *block;

	int r = is_free(vol, offset, j->changed->size);
	if (r <= 0)
		return r;
	r = replayed_index_block(vol, j->view->dev, offset, &block);
	if (r == 0 && !block)
		r = replayed_index_block(vol, j->before, offset, &block);
	if (r < 0)
		return r;
	free(block);
	return block != NULL;
}

static int find_strangers(struct judge *j)
{
	for (size_t i = 0; i < j->changed->count; i++) {
		uint64_t offset = j->changed->offsets[i];
		if (places_hold(&j->places, offset, j->changed->size))
			continue;
		int r = was_index_block(j, offset);
		if (r < 0)
			return r;
		if (r == 0)
			j->strangers[j->stranger_count++] = offset;
	}
	j->places.count = 0;
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

/* Where the metadata of the directory is that the index block there names; nothing when it names
 * none. */
static int add_named_directory(struct judge *j, uint64_t offset)
{
	ntfs_volume *vol = j->view->vol;
	uint64_t directory;
	uint8_t *block;

	int r = replayed_index_block(vol, j->view->dev, offset, &block);
	if (r < 0 || !block)
		return r;
	ntfs_inode *ni = replayed_directory(block, &directory)
	                         ? ntfs_inode_open(vol, MREF(directory))
	                         : NULL;
	free(block);
	if (!ni)
		return 0;
	r = add_file(ni, false, &j->places);
	(void)ntfs_inode_close(ni);
	return r;
}

/* Names in an index say in which directory they are: whether that is true is looked up. */
static int ask_directories(struct judge *j)
{
	for (size_t i = 0; i < j->stranger_count;) {
		uint64_t asked = j->strangers[i];
		int r = add_named_directory(j, asked);
		if (r < 0)
			return r;
		drop_explained(j);
		if (i < j->stranger_count && j->strangers[i] == asked)
			i++;
	}
	return 0;
}

/* Looks at every file of the volume for the owner of what is left: seldom needed, and slow. */
static int find_owners(struct judge *j)
{
	ntfs_volume *vol = j->view->vol;
	s64 records = vol->mft_na->initialized_size >> vol->mft_record_size_bits;
	int r = 0;

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
		r = ask_directories(&j);
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
