/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the names to the bytes that change. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/rename_internal.h"

#include <string.h>

#define RECORDS_MAX (2 * RENAME_NAMES) /* each name is in a FILE record and in the index */

/* A record that changes: its bytes without the update sequence. */
struct edited {
	bool in_index;
	uint64_t offset; /* of the attribute it is in */
	size_t len;
	uint8_t *bytes;
};

struct edits {
	struct renaming *r;
	size_t count;
	struct edited records[RECORDS_MAX];
};

static const struct raw_runs *runs_of(const struct edits *e, bool in_index)
{
	return in_index ? &e->r->directory.allocation : &e->r->v.mft;
}

/* $MFTMirr repeats the first records, at least a cluster of them. */
static bool is_mirrored(const struct raw_volume *v, uint64_t offset)
{
	const struct ntfs_geometry *g = &v->geometry;

	return offset < 4 * g->record_size || offset < g->cluster_size;
}

/* The record a spot is in, read when no other name is in it. */
static int open_record(
        struct edits *e, const struct raw_spot *spot, struct edited **ret, struct error *err)
{
	struct raw_volume *v = &e->r->v;
	const char *magic = spot->in_index ? "INDX" : "FILE";

	for (size_t i = 0; i < e->count; i++)
		if (e->records[i].in_index == spot->in_index &&
		        e->records[i].offset == spot->offset) {
			*ret = &e->records[i];
			return 0;
		}
	if (!spot->in_index && is_mirrored(v, spot->offset))
		return rename_unsafe(err, "its record is one that $MFTMirr repeats");
	struct edited *record = &e->records[e->count++];
	*record = (struct edited){.in_index = spot->in_index, .offset = spot->offset};
	record->len = spot->in_index ? e->r->directory.block_size : v->geometry.record_size;
	record->bytes = malloc(record->len);
	if (!record->bytes)
		return raw_no_memory(err);
	*ret = record;
	return raw_record_read(v, runs_of(e, spot->in_index), spot->offset, magic, record->bytes,
	        record->len, err);
}

static int edit(struct edits *e, const struct raw_spot *spot, const struct renamed_name *name,
        struct error *err)
{
	struct edited *record = NULL;
	int r = open_record(e, spot, &record, err);

	if (r < 0)
		return r;
	if (!range_within(spot->at, 2u * name->now.len, record->len))
		return raw_damaged(err, "a name is outside its record");
	for (size_t i = 0; i < name->now.len; i++) {
		uint8_t *unit = record->bytes + spot->at + 2 * i;
		if (get_le16(unit) != name->now.units[i])
			return raw_damaged(err, "a name changed while it was read");
		put_le16(unit, name->then.units[i]);
	}
	return 0;
}

static int add_block(struct ntfs_rename *rename, uint64_t offset, size_t len,
        const uint8_t *old_bytes, const uint8_t *new_bytes, struct error *err)
{
	if (rename->count == NTFS_RENAME_BLOCKS)
		return rename_unsafe(err, "its records are in too many pieces");
	for (size_t i = 0; i < rename->count; i++) {
		const struct ntfs_block *other = &rename->blocks[i];
		if (offset < other->offset + other->len && other->offset < offset + len)
			return raw_damaged(
			        err, "two records share byte %ju of the volume", (uintmax_t)offset);
	}
	struct ntfs_block *b = &rename->blocks[rename->count++];
	*b = (struct ntfs_block){.offset = offset, .len = (uint32_t)len};
	b->old_bytes = malloc(len);
	b->new_bytes = malloc(len);
	if (!b->old_bytes || !b->new_bytes)
		return raw_no_memory(err);
	memcpy(b->old_bytes, old_bytes, len);
	memcpy(b->new_bytes, new_bytes, len);
	return 0;
}

/* One block, or several where small clusters tear the record apart. */
static int add_blocks(
        struct edits *e, struct edited *record, struct ntfs_rename *rename, struct error *err)
{
	const struct raw_runs *runs = runs_of(e, record->in_index);
	CLEANUP_FREE uint8_t *old_bytes = malloc(record->len);

	if (!old_bytes)
		return raw_no_memory(err);
	int r = raw_read(&e->r->v, runs, record->offset, old_bytes, record->len, err);
	raw_fixup_apply(record->bytes, record->len);
	for (size_t at = 0; r == 0 && at < record->len;) {
		uint64_t offset;
		size_t len;
		r = raw_place(&e->r->v, runs, record->offset + at, record->len - at, &offset, &len);
		if (r < 0)
			return raw_damaged(err, "a record is nowhere on the volume");
		r = add_block(rename, offset, len, old_bytes + at, record->bytes + at, err);
		at += len;
	}
	return r;
}

int rename_make_blocks(struct renaming *r, struct ntfs_rename *ret, struct error *err)
{
	struct edits e = {.r = r};
	int done = 0;

	for (size_t i = 0; done == 0 && i < r->count; i++) {
		done = edit(&e, &r->names[i].now.spot, &r->names[i], err);
		if (done == 0)
			done = edit(&e, &r->names[i].entry, &r->names[i], err);
	}
	for (size_t i = 0; done == 0 && i < e.count; i++)
		done = add_blocks(&e, &e.records[i], ret, err);
	for (size_t i = 0; i < e.count; i++)
		free(e.records[i].bytes);
	return done;
}
