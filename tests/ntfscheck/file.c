/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base and extent records, and the $ATTRIBUTE_LIST that holds them together. */
#include "tests/ntfscheck/internal.h"

#include <stdlib.h>

struct record *base_record(const struct volume *v, uint64_t number)
{
	struct record *r = number < v->record_count ? &v->records[number] : NULL;

	return r && r->bytes && r->base == 0 ? r : NULL;
}

bool name_is(const uint8_t *name, size_t len, const char *ascii)
{
	if (strlen(ascii) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (le16(name + 2 * i) != (uint8_t)ascii[i])
			return false;
	return true;
}

const struct stream *stream_find(const struct record *r, uint32_t type, const char *name)
{
	for (size_t i = 0; i < r->stream_count; i++) {
		const struct stream *s = &r->streams[i];
		if (s->type == type && name_is(s->name, s->name_len, name))
			return s;
	}
	return NULL;
}

static void link_extent(struct volume *v, uint64_t number)
{
	uint64_t ref = v->records[number].base;
	struct record *base = base_record(v, REF_NUMBER(ref));

	if (!base || base->sequence != REF_SEQUENCE(ref)) {
		finding(v, "extent", number, "its base record %ju is not in use, or another one's",
		        (uintmax_t)REF_NUMBER(ref));
		return;
	}
	uint64_t *place = append(v, &base->extents, &base->extent_count, sizeof(*place));
	*place = number;
}

static int by_type_name_vcn(const void *left, const void *right)
{
	const struct attribute *a = *(struct attribute *const *)left;
	const struct attribute *b = *(struct attribute *const *)right;
	size_t shorter = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = (a->type > b->type) - (a->type < b->type);

	if (order == 0)
		order = memcmp(a->name, b->name, shorter * 2);
	if (order == 0)
		order = (a->name_len > b->name_len) - (a->name_len < b->name_len);
	if (order == 0)
		order = (a->lowest > b->lowest) - (a->lowest < b->lowest);
	if (order == 0)
		order = (a->record > b->record) - (a->record < b->record);
	if (order == 0)
		order = (a->id > b->id) - (a->id < b->id);
	return order;
}

/* All attributes of a file, in one order. */
static void gather(struct volume *v, struct record *base)
{
	size_t count = base->attribute_count;

	for (size_t i = 0; i < base->extent_count; i++)
		count += v->records[base->extents[i]].attribute_count;
	base->all = keep(v, count + 1, sizeof(*base->all));
	for (size_t i = 0; i < base->attribute_count; i++)
		base->all[base->all_count++] = &base->attributes[i];
	for (size_t i = 0; i < base->extent_count; i++) {
		struct record *extent = &v->records[base->extents[i]];
		for (size_t k = 0; k < extent->attribute_count; k++)
			base->all[base->all_count++] = &extent->attributes[k];
	}
	qsort(base->all, base->all_count, sizeof(struct attribute *), by_type_name_vcn);
}

/* The attribute that an entry of the list means, or NULL. */
static struct attribute *listed(struct record *base, const uint8_t *entry)
{
	const uint8_t *name = entry + entry[7];

	for (size_t i = 0; i < base->all_count; i++) {
		struct attribute *a = base->all[i];
		if (a->type == le32(entry) && a->id == le16(entry + 24) &&
		        a->record == REF_NUMBER(le64(entry + 16)) && a->name_len == entry[6] &&
		        memcmp(a->name, name, a->name_len * 2u) == 0 &&
		        (a->resident ? 0 : a->lowest) == le64(entry + 8) && !a->listed)
			return a;
	}
	return NULL;
}

static void check_list(
        struct volume *v, uint64_t number, struct record *base, const uint8_t *list, size_t len)
{
	uint32_t last_type = 0;
	size_t at = 0;

	while (len - at >= 26) {
		const uint8_t *entry = list + at;
		size_t size = le16(entry + 4);
		uint64_t ref = le64(entry + 16), target = REF_NUMBER(ref);
		if (size < 26 || size % 8 != 0 || size > len - at ||
		        entry[7] + entry[6] * 2u > size || le32(entry) < last_type)
			break;
		struct attribute *a = listed(base, entry);
		if (!a || v->records[target].sequence != REF_SEQUENCE(ref))
			finding(v, "attribute-list", number,
			        "entry of type 0x%x names no attribute of record %ju", le32(entry),
			        (uintmax_t)target);
		if (a)
			a->listed = true;
		last_type = le32(entry);
		at += size;
	}
	if (at != len)
		finding(v, "attribute-list", number, "entries are malformed or out of order");
	for (size_t i = 0; i < base->all_count; i++)
		if (!base->all[i]->listed && base->all[i]->type != AT_ATTRIBUTE_LIST)
			finding(v, "attribute-list", number,
			        "does not name attribute 0x%x of record %ju", base->all[i]->type,
			        (uintmax_t)base->all[i]->record);
}

static void check_lists(struct volume *v, uint64_t number, struct record *base)
{
	const struct stream *s = stream_find(base, AT_ATTRIBUTE_LIST, "");
	size_t len = 0;
	const uint8_t *list = s ? stream_load(v, s, &len) : NULL;

	if (s && (!list || len == 0))
		finding(v, "attribute-list", number, "cannot be read");
	else if (s)
		check_list(v, number, base, list, len);
	else if (base->extent_count > 0)
		finding(v, "extent", base->extents[0], "its base record %ju has no list",
		        (uintmax_t)number);
}

void files_assemble(struct volume *v)
{
	v->owners = keep(v, v->clusters, sizeof(*v->owners));
	for (uint64_t i = 0; i < v->record_count; i++)
		if (v->records[i].bytes && v->records[i].base != 0)
			link_extent(v, i);
	for (uint64_t i = 0; i < v->record_count; i++) {
		struct record *base = base_record(v, i);
		if (!base)
			continue;
		gather(v, base);
		streams_assemble(v, i, base);
		check_lists(v, i, base);
	}
}
