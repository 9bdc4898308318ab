/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Index trees: each block reached once, keys in order, the bitmap telling what is reached. */
#include "tests/ntfscheck/internal.h"

#define MAX_DEPTH  24
#define ROOT_SIZE  16 /* of $INDEX_ROOT before its node */
#define BLOCK_SIZE 24 /* of a block before its node */
#define NAME_INDEX "$I30"

struct walk {
	struct volume *v;
	struct index *index;
	uint8_t *blocks; /* a copy of $INDEX_ALLOCATION */
	size_t len;
	uint8_t *reached; /* a flag for each block */
	uint64_t unit;    /* bytes that a VCN counts */
};

static void walk_node(struct walk *w, const struct node *node, unsigned depth);

static void walk_block(struct walk *w, uint64_t vcn, unsigned depth)
{
	struct volume *v = w->v;
	uint64_t at = vcn * w->unit, number = w->index->record;
	const char *wrong = NULL;

	if (vcn > UINT64_MAX / w->unit || at % v->index_size != 0 || w->len < v->index_size ||
	        at > w->len - v->index_size) {
		finding(v, "index-block", number, "block %ju is not there", (uintmax_t)vcn);
		return;
	}
	if (w->reached[at / v->index_size]++) {
		w->reached[at / v->index_size] = 1;
		finding(v, "index-block", number, "block %ju is reached twice", (uintmax_t)vcn);
		return;
	}
	uint8_t *block = w->blocks + at;
	if (memcmp(block, "INDX", 4) != 0)
		wrong = "no INDX block";
	else
		wrong = fixups_undo(block, v->index_size);
	if (!wrong && le64(block + 16) != vcn)
		wrong = "has another block's VCN";
	if (!wrong && le32(block + BLOCK_SIZE + 8) != v->index_size - BLOCK_SIZE)
		wrong = "has another size";
	if (!wrong &&
	        le32(block + BLOCK_SIZE) + BLOCK_SIZE < le16(block + 4) + le16(block + 6) * 2u)
		wrong = "its entries overlap the update sequence";
	if (wrong) {
		finding(v, "index-block", number, "block %ju: %s", (uintmax_t)vcn, wrong);
		return;
	}
	struct node node = {.bytes = block + BLOCK_SIZE,
	        .len = v->index_size - BLOCK_SIZE,
	        .where = "block",
	        .vcn = vcn};
	walk_node(w, &node, depth);
}

/* Adds an entry behind those already seen: its key must be greater. */
static void add_entry(struct walk *w, const struct entry *e)
{
	struct index *index = w->index;
	bool known;

	if (index->entry_count > 0 && (index->collation != 1 || w->v->upcase) &&
	        keys_compare(w->v, index->collation, &index->entries[index->entry_count - 1], e,
	                &known) >= 0)
		finding(w->v, "index-order", index->record, "entry %zu", index->entry_count);
	struct entry *place = append(w->v, &index->entries, &index->entry_count, sizeof(*e));
	*place = *e;
}

static void walk_node(struct walk *w, const struct node *node, unsigned depth)
{
	struct entry *entries = NULL;
	uint64_t *vcns = NULL;
	size_t count = 0;

	if (depth > MAX_DEPTH) {
		finding(w->v, "index-block", w->index->record, "the tree is too deep");
		return;
	}
	(void)node_parse(w->v, w->index, node, &entries, &vcns, &count);
	for (size_t i = 0; i < count; i++) {
		if (vcns[i] != HOLE)
			walk_block(w, vcns[i], depth + 1);
		if (entries[i].key_len > 0)
			add_entry(w, &entries[i]);
	}
}

static void check_bitmap(struct walk *w, const struct stream *s)
{
	struct volume *v = w->v;
	size_t len = 0, blocks = w->len / v->index_size;
	const uint8_t *bitmap = s ? stream_load(v, s, &len) : NULL;

	if (!bitmap || len < (blocks + 7) / 8) {
		finding(v, "index-bitmap", w->index->record, "does not cover the index");
		return;
	}
	for (size_t i = 0; i < len * 8; i++) {
		bool marked = bitmap[i / 8] >> (i % 8) & 1;
		bool reached = i < blocks && w->reached[i];
		if (marked != reached)
			finding(v, "index-bitmap", w->index->record, "block %zu is %s", i,
			        marked ? "marked, but not reached" : "reached, but not marked");
	}
}

static bool same_name(const struct stream *a, const struct stream *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len * 2u) == 0;
}

static const struct stream *companion(
        const struct record *r, const struct stream *root, uint32_t type)
{
	for (size_t i = 0; i < r->stream_count; i++)
		if (r->streams[i].type == type && same_name(&r->streams[i], root))
			return &r->streams[i];
	return NULL;
}

static void load_index(
        struct volume *v, uint64_t number, const struct record *r, const struct stream *root)
{
	const struct stream *allocation = companion(r, root, AT_INDEX_ALLOCATION);
	struct index *index = append(v, &v->indexes, &v->index_count, sizeof(*index));
	struct walk w = {.v = v, .index = index};
	const uint8_t *p = root->value;

	*index = (struct index){.record = number, .name = root->name, .name_len = root->name_len};
	index->view = !name_is(root->name, root->name_len, NAME_INDEX);
	if (!root->resident || root->value_len < ROOT_SIZE + 16 || le32(p + 8) != v->index_size ||
	        le32(p) != (index->view ? 0 : AT_FILE_NAME) || (!index->view && le32(p + 4) != 1)) {
		finding(v, "index-root", number, "header of the index");
		return;
	}
	index->collation = le32(p + 4);
	w.unit = v->cluster <= v->index_size ? v->cluster : 512;
	if (allocation) {
		const uint8_t *blocks =
		        allocation->resident ? NULL : stream_load(v, allocation, &w.len);
		w.blocks = keep(v, w.len + 1, 1);
		w.reached = keep(v, w.len / v->index_size + 1, 1);
		if (blocks)
			memcpy(w.blocks, blocks, w.len);
	}
	struct node node = {
	        .bytes = p + ROOT_SIZE, .len = root->value_len - ROOT_SIZE, .where = "root"};
	walk_node(&w, &node, 0);
	if (allocation)
		check_bitmap(&w, companion(r, root, AT_BITMAP));
}

void indexes_load(struct volume *v)
{
	for (uint64_t i = 0; i < v->record_count; i++) {
		struct record *r = base_record(v, i);
		for (size_t k = 0; r && k < r->stream_count; k++)
			if (r->streams[k].type == AT_INDEX_ROOT)
				load_index(v, i, r, &r->streams[k]);
	}
}

const struct index *index_find(const struct volume *v, uint64_t record, const char *name)
{
	for (size_t i = 0; i < v->index_count; i++)
		if (v->indexes[i].record == record &&
		        name_is(v->indexes[i].name, v->indexes[i].name_len, name))
			return &v->indexes[i];
	return NULL;
}
