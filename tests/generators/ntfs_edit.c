/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/ntfs_edit.h"
#include "fixer/base/bytes.h"

#include <string.h>

#define STRIDE      512 /* bytes that one update sequence number guards */
#define AT_NAME     0x30
#define AT_DATA     0x80
#define AT_END      0xffffffffu
#define NAME_LEN    64 /* in $FILE_NAME */
#define NAME_AT     66
#define FLAG_IN_USE 1
#define BASE_AT     32 /* the reference to the base record, 0 in a base record */

bool ntfs_edit_volume(uint8_t *bytes, uint64_t size, struct ntfs_edit *ret)
{
	uint8_t record[EDIT_RECORD];
	struct ntfs_edit e = {.bytes = bytes, .size = size};

	if (size < 4096 || memcmp(bytes + 3, "NTFS", 4) != 0)
		return false;
	e.cluster = (uint32_t)get_le16(bytes + 11) * bytes[13];
	e.mft = get_le64(bytes + 48) * e.cluster;
	if (e.cluster == 0 || !range_within(e.mft, EDIT_RECORD, size))
		return false;
	memcpy(record, bytes + e.mft, sizeof(record));
	ntfs_edit_open(record, sizeof(record));
	const uint8_t *data = ntfs_edit_attribute(record, AT_DATA, 0);
	if (!data || data[8] != 1)
		return false;
	const uint8_t *run = data + get_le16(data + 32);
	uint64_t clusters = 0;
	for (unsigned i = run[0] & 15; i > 0; i--)
		clusters = clusters << 8 | run[i];
	e.records = clusters * e.cluster / EDIT_RECORD;
	if (!range_within(e.mft, e.records * EDIT_RECORD, size))
		return false;
	*ret = e;
	return true;
}

uint8_t *ntfs_edit_record(const struct ntfs_edit *e, uint64_t number)
{
	return number < e->records ? e->bytes + e->mft + number * EDIT_RECORD : NULL;
}

/* Where the update sequence array of len bytes is; NULL when it is out of place. */
static uint8_t *sequence_of(uint8_t *block, size_t len)
{
	size_t at = get_le16(block + 4);

	return range_within(at, (len / STRIDE + 1) * 2, STRIDE - 2) ? block + at : NULL;
}

void ntfs_edit_open(uint8_t *block, size_t len)
{
	const uint8_t *sequence = sequence_of(block, len);

	for (size_t i = 1; sequence && i <= len / STRIDE; i++)
		memcpy(block + i * STRIDE - 2, sequence + 2 * i, 2);
}

void ntfs_edit_close(uint8_t *block, size_t len)
{
	uint8_t *sequence = sequence_of(block, len);

	for (size_t i = 1; sequence && i <= len / STRIDE; i++) {
		memcpy(sequence + 2 * i, block + i * STRIDE - 2, 2);
		memcpy(block + i * STRIDE - 2, sequence, 2);
	}
}

uint8_t *ntfs_edit_attribute(uint8_t *record, uint32_t type, unsigned nth)
{
	size_t at = get_le16(record + 20);

	while (at + 24 <= EDIT_RECORD && get_le32(record + at) != AT_END) {
		uint32_t len = get_le32(record + at + 4);
		if (len == 0 || len > EDIT_RECORD - at)
			return NULL;
		if (get_le32(record + at) == type && nth-- == 0)
			return record + at;
		at += len;
	}
	return NULL;
}

static bool has_name(const uint8_t *record, const char *name)
{
	uint8_t copy[EDIT_RECORD];
	size_t len = strlen(name);
	const uint8_t *a;

	memcpy(copy, record, sizeof(copy));
	ntfs_edit_open(copy, sizeof(copy));
	for (unsigned i = 0; (a = ntfs_edit_attribute(copy, AT_NAME, i)); i++) {
		const uint8_t *value = a + get_le16(a + 20);
		bool same = value[NAME_LEN] == len;
		for (size_t k = 0; same && k < len; k++)
			same = get_le16(value + NAME_AT + 2 * k) == (uint8_t)name[k];
		if (same)
			return true;
	}
	return false;
}

uint64_t ntfs_edit_find(const struct ntfs_edit *e, const char *name)
{
	for (uint64_t i = 0; i < e->records; i++) {
		const uint8_t *record = ntfs_edit_record(e, i);
		if (memcmp(record, "FILE", 4) == 0 && record[22] & FLAG_IN_USE &&
		        has_name(record, name))
			return get_le64(record + BASE_AT) ? get_le32(record + BASE_AT) : i;
	}
	return EDIT_NONE;
}

uint64_t ntfs_edit_first_run(const struct ntfs_edit *e, const uint8_t *attribute)
{
	uint32_t len = get_le32(attribute + 4), at = get_le16(attribute + 32);
	uint64_t lcn = 0;

	if (attribute[8] != 1 || len < 64 || at >= len)
		return EDIT_NONE;
	const uint8_t *run = attribute + at;
	unsigned len_size = run[0] & 15, lcn_size = run[0] >> 4;
	if (lcn_size == 0 || 1 + len_size + lcn_size > len - at) /* empty, or a hole */
		return EDIT_NONE;
	for (unsigned i = lcn_size; i > 0; i--)
		lcn = lcn << 8 | run[len_size + i];
	return lcn < e->size / e->cluster ? lcn * e->cluster : EDIT_NONE;
}
