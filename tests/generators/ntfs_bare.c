/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/ntfs_bare.h"
#include "fixer/base/bytes.h"

#include <ctype.h>
#include <string.h>

#define FIRST_ATTRIBUTE 0x38
#define SEQUENCE_ARRAY  0x28 /* of a block; a record has it at 0x30 */
#define VOLUME_UNITS    (BARE_SIZE / BARE_UNIT)

static uint32_t per_cluster(const struct bare_ntfs *b)
{
	return b->cluster / BARE_UNIT;
}

static void put_boot(struct bare_ntfs *b)
{
	uint8_t *boot = b->bytes;
	uint32_t clusters = per_cluster(b);

	memcpy(boot + 3, "NTFS    ", 8);
	put_le16(boot + 11, BARE_UNIT);
	boot[13] = (uint8_t)clusters;
	put_le64(boot + 40, VOLUME_UNITS - 1);
	put_le64(boot + 48, BARE_MFT / clusters);
	put_le64(boot + 56, BARE_FREE / clusters);
	boot[64] = b->record_size == 1024 ? 0xf6 : 0xf4; /* 2 to the power of minus that */
	boot[68] = 0xf4;
	memcpy(boot + 510, "\x55\xaa", 2);
}

static void put_upcase(struct bare_ntfs *b)
{
	uint8_t *table = b->bytes + BARE_UPCASE * BARE_UNIT;

	for (uint32_t c = 0; c < 65536; c++) {
		bool latin = (c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7);
		put_le16(table + (size_t)2 * c, (uint16_t)(latin ? c - 32 : c));
	}
}

void bare_init(struct bare_ntfs *b, uint32_t cluster, uint32_t record_size, uint32_t block_size)
{
	memset(b, 0, sizeof(*b));
	b->cluster = cluster;
	b->record_size = record_size;
	b->block_size = block_size;
	for (uint32_t i = 0; i < BARE_UNITS; i++) {
		for (uint32_t n = 0; n < BARE_RECORDS; n++)
			b->record_units[n][i] = BARE_MFT + n * record_size / BARE_UNIT + i;
		for (uint32_t n = 0; n < BARE_BLOCKS; n++)
			b->block_units[n][i] = BARE_INDEX + n * block_size / BARE_UNIT + i;
	}
	put_boot(b);
	put_upcase(b);
	uint32_t units = BARE_RECORDS * record_size / BARE_UNIT;
	const struct bare_run mft = {BARE_MFT, units < BARE_CLUSTER ? BARE_CLUSTER : units};
	bare_record(b, 0, 1, BARE_USED);
	bare_runs(b, 0, 0x80, "", &mft, 1, 0, (uint64_t)BARE_RECORDS * record_size);
	const struct bare_run upcase = {BARE_UPCASE, 256};
	bare_record(b, 10, 10, BARE_USED);
	bare_runs(b, 10, 0x80, "", &upcase, 1, 0, 131072);
}

void bare_record(struct bare_ntfs *b, unsigned number, uint16_t sequence, uint16_t flags)
{
	uint8_t *r = b->records[number];
	uint16_t strides = (uint16_t)(b->record_size / BARE_UNIT);

	memset(r, 0, BARE_RECORD);
	memcpy(r, "FILE", 4);
	put_le16(r + 4, 0x30);
	put_le16(r + 6, (uint16_t)(strides + 1));
	put_le16(r + 16, sequence);
	put_le16(r + 18, 1);
	put_le16(r + 20, FIRST_ATTRIBUTE + 16);
	put_le16(r + 22, flags);
	put_le32(r + 24, FIRST_ATTRIBUTE + 16 + 8);
	put_le32(r + 28, b->record_size);
	put_le32(r + 44, number);
	put_le32(r + FIRST_ATTRIBUTE + 16, UINT32_MAX);
}

static size_t put_units(uint8_t *out, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		put_le16(out + 2 * i, (uint8_t)name[i]);
	return 2 * len;
}

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Room for an attribute at the end of the record, with what all of them have; content begins at
 * *ret_value. */
static uint8_t *add_attribute(struct bare_ntfs *b, unsigned number, uint32_t type, const char *name,
        size_t header, size_t content, size_t *ret_value)
{
	uint8_t *r = b->records[number];
	size_t used = get_le32(r + 24) - 8, value = align8(header + 2 * strlen(name));
	size_t len = align8(value + content);
	uint8_t *a = r + used;
	uint16_t instance = get_le16(r + 40);

	put_le32(a, type);
	put_le32(a + 4, (uint32_t)len);
	a[9] = (uint8_t)strlen(name);
	put_le16(a + 10, (uint16_t)header);
	put_le16(a + 14, instance);
	(void)put_units(a + header, name);
	put_le32(a + len, UINT32_MAX);
	put_le32(r + 24, (uint32_t)(used + len + 8));
	put_le16(r + 40, (uint16_t)(instance + 1));
	*ret_value = value;
	return a;
}

uint16_t bare_instance(const struct bare_ntfs *b, unsigned number)
{
	return (uint16_t)(get_le16(b->records[number] + 40) - 1);
}

void bare_resident(struct bare_ntfs *b, unsigned number, uint32_t type, const char *name,
        const void *value, size_t len)
{
	size_t at;
	uint8_t *a = add_attribute(b, number, type, name, 24, len, &at);

	put_le32(a + 16, (uint32_t)len);
	put_le16(a + 20, (uint16_t)at);
	memcpy(a + at, value, len);
}

void bare_runs(struct bare_ntfs *b, unsigned number, uint32_t type, const char *name,
        const struct bare_run *runs, size_t count, uint32_t lowest, uint64_t size)
{
	uint8_t pairs[256] = {0};
	size_t at = 0, value;
	uint32_t vcn = lowest / per_cluster(b), last = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t lcn = runs[i].unit / per_cluster(b), n = runs[i].count / per_cluster(b);
		pairs[at] = 0x42;
		put_le16(pairs + at + 1, (uint16_t)n);
		put_le32(pairs + at + 3, lcn - last);
		at += 7;
		last = lcn;
		vcn += n;
	}
	uint8_t *a = add_attribute(b, number, type, name, 64, at + 1, &value);
	a[8] = 1;
	put_le64(a + 16, lowest / per_cluster(b));
	put_le64(a + 24, vcn - 1);
	put_le16(a + 32, (uint16_t)value);
	put_le64(a + 40, (uint64_t)vcn * b->cluster);
	put_le64(a + 48, size);
	put_le64(a + 56, size);
	memcpy(a + value, pairs, at + 1);
}

size_t bare_file_name(uint8_t *out, uint64_t parent, uint8_t type, const char *name)
{
	memset(out, 0, 0x42);
	put_le64(out, parent);
	out[0x40] = (uint8_t)strlen(name);
	out[0x41] = type;
	return 0x42 + put_units(out + 0x42, name);
}

size_t bare_entry(uint8_t *out, uint64_t reference, uint64_t parent, uint8_t type, const char *name,
        int64_t son)
{
	size_t key = name ? bare_file_name(out + 16, parent, type, name) : 0,
	       len = align8(16 + key);

	memset(out + 16 + key, 0, len - 16 - key);
	if (son >= 0) {
		put_le64(out + len, (uint64_t)son);
		len += 8;
	}
	put_le64(out, name ? reference : 0);
	put_le16(out + 8, (uint16_t)len);
	put_le16(out + 10, (uint16_t)key);
	put_le32(out + 12, (son >= 0 ? 1u : 0) | (name ? 0 : 2u));
	return len;
}

/* allocated: bytes there are for header and entries. */
static void put_node(
        uint8_t *out, const uint8_t *entries, size_t len, size_t first, size_t allocated, bool sons)
{
	put_le32(out, (uint32_t)first);
	put_le32(out + 4, (uint32_t)(first + len));
	put_le32(out + 8, (uint32_t)allocated);
	put_le32(out + 12, sons);
	memcpy(out + first, entries, len);
}

void bare_index_root(
        struct bare_ntfs *b, unsigned number, const uint8_t *entries, size_t len, bool has_sons)
{
	uint8_t root[BARE_RECORD] = {0};

	put_le32(root, 0x30);
	put_le32(root + 4, 1);
	put_le32(root + 8, b->block_size);
	root[12] = (uint8_t)(b->block_size / (b->cluster > b->block_size ? BARE_UNIT : b->cluster));
	put_node(root + 16, entries, len, 16, 16 + len, has_sons);
	bare_resident(b, number, 0x90, "$I30", root, 32 + len);
}

int64_t bare_block_vcn(const struct bare_ntfs *b, unsigned block)
{
	return (int64_t)block * b->block_size /
	       (b->cluster > b->block_size ? BARE_UNIT : b->cluster);
}

void bare_index_block(
        struct bare_ntfs *b, unsigned block, const uint8_t *entries, size_t len, bool has_sons)
{
	uint8_t *i = b->blocks[block];

	memset(i, 0, BARE_RECORD);
	memcpy(i, "INDX", 4);
	put_le16(i + 4, SEQUENCE_ARRAY);
	put_le16(i + 6, (uint16_t)(b->block_size / BARE_UNIT + 1));
	put_le64(i + 16, (uint64_t)bare_block_vcn(b, block));
	put_node(i + 0x18, entries, len, 0x28, b->block_size - 0x18, has_sons);
}

size_t bare_list_entry(uint8_t *out, uint32_t type, const char *name, uint64_t lowest_vcn,
        uint64_t reference, uint16_t instance)
{
	size_t len = align8(26 + 2 * strlen(name));

	memset(out, 0, len);
	put_le32(out, type);
	put_le16(out + 4, (uint16_t)len);
	out[6] = (uint8_t)strlen(name);
	out[7] = 26;
	put_le64(out + 8, lowest_vcn);
	put_le64(out + 16, reference);
	put_le16(out + 24, instance);
	(void)put_units(out + 26, name);
	return len;
}

/* record: left as it is. Its units go to the volume with the update sequence number in each. */
static void scatter(struct bare_ntfs *b, const uint8_t *record, size_t len, const uint32_t *units)
{
	uint8_t sealed[BARE_RECORD];
	size_t array = get_le16(record + 4);
	const uint16_t number = 5;

	if (!record[0] && !record[1])
		return; /* never made */
	memcpy(sealed, record, len);
	for (size_t i = 0; i < len / BARE_UNIT; i++) {
		uint8_t *last = sealed + (i + 1) * BARE_UNIT - 2;
		if (array >= 8 && array + 2 * (i + 2) <= BARE_UNIT - 2)
			memcpy(sealed + array + 2 * (i + 1), last, 2);
		put_le16(last, number);
	}
	if (array >= 8 && array + 2 <= BARE_UNIT - 2)
		put_le16(sealed + array, number);
	for (size_t i = 0; i < len / BARE_UNIT; i++)
		memcpy(b->bytes + (size_t)units[i] * BARE_UNIT, sealed + i * BARE_UNIT, BARE_UNIT);
}

void bare_finish(struct bare_ntfs *b)
{
	for (size_t i = 0; i < BARE_RECORDS; i++)
		scatter(b, b->records[i], b->record_size, b->record_units[i]);
	for (size_t i = 0; i < BARE_BLOCKS; i++)
		scatter(b, b->blocks[i], b->block_size, b->block_units[i]);
}
