/* SPDX-License-Identifier: GPL-3.0-or-later */
/* $Extend\$ObjId and $Extend\$Reparse: an entry for each file that has the attribute, and no other.
 */
#include "tests/ntfscheck/internal.h"

#define NAME_AT     66
#define GUID        16
#define REPARSE_KEY 12 /* tag (4), reference (8) */

/* The record of the file called name in $Extend, or NO_RECORD. */
static uint64_t in_extend(const struct volume *v, const char *name)
{
	const struct index *index = index_find(v, RECORD_EXTEND, "$I30");

	for (size_t i = 0; index && i < index->entry_count; i++) {
		const struct entry *e = &index->entries[i];
		if (name_is(e->key + NAME_AT, (e->key_len - NAME_AT) / 2u, name))
			return REF_NUMBER(e->ref);
	}
	return NO_RECORD;
}

/* The file's value of the attribute type, at least len bytes, or NULL. */
static const uint8_t *value_of(struct volume *v, uint64_t ref, uint32_t type, size_t min)
{
	const struct record *r = base_record(v, REF_NUMBER(ref));
	const struct stream *s =
	        r && r->sequence == REF_SEQUENCE(ref) ? stream_find(r, type, "") : NULL;
	size_t len = 0;
	const uint8_t *value = s ? stream_load(v, s, &len) : NULL;

	return value && len >= min ? value : NULL;
}

/* Counts the files that have the attribute. */
static size_t count_files(const struct volume *v, uint32_t type)
{
	size_t count = 0;

	for (uint64_t i = 0; i < v->record_count; i++) {
		const struct record *r = base_record(v, i);
		if (r && stream_find(r, type, ""))
			count++;
	}
	return count;
}

/* Each entry is a file's, no file has two entries, so equal counts mean that none is missing. */
static void check_count(struct volume *v, const char *kind, uint32_t type, size_t entries)
{
	size_t files = count_files(v, type);

	if (files != entries)
		finding(v, kind, NO_RECORD, "%zu files have one, the index has %zu", files,
		        entries);
}

static void check_object_ids(struct volume *v, const struct index *index)
{
	for (size_t i = 0; i < index->entry_count; i++) {
		const struct entry *e = &index->entries[i];
		uint64_t ref = e->data_len >= 8 ? le64(e->data) : NO_RECORD;
		const uint8_t *id = value_of(v, ref, AT_OBJECT_ID, GUID);
		if (e->key_len != GUID || !id || memcmp(id, e->key, GUID) != 0)
			finding(v, "object-id", index->record, "entry %zu is no file's", i);
	}
	check_count(v, "object-id", AT_OBJECT_ID, index->entry_count);
}

static void check_reparse_points(struct volume *v, const struct index *index)
{
	for (size_t i = 0; i < index->entry_count; i++) {
		const struct entry *e = &index->entries[i];
		uint64_t ref = e->key_len == REPARSE_KEY ? le64(e->key + 4) : NO_RECORD;
		const uint8_t *point = value_of(v, ref, AT_REPARSE_POINT, 8);
		if (!point || memcmp(point, e->key, 4) != 0)
			finding(v, "reparse", index->record, "entry %zu is no file's", i);
	}
	check_count(v, "reparse", AT_REPARSE_POINT, index->entry_count);
}

void extend_check(struct volume *v)
{
	const struct index *ids = index_find(v, in_extend(v, "$ObjId"), "$O");
	const struct index *points = index_find(v, in_extend(v, "$Reparse"), "$R");

	if (ids)
		check_object_ids(v, ids);
	else
		check_count(v, "object-id", AT_OBJECT_ID, 0);
	if (points)
		check_reparse_points(v, points);
	else
		check_count(v, "reparse", AT_REPARSE_POINT, 0);
}
