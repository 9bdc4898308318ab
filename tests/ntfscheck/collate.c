/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of index keys, by the volume's own $UpCase for names. */
#include "tests/ntfscheck/internal.h"

#define UPCASE_LEN (65536u * 2)

#define COLLATE_BINARY        0x00u
#define COLLATE_FILE_NAME     0x01u
#define COLLATE_ULONG         0x10u
#define COLLATE_SECURITY_HASH 0x12u
#define COLLATE_ULONGS        0x13u

#define NAME_LEN 64 /* in $FILE_NAME: length, name space, name */
#define NAME_AT  66

void upcase_load(struct volume *v)
{
	struct record *r = base_record(v, RECORD_UPCASE);
	const struct stream *s = r ? stream_find(r, AT_DATA, "") : NULL;
	size_t len = 0;
	const uint8_t *table = s ? stream_load(v, s, &len) : NULL;

	if (table && len == UPCASE_LEN && le16(table + 2 * 'a') == 'A')
		v->upcase = table;
	else
		finding(v, "upcase", NO_RECORD, "is not a table of 65536 units");
}

static uint16_t upper(const struct volume *v, uint16_t unit)
{
	return v->upcase ? le16(v->upcase + 2u * unit) : unit;
}

int names_compare(
        const struct volume *v, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t shorter = a_len < b_len ? a_len : b_len;

	for (size_t i = 0; i < shorter; i++) {
		uint16_t x = upper(v, le16(a + 2 * i)), y = upper(v, le16(b + 2 * i));
		if (x != y)
			return x < y ? -1 : 1;
	}
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	/* Equal but for case: names of the POSIX name space. */
	for (size_t i = 0; i < shorter; i++) {
		uint16_t x = le16(a + 2 * i), y = le16(b + 2 * i);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static int compare_lengths(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare_bytes(const struct entry *a, const struct entry *b)
{
	size_t shorter = a->key_len < b->key_len ? a->key_len : b->key_len;
	int order = memcmp(a->key, b->key, shorter);

	return order ? order : compare_lengths(a->key_len, b->key_len);
}

static int compare_ulongs(const struct entry *a, const struct entry *b)
{
	size_t shorter = a->key_len < b->key_len ? a->key_len : b->key_len;

	for (size_t i = 0; i + 4 <= shorter; i += 4) {
		uint32_t x = le32(a->key + i), y = le32(b->key + i);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return compare_lengths(a->key_len, b->key_len);
}

int keys_compare(const struct volume *v, uint32_t collation, const struct entry *a,
        const struct entry *b, bool *ret_known)
{
	*ret_known = true;
	switch (collation) {
	case COLLATE_FILE_NAME:
		return names_compare(
		        v, a->key + NAME_AT, a->key[NAME_LEN], b->key + NAME_AT, b->key[NAME_LEN]);
	case COLLATE_BINARY:
		return compare_bytes(a, b);
	case COLLATE_ULONG:
	case COLLATE_SECURITY_HASH: /* hash, then id */
	case COLLATE_ULONGS:
		return compare_ulongs(a, b);
	default: /* owners of quotas by SID among them */
		*ret_known = false;
		return -1;
	}
}
