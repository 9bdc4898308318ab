/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file: its base record, and what its attribute list says is in other records. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/raw.h"

#include <errno.h>
#include <string.h>

#define ATTRIBUTE_LIST 0x20
#define LAST           0xffffffffu
#define LIST_MAX       (256 * 1024) /* bytes; Windows allows no more */

/* Offsets in a FILE record. */
#define FILE_SEQUENCE   0x10
#define FILE_ATTRIBUTES 0x14
#define FILE_FLAGS      0x16
#define FILE_USED       0x18
#define FILE_BASE       0x20
#define FILE_HEADER     0x2a

#define FLAG_IN_USE    0x1
#define FLAG_DIRECTORY 0x2

/* A FILE record in memory, its update sequence taken out. */
struct record {
	uint64_t number;
	uint8_t *bytes;
	size_t used;
};

static void record_free(struct record *r)
{
	free(r->bytes);
}
#define CLEANUP_RECORD CLEANUP(record_free)

/* base: 0 for a base record, else the reference of the base it must belong to. */
static int read_record(struct raw_volume *v, uint64_t reference, uint64_t base, struct record *ret,
        struct error *err)
{
	uint64_t number = RAW_RECORD(reference);
	size_t size = v->geometry.record_size;

	if (number > v->mft.size / size)
		return raw_damaged(err, "there is no record %ju", (uintmax_t)number);
	uint8_t *bytes = ret->bytes ? ret->bytes : malloc(size);
	if (!bytes)
		return raw_no_memory(err);
	ret->bytes = bytes;
	int r = raw_record_read(v, &v->mft, number * size, "FILE", bytes, size, err);
	if (r < 0)
		return r;
	uint16_t sequence = get_le16(bytes + FILE_SEQUENCE);
	size_t used = get_le32(bytes + FILE_USED);
	if (!(get_le16(bytes + FILE_FLAGS) & FLAG_IN_USE) ||
	        (RAW_SEQUENCE(reference) && RAW_SEQUENCE(reference) != sequence))
		return raw_damaged(err, "record %ju holds another file now", (uintmax_t)number);
	uint64_t belongs = get_le64(bytes + FILE_BASE);
	if (base ? RAW_RECORD(belongs) != RAW_RECORD(base) : belongs != 0)
		return raw_damaged(err, "record %ju belongs to another record", (uintmax_t)number);
	if (used > size || used < FILE_HEADER)
		return raw_damaged(err, "record %ju: wrong length", (uintmax_t)number);
	ret->number = number;
	ret->used = used;
	return 0;
}

/* The part of an attribute's header that depends on where its content is. */
static bool parse_value(const uint8_t *at, size_t len, struct raw_attribute *a)
{
	size_t value;

	a->resident = at[8] == 0;
	if (a->resident) {
		a->value_len = get_le32(at + 16);
		value = get_le16(at + 20);
		if (!range_within(value, a->value_len, len))
			return false;
	} else {
		if (len < 64)
			return false;
		a->lowest = get_le64(at + 16);
		a->highest = get_le64(at + 24);
		a->size = get_le64(at + 48);
		value = get_le16(at + 32);
		if (value < 64 || value > len)
			return false;
		a->value_len = (uint32_t)(len - value);
	}
	a->value = at + value;
	return true;
}

/* The attribute at *offset, which then is that of the next. 1, 0 at the end. */
static int next_attribute(
        const struct record *r, size_t *offset, struct raw_attribute *ret, struct error *err)
{
	const uint8_t *at = r->bytes + *offset;
	size_t left = *offset <= r->used ? r->used - *offset : 0;
	struct raw_attribute a = {.record = r->number};

	if (left >= 4 && get_le32(at) == LAST)
		return 0;
	size_t len = left >= 24 ? get_le32(at + 4) : 0;
	if (len < 24 || len > left || len % 8 != 0)
		return raw_damaged(
		        err, "record %ju: wrong length of an attribute", (uintmax_t)r->number);
	size_t name = get_le16(at + 10);
	a.type = get_le32(at);
	a.name_len = at[9];
	a.instance = get_le16(at + 14);
	if (!range_within(name, 2u * a.name_len, len) || !parse_value(at, len, &a))
		return raw_damaged(err, "record %ju: attribute %#x does not hold together",
		        (uintmax_t)r->number, a.type);
	a.name = at + name;
	a.value_offset = (size_t)(a.value - r->bytes);
	*offset += len;
	*ret = a;
	return 1;
}

static bool is_named(const uint8_t *units, size_t len, const char *name)
{
	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (get_le16(units + 2 * i) != (uint8_t)name[i])
			return false;
	return true;
}

/* What raw_each_attribute() looks for. */
struct search {
	uint32_t type;
	const char *name;
	int instance; /* -1: any */
	const struct raw_visitor *visitor;
	bool met;
};

static int search_record(const struct record *r, struct search *s, struct error *err)
{
	size_t offset = get_le16(r->bytes + FILE_ATTRIBUTES);
	struct raw_attribute a;
	int got;

	if (offset < FILE_HEADER || offset % 8 != 0)
		return raw_damaged(err, "record %ju: no attributes", (uintmax_t)r->number);
	while ((got = next_attribute(r, &offset, &a, err)) > 0) {
		if (a.type != s->type || !is_named(a.name, a.name_len, s->name) ||
		        (s->instance >= 0 && s->instance != a.instance))
			continue;
		s->met = true;
		int done = s->visitor->attribute(s->visitor->context, &a, err);
		if (done != 0)
			return done;
	}
	return got;
}

/* --- attribute lists ---------------------------------------------------------------------------
 */

struct list {
	struct raw_volume *v;
	uint8_t *bytes; /* NULL: the file has none */
	size_t len;
};

static int take_list(void *context, const struct raw_attribute *a, struct error *err)
{
	struct list *list = context;
	CLEANUP(raw_runs_free) struct raw_runs runs = {0};
	uint64_t len = a->resident ? a->value_len : a->size;

	if (list->bytes || len > LIST_MAX)
		return raw_damaged(err, "record %ju: more than an attribute list may hold",
		        (uintmax_t)a->record);
	list->bytes = malloc(len + 1);
	if (!list->bytes)
		return raw_no_memory(err);
	list->len = (size_t)len;
	if (a->resident) {
		memcpy(list->bytes, a->value, list->len);
		return 0;
	}
	int r = raw_runs_append(list->v, a, &runs, err);
	return r < 0 ? r : raw_read(list->v, &runs, 0, list->bytes, list->len, err);
}

/* The attributes that one file's list names, in the list's order. */
static int search_listed(
        const struct list *list, const struct record *base, struct search *s, struct error *err)
{
	CLEANUP_RECORD struct record other = {0};
	uint64_t reference = base->number | (uint64_t)get_le16(base->bytes + FILE_SEQUENCE) << 48;
	size_t at = 0;

	while (at < list->len) {
		const uint8_t *e = list->bytes + at;
		size_t left = list->len - at, len = left >= 26 ? get_le16(e + 4) : 0;
		if (len < 26 || len > left || len % 8 != 0 || !range_within(e[7], 2u * e[6], len))
			return raw_damaged(err, "record %ju: its attribute list makes no sense",
			        (uintmax_t)base->number);
		at += len;
		if (get_le32(e) != s->type || !is_named(e + e[7], e[6], s->name))
			continue;
		uint64_t where = get_le64(e + 16);
		const struct record *r = RAW_RECORD(where) == base->number ? base : &other;
		int done = 0;
		if (r != base && (!other.bytes || other.number != RAW_RECORD(where)))
			done = read_record(list->v, where, reference, &other, err);
		s->instance = get_le16(e + 24);
		s->met = false;
		if (done == 0)
			done = search_record(r, s, err);
		if (done == 0 && !s->met)
			return raw_damaged(err,
			        "record %ju: attribute %#x is not where its list says",
			        (uintmax_t)base->number, s->type);
		if (done != 0)
			return done;
	}
	return 0;
}

int raw_each_attribute(struct raw_volume *v, uint64_t reference, uint32_t type, const char *name,
        const struct raw_visitor *visitor, struct error *err)
{
	CLEANUP_RECORD struct record base = {0};
	struct list list = {.v = v};
	const struct raw_visitor lister = {take_list, &list};
	struct search for_list = {ATTRIBUTE_LIST, "", -1, &lister, false};
	struct search s = {type, name, -1, visitor, false};

	int r = read_record(v, reference, 0, &base, err);
	if (r == 0)
		r = search_record(&base, &for_list, err);
	if (r == 0)
		r = list.bytes ? search_listed(&list, &base, &s, err)
		               : search_record(&base, &s, err);
	free(list.bytes);
	return r;
}

int raw_is_directory(struct raw_volume *v, uint64_t reference, bool *ret, struct error *err)
{
	CLEANUP_RECORD struct record r = {0};
	int done = read_record(v, reference, 0, &r, err);

	if (done == 0)
		*ret = get_le16(r.bytes + FILE_FLAGS) & FLAG_DIRECTORY;
	return done;
}
