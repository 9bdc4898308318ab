/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a file must have, in which order and in which form. */
#include "tests/ntfscheck/internal.h"

#define LAST_TYPE   0x100u /* $LOGGED_UTILITY_STREAM */
#define SHORT_INFO  48     /* $STANDARD_INFORMATION of NTFS 1.2, and of mkntfs' system files */
#define LONG_INFO   72
#define NAME_LEN    64
#define NAME_SPACE  65
#define NAME_AT     66
#define RESERVED    12 /* records 12 to 15 have nothing but $STANDARD_INFORMATION and $DATA */
#define RESERVED_TO 16

static void check_order(struct volume *v, uint64_t number, const struct record *r)
{
	for (size_t i = 1; i < r->attribute_count; i++) {
		const struct attribute *a = &r->attributes[i - 1], *b = &r->attributes[i];
		int order = (a->type > b->type) - (a->type < b->type);
		if (order == 0)
			order = names_compare(v, a->name, a->name_len, b->name, b->name_len);
		if (order == 0 && !a->resident && !b->resident)
			order = (a->lowest > b->lowest) - (a->lowest < b->lowest);
		if (order > 0)
			finding(v, "attribute-order", number, "attribute 0x%x", b->type);
	}
}

static void check_form(struct volume *v, uint64_t number, const struct stream *s)
{
	bool always = s->type == AT_STANDARD_INFORMATION || s->type == AT_FILE_NAME ||
	              s->type == AT_OBJECT_ID || s->type == AT_VOLUME_NAME ||
	              s->type == AT_VOLUME_INFORMATION || s->type == AT_INDEX_ROOT;

	if (s->type == 0 || s->type % 16 != 0 || s->type > LAST_TYPE)
		finding(v, "attribute-form", number, "attribute type 0x%x", s->type);
	if (s->resident ? s->type == AT_INDEX_ALLOCATION : always)
		finding(v, "attribute-form", number, "attribute 0x%x is%s resident", s->type,
		        s->resident ? "" : " not");
}

static void check_file_name(struct volume *v, uint64_t number, const struct stream *s)
{
	if (!s->resident)
		return; /* told already */
	if (s->value_len < NAME_AT || s->value[NAME_LEN] == 0 || s->value[NAME_SPACE] > 3 ||
	        s->value_len != NAME_AT + s->value[NAME_LEN] * 2u)
		finding(v, "file-name", number, "its size or name space");
}

static void check_information(struct volume *v, uint64_t number, const struct record *r)
{
	const struct stream *s = stream_find(r, AT_STANDARD_INFORMATION, "");

	if (!s)
		finding(v, "standard-information", number, "is missing");
	else if (s->resident && s->value_len != SHORT_INFO && s->value_len != LONG_INFO)
		finding(v, "standard-information", number, "has %u bytes", s->value_len);
}

/* Flags in the header against the indexes there are; a file without index has data. */
static void check_kind(struct volume *v, uint64_t number, const struct record *r)
{
	bool directory = stream_find(r, AT_INDEX_ROOT, "$I30"), view = false;

	for (size_t i = 0; i < r->stream_count; i++)
		if (r->streams[i].type == AT_INDEX_ROOT &&
		        !name_is(r->streams[i].name, r->streams[i].name_len, "$I30"))
			view = true;
	if (directory != !!(r->flags & RECORD_DIRECTORY))
		finding(v, "record-flags", number, "directory flag and $I30 index do not agree");
	if (view != !!(r->flags & RECORD_VIEW_INDEX))
		finding(v, "record-flags", number, "view flag and indexes do not agree");
	if (!directory && !view && !stream_find(r, AT_DATA, ""))
		finding(v, "no-data", number, "no $DATA and no index");
}

static void check_record(struct volume *v, uint64_t number, const struct record *r)
{
	unsigned names = 0;

	check_information(v, number, r);
	check_kind(v, number, r);
	for (size_t i = 0; i < r->stream_count; i++) {
		check_form(v, number, &r->streams[i]);
		if (r->streams[i].type == AT_FILE_NAME) {
			check_file_name(v, number, &r->streams[i]);
			names++;
		}
	}
	if (r->links != names)
		finding(v, "links", number, "%u links, %u names", r->links, names);
	if (names == 0 && (number < RESERVED || number >= RESERVED_TO))
		finding(v, "no-name", number, "in use without a name");
}

void attributes_check(struct volume *v)
{
	for (uint64_t i = 0; i < v->record_count; i++) {
		const struct record *r = &v->records[i];
		if (!r->bytes)
			continue;
		check_order(v, i, r);
		if (r->base == 0)
			check_record(v, i, r);
	}
}
