/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory's index: a B-tree whose root is $INDEX_ROOT and whose other nodes are the blocks of
 * $INDEX_ALLOCATION. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/raw.h"

#include <errno.h>
#include <string.h>

#define INDEX_NAME  "$I30"
#define FILE_NAMES  0x30 /* what the index is over */
#define DEPTH_MAX   16
#define ROOT_HEADER 16   /* bytes of $INDEX_ROOT before the node */
#define BLOCK_NODE  0x18 /* where a block's node begins */
#define BLOCK_VCN   0x10

#define NODE_HEADER   16
#define NODE_HAS_SONS 0x1

#define ENTRY_HEADER  16
#define ENTRY_HAS_SON 0x1
#define ENTRY_LAST    0x2

#define BLOCK_SIZE_MAX 65536

struct walk {
	struct raw_volume *v;
	struct raw_directory directory;
	const struct raw_listener *listener;
	uint8_t *root; /* content of $INDEX_ROOT */
	size_t root_len;
	struct raw_spot root_spot;
	uint64_t blocks_left; /* a tree has each block once: more is a circle */
};

/* A node: a header, then entries up to end. */
struct node {
	const uint8_t *bytes; /* of the root's content or of the block */
	size_t at, end;       /* of the next entry */
	bool has_sons;
	struct raw_spot spot; /* of bytes[0] */
};

bool raw_name_read(
        const uint8_t *bytes, size_t len, const struct raw_spot *spot, struct raw_name *ret)
{
	const size_t fixed = 0x42;

	if (len < fixed || bytes[0x40] == 0 || bytes[0x41] > NTFS_NAME_WIN32_AND_DOS ||
	        len - fixed < 2u * bytes[0x40])
		return false;
	ret->parent = get_le64(bytes);
	ret->len = bytes[0x40];
	ret->type = bytes[0x41];
	for (size_t i = 0; i < ret->len; i++)
		ret->units[i] = get_le16(bytes + fixed + 2 * i);
	ret->spot = *spot;
	ret->spot.at += fixed;
	return true;
}

static int bad_index(const struct walk *w, const char *what, struct error *err)
{
	return raw_damaged(
	        err, "directory %ju: %s", (uintmax_t)RAW_RECORD(w->directory.reference), what);
}

/* bytes: what node->bytes points at, len of it; header: where the node begins. */
static bool open_node(struct node *node, size_t header, size_t len)
{
	if (!range_within(header, NODE_HEADER, len))
		return false;
	const uint8_t *h = node->bytes + header;
	uint64_t first = get_le32(h), used = get_le32(h + 4);
	if (first < NODE_HEADER || first % 8 != 0 || first > used || used > len - header)
		return false;
	node->at = header + (size_t)first;
	node->end = header + (size_t)used;
	node->has_sons = h[12] & NODE_HAS_SONS;
	return true;
}

static int hear(struct walk *w, const struct node *node, size_t len, struct error *err)
{
	const uint8_t *e = node->bytes + node->at;
	size_t key = get_le16(e + 10);
	struct raw_spot spot = node->spot;
	struct raw_entry entry = {.reference = get_le64(e)};

	spot.at += node->at + ENTRY_HEADER;
	if (key > len - ENTRY_HEADER || !raw_name_read(e + ENTRY_HEADER, key, &spot, &entry.name))
		return bad_index(w, "an entry holds no name", err);
	return w->listener->entry(w->listener->context, &entry, err);
}

static int walk_block(struct walk *w, uint64_t vcn, unsigned depth, struct error *err);

static int walk_node(struct walk *w, struct node *node, unsigned depth, struct error *err)
{
	for (;;) {
		const uint8_t *e = node->bytes + node->at;
		size_t left = node->end - node->at,
		       len = left >= ENTRY_HEADER ? get_le16(e + 8) : 0;
		if (len < ENTRY_HEADER || len > left || len % 8 != 0)
			return bad_index(w, "an entry of the index has a wrong length", err);
		uint16_t flags = get_le16(e + 12);
		size_t of_key = len;
		if (node->has_sons != ((flags & ENTRY_HAS_SON) != 0))
			return bad_index(w, "a leaf of the index has sons", err);
		if (flags & ENTRY_HAS_SON) {
			if (len < ENTRY_HEADER + sizeof(uint64_t))
				return bad_index(w, "an entry of the index has no son", err);
			of_key -= sizeof(uint64_t);
			int r = walk_block(w, get_le64(e + of_key), depth, err);
			if (r != 0)
				return r;
		}
		if (flags & ENTRY_LAST)
			return 0;
		int r = hear(w, node, of_key, err);
		if (r != 0)
			return r;
		node->at += len;
	}
}

/* Counted in clusters, in strides where a block is smaller than a cluster. */
static bool block_offset(const struct walk *w, uint64_t vcn, uint64_t *ret)
{
	uint64_t cluster = w->v->geometry.cluster_size;
	uint64_t unit = cluster <= w->directory.block_size ? cluster : RAW_STRIDE;

	return !__builtin_mul_overflow(vcn, unit, ret);
}

static int walk_block(struct walk *w, uint64_t vcn, unsigned depth, struct error *err)
{
	size_t size = w->directory.block_size;
	struct node node = {.spot = {.in_index = true}};

	if (depth == DEPTH_MAX || w->blocks_left == 0 || !block_offset(w, vcn, &node.spot.offset))
		return bad_index(w, "its index is not a tree", err);
	w->blocks_left--;
	CLEANUP_FREE uint8_t *block = malloc(size);
	if (!block)
		return raw_no_memory(err);
	int r = raw_record_read(
	        w->v, &w->directory.allocation, node.spot.offset, "INDX", block, size, err);
	if (r < 0)
		return r;
	node.bytes = block;
	if (get_le64(block + BLOCK_VCN) != vcn || !open_node(&node, BLOCK_NODE, size))
		return bad_index(w, "a block of its index does not hold together", err);
	return walk_node(w, &node, depth + 1, err);
}

static int take_root(void *context, const struct raw_attribute *a, struct error *err)
{
	struct walk *w = context;
	const uint32_t collation = 1; /* of names */

	if (w->root || !a->resident || a->value_len < ROOT_HEADER ||
	        get_le32(a->value) != FILE_NAMES || get_le32(a->value + 4) != collation)
		return bad_index(w, "$INDEX_ROOT makes no sense", err);
	w->root = malloc(a->value_len);
	if (!w->root)
		return raw_no_memory(err);
	memcpy(w->root, a->value, a->value_len);
	w->root_len = a->value_len;
	w->root_spot = (struct raw_spot){
	        .offset = a->record * w->v->geometry.record_size, .at = a->value_offset};
	return 0;
}

static int read_root(struct walk *w, struct error *err)
{
	const struct raw_visitor visitor = {take_root, w};

	int r = raw_each_attribute(
	        w->v, w->directory.reference, RAW_INDEX_ROOT, INDEX_NAME, &visitor, err);
	if (r == 0 && !w->root)
		return bad_index(w, "it has no $INDEX_ROOT", err);
	return r;
}

/* Blocks exist when the directory is large enough to need them. */
static int read_allocation(struct walk *w, struct error *err)
{
	struct raw_directory *d = &w->directory;
	uint32_t size = get_le32(w->root + 8);

	int r = raw_runs_read(
	        w->v, d->reference, RAW_INDEX_ALLOCATION, INDEX_NAME, &d->allocation, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (size < RAW_STRIDE || size > BLOCK_SIZE_MAX || (size & (size - 1)) != 0)
		return bad_index(w, "the size of its index blocks makes no sense", err);
	d->block_size = size;
	w->blocks_left = d->allocation.size / size;
	return 0;
}

int raw_directory_walk(struct raw_volume *v, uint64_t reference,
        const struct raw_listener *listener, struct raw_directory *ret, struct error *err)
{
	struct walk w = {.v = v, .directory = {.reference = reference}, .listener = listener};

	int r = read_root(&w, err);
	if (r == 0)
		r = read_allocation(&w, err);
	struct node node = {.bytes = w.root, .spot = w.root_spot};
	if (r == 0 && !open_node(&node, ROOT_HEADER, w.root_len))
		r = bad_index(&w, "$INDEX_ROOT does not hold together", err);
	if (r == 0)
		r = walk_node(&w, &node, 0, err);
	free(w.root);
	if (r != 0) {
		raw_directory_free(&w.directory);
		return r;
	}
	*ret = w.directory;
	return 0;
}

void raw_directory_free(struct raw_directory *d)
{
	raw_runs_free(&d->allocation);
}
