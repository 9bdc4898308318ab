/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One FILE record: update sequence, header, and the attributes in it. */
#include "tests/ntfscheck/internal.h"

#define STRIDE 512u /* bytes an update sequence number guards */

const char *fixups_undo(uint8_t *bytes, size_t len)
{
	size_t at = le16(bytes + 4), count = le16(bytes + 6);

	if (count != len / STRIDE + 1 || at % 2 != 0 || at < 0x28 || at + count * 2 > STRIDE - 2)
		return "update sequence array out of place";
	for (size_t i = 1; i < count; i++)
		if (memcmp(bytes + i * STRIDE - 2, bytes + at, 2) != 0)
			return "update sequence numbers differ (torn write)";
	for (size_t i = 1; i < count; i++)
		memcpy(bytes + i * STRIDE - 2, bytes + at + i * 2, 2);
	return NULL;
}

bool attribute_is(const struct attribute *a, uint32_t type, const char *name)
{
	return a->type == type && name_is(a->name, a->name_len, name);
}

static const char *parse_resident(const uint8_t *p, uint32_t len, struct attribute *a)
{
	uint32_t at = le16(p + 20);

	a->resident = true;
	a->value_len = le32(p + 16);
	if (at < 24 || at % 8 != 0 || at > len || a->value_len > len - at)
		return "value outside the attribute";
	if (a->name_len > 0 && le16(p + 10) + a->name_len * 2u > at)
		return "name and value overlap";
	a->value = p + at;
	return NULL;
}

static const char *parse_runs(const uint8_t *p, uint32_t len, struct attribute *a)
{
	uint32_t at = le16(p + 32);

	if (len < 64 || at < 64 || at > len)
		return "runs outside the attribute";
	if (a->name_len > 0 && le16(p + 10) + a->name_len * 2u > at)
		return "name and runs overlap";
	a->lowest = le64(p + 16);
	a->highest = le64(p + 24);
	a->unit = p[34];
	a->allocated = le64(p + 40);
	a->size = le64(p + 48);
	a->initialized = le64(p + 56);
	a->stored = at >= 72 ? le64(p + 64) : 0;
	a->pairs = p + at;
	a->pairs_len = len - at;
	return NULL;
}

/* The attribute of len bytes at p. */
static const char *parse_attribute(const uint8_t *p, uint32_t len, struct attribute *a)
{
	uint32_t name_at = le16(p + 10);

	a->type = le32(p);
	a->name_len = p[9];
	a->flags = le16(p + 12);
	a->id = le16(p + 14);
	if (a->name_len > 0 && (name_at < 24 || name_at > len || a->name_len * 2u > len - name_at))
		return "name outside the attribute";
	a->name = a->name_len > 0 ? p + name_at : p;
	if (p[8] > 1)
		return "neither resident nor not";
	return p[8] == 0 ? parse_resident(p, len, a) : parse_runs(p, len, a);
}

static bool parse_attributes(struct volume *v, uint64_t number, struct record *r)
{
	uint32_t at = le16(r->bytes + 20), in_use = le32(r->bytes + 24);

	while (at <= in_use - 8 && le32(r->bytes + at) != AT_END) {
		uint32_t len = le32(r->bytes + at + 4);
		struct attribute a = {.record = number};
		if (len < 24 || len % 8 != 0 || len > in_use - 8 - at) {
			finding(v, "attribute", number, "length of the attribute at %u", at);
			return false;
		}
		const char *wrong = parse_attribute(r->bytes + at, len, &a);
		if (wrong) {
			finding(v, "attribute", number, "at %u: %s", at, wrong);
			return false;
		}
		struct attribute *kept = append(v, &r->attributes, &r->attribute_count, sizeof(a));
		*kept = a;
		at += len;
	}
	if (at != in_use - 8)
		finding(v, "record-end", number, "the end marker is not where the record ends");
	return at <= in_use - 8;
}

static void check_ids(struct volume *v, uint64_t number, const struct record *r)
{
	uint16_t next = le16(r->bytes + 40);

	for (size_t i = 0; i < r->attribute_count; i++) {
		const struct attribute *a = &r->attributes[i];
		bool twice = false;
		for (size_t k = 0; k < i; k++)
			twice = twice || r->attributes[k].id == a->id;
		if (twice || a->id >= next)
			finding(v, "attribute-id", number, "id %u of attribute 0x%x", a->id,
			        a->type);
	}
}

bool record_parse(struct volume *v, uint64_t number, struct record *r)
{
	const uint8_t *p = r->bytes;
	uint32_t array_end = le16(p + 4) + le16(p + 6) * 2u, first = le16(p + 20);
	uint32_t in_use = le32(p + 24);

	r->sequence = le16(p + 16);
	r->links = le16(p + 18);
	r->flags = le16(p + 22);
	r->base = le64(p + 32);
	if (le16(p + 4) >= 0x30 && le32(p + 44) != (uint32_t)number)
		finding(v, "record-number", number, "calls itself %u", le32(p + 44));
	if (r->sequence == 0)
		finding(v, "record", number, "sequence number 0");
	if (le32(p + 28) != v->record_size || in_use > v->record_size || in_use % 8 != 0 ||
	        first % 8 != 0 || first < array_end || in_use < first + 8) {
		finding(v, "record", number, "sizes in the header");
		return false;
	}
	if (!parse_attributes(v, number, r))
		return false;
	check_ids(v, number, r);
	return true;
}
