/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The directory of bare_make(): five files, one of them with a short name of its own. */
#include "tests/generators/ntfs_bare.h"

#include <string.h>

#define DIR_EXTENT  BARE_EXTENT_RECORD
#define FILE_EXTENT (BARE_EXTENT_RECORD + 1)
#define MFT_EXTENT  11
#define FIRST_PIECE 16 /* records of $MFT before the second piece */

#define LIST             0x20
#define FILE_NAME        0x30
#define DATA             0x80
#define INDEX_ROOT       0x90
#define INDEX_ALLOCATION 0xa0

/* In the order of the index. */
static const struct {
	const char *name;
	uint64_t reference;
	uint8_t type;
} entries[] = {
        {"a.sys", 30 | 1ULL << 48, 3},
        {"C-00000290-0001.sys", 31 | 1ULL << 48, 0},
        {BARE_LONG_NAME, BARE_FILE, 1},
        {"C-00000291-0033.sys", 32 | 1ULL << 48, 0},
        {BARE_SHORT_NAME, BARE_FILE, 2},
        {"\xe4rger.txt", 33 | 1ULL << 48, 0},
};
#define COUNT 6
#define OWN   2 /* the long name's place */

static size_t put_entry(uint8_t *out, size_t i, int64_t son)
{
	return bare_entry(
	        out, entries[i].reference, BARE_DIR, entries[i].type, entries[i].name, son);
}

/* Entries from to before end, and the last one. */
static size_t put_leaf(uint8_t *out, size_t from, size_t end)
{
	size_t len = 0;

	for (size_t i = from; i < end; i++)
		len += put_entry(out + len, i, -1);
	return len + bare_entry(out + len, 0, 0, 0, NULL, -1);
}

static void put_root_only(struct bare_ntfs *b)
{
	uint8_t node[BARE_RECORD];

	bare_index_root(b, BARE_DIR_RECORD, node, put_leaf(node, 0, COUNT), false);
}

/* The entry at middle in the root, the others in two leaves, $INDEX_ALLOCATION in record. */
static void put_tree(struct bare_ntfs *b, size_t middle, unsigned record)
{
	const struct bare_run index = {BARE_INDEX, BARE_CLUSTER};
	uint8_t node[BARE_RECORD];

	size_t len = put_entry(node, middle, bare_block_vcn(b, 0));
	len += bare_entry(node + len, 0, 0, 0, NULL, bare_block_vcn(b, 1));
	bare_index_root(b, BARE_DIR_RECORD, node, len, true);
	bare_index_block(b, 0, node, put_leaf(node, 0, middle), false);
	bare_index_block(b, 1, node, put_leaf(node, middle + 1, COUNT), false);
	bare_runs(b, record, INDEX_ALLOCATION, "$I30", &index, 1, 0, 2ULL * b->block_size);
}

static void put_name(struct bare_ntfs *b, unsigned record, size_t i)
{
	uint8_t value[BARE_RECORD];
	size_t len = bare_file_name(value, BARE_DIR, entries[i].type, entries[i].name);

	bare_resident(b, record, FILE_NAME, "", value, len);
}

static void list_directory(struct bare_ntfs *b)
{
	uint8_t list[256];
	size_t len = bare_list_entry(list, INDEX_ROOT, "$I30", 0, BARE_DIR, 0);

	len += bare_list_entry(list + len, INDEX_ALLOCATION, "$I30", 0, DIR_EXTENT | 1ULL << 48, 0);
	bare_resident(b, BARE_DIR_RECORD, LIST, "", list, len);
}

static void list_file(struct bare_ntfs *b)
{
	uint8_t list[256];
	size_t len = bare_list_entry(list, FILE_NAME, "", 0, BARE_FILE, 0);

	len += bare_list_entry(list + len, FILE_NAME, "", 0, FILE_EXTENT | 1ULL << 48, 0);
	bare_resident(b, BARE_FILE_RECORD, LIST, "", list, len);
}

/* A record that another one continues in. */
static void put_extent(struct bare_ntfs *b, unsigned number, uint64_t base)
{
	bare_record(b, number, 1, BARE_USED);
	memcpy(b->records[number] + 32, &base, sizeof(base));
}

/* $MFT goes on at BARE_FREE, which record 11 knows. */
static void tear_mft(struct bare_ntfs *b)
{
	uint32_t each = b->record_size / BARE_UNIT, first = FIRST_PIECE * each;
	const struct bare_run runs[] = {{BARE_MFT, first}, {BARE_FREE, BARE_CLUSTER}};
	uint8_t list[256];

	bare_record(b, 0, 1, BARE_USED);
	size_t len = bare_list_entry(list, DATA, "", 0, 1ULL << 48, 1);
	len += bare_list_entry(
	        list + len, DATA, "", first * BARE_UNIT / b->cluster, MFT_EXTENT | 1ULL << 48, 0);
	bare_resident(b, 0, LIST, "", list, len);
	bare_runs(b, 0, DATA, "", &runs[0], 1, 0, (uint64_t)BARE_RECORDS * b->record_size);
	put_extent(b, MFT_EXTENT, 1ULL << 48);
	bare_runs(b, MFT_EXTENT, DATA, "", &runs[1], 1, first, 0);
	for (uint32_t n = FIRST_PIECE; n < BARE_RECORDS; n++)
		for (uint32_t i = 0; i < BARE_UNITS; i++)
			b->record_units[n][i] = BARE_FREE + (n - FIRST_PIECE) * each + i;
}

void bare_make(struct bare_ntfs *b, enum bare_shape shape, uint32_t cluster, uint32_t record_size)
{
	bool listed = shape == BARE_LISTED;

	bare_init(b, cluster, record_size, 4096);
	bare_record(b, BARE_DIR_RECORD, 3, BARE_USED | BARE_DIRECTORY);
	bare_record(b, BARE_FILE_RECORD, 7, BARE_USED);
	if (listed) {
		put_extent(b, DIR_EXTENT, BARE_DIR);
		put_extent(b, FILE_EXTENT, BARE_FILE);
	}
	put_name(b, BARE_FILE_RECORD, OWN);
	put_name(b, listed ? FILE_EXTENT : BARE_FILE_RECORD, OWN + 2);
	if (shape == BARE_SMALL)
		put_root_only(b);
	else
		put_tree(b, shape == BARE_INNER ? OWN : OWN + 1,
		        listed ? DIR_EXTENT : BARE_DIR_RECORD);
	if (listed) {
		list_directory(b);
		list_file(b);
	}
	if (shape == BARE_MFT_PIECES && FIRST_PIECE * record_size % cluster == 0)
		tear_mft(b);
}
