/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each finding about names, indexes and what $Secure and $Extend say, by a damage that causes it.
 */
#include "tests/module/ntfscheck_fixture.h"

#define INFO_TYPE  0x10
#define NAME_TYPE  0x30
#define DATA_TYPE  0x80
#define ROOT_TYPE  0x90
#define ALLOC_TYPE 0xa0
#define MAP_TYPE   0xb0
#define NODE       24 /* in an index block */
#define ROOT_NODE  16 /* in the value of $INDEX_ROOT */

static void information_size(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	put_le32(attribute(record, INFO_TYPE, 0) + 16, 64);
	closed(record);
}

static void information_gone(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	attribute(record, INFO_TYPE, 0)[0] = 0x20;
	closed(record);
}

static void security_id(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	value(attribute(record, INFO_TYPE, 0))[52 + 1] = 0x7f;
	closed(record);
}

static void name_space(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	value(attribute(record, NAME_TYPE, 0))[65] = 4;
	closed(record);
}

static void no_data(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	put_le32(attribute(record, DATA_TYPE, 0), 0x100);
	closed(record);
}

static void links(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	record[18]++;
	closed(record);
}

static void no_name(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	attribute(record, NAME_TYPE, 0)[0] = 0x40;
	closed(record);
}

static void directory_flag(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	record[22] |= 2;
	closed(record);
}

static void view_flag(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	record[22] |= 8;
	closed(record);
}

/* A name changes in $FILE_NAME only. */
static void name_differs(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	value(attribute(record, NAME_TYPE, 0))[66] = 'q';
	closed(record);
}

/* A hard link's second name goes from the record only. */
static void name_gone(void)
{
	uint8_t *record = opened(RICH_LINKED);
	uint8_t *name = attribute(record, NAME_TYPE, 1);
	uint32_t len = get_le32(name + 4), in_use = get_le32(record + 24);

	memmove(name, name + len, in_use - (size_t)(name - record) - len);
	put_le32(record + 24, in_use - len);
	record[18]--;
	closed(record);
}

/* The node in the root of \folder's index, and its first entry. */
static uint8_t *folder_node(uint8_t *record)
{
	return value(attribute(record, ROOT_TYPE, 0)) + ROOT_NODE;
}

static void folder_entry(void (*change)(uint8_t *node, uint8_t *entry))
{
	uint8_t *record = opened(RICH_FOLDER);
	uint8_t *node = folder_node(record);

	change(node, node + get_le32(node));
	closed(record);
}

static void take_out(uint8_t *node, uint8_t *entry)
{
	uint32_t len = get_le16(entry + 8), end = get_le32(node + 4);

	memmove(entry, entry + len, end - (size_t)(entry - node) - len);
	put_le32(node + 4, end - len);
}

static void entry_gone(void)
{
	folder_entry(take_out);
}

static void other_sequence(uint8_t *node, uint8_t *entry)
{
	(void)node;
	entry[6] ^= 1;
}

static void entry_sequence(void)
{
	folder_entry(other_sequence);
}

static void other_parent(uint8_t *node, uint8_t *entry)
{
	(void)node;
	entry[16 + 6] ^= 1;
}

static void entry_parent(void)
{
	folder_entry(other_parent);
}

static void not_a_folder(uint8_t *node, uint8_t *entry)
{
	(void)node;
	entry[16 + 59] ^= 0x10;
}

static void entry_flags(void)
{
	folder_entry(not_a_folder);
}

static void longer_key(uint8_t *node, uint8_t *entry)
{
	(void)node;
	entry[10]++;
}

static void entry_key(void)
{
	folder_entry(longer_key);
}

static void longer_node(uint8_t *node, uint8_t *entry)
{
	(void)entry;
	put_le32(node + 4, get_le32(node + 4) + 8);
	put_le32(node + 8, get_le32(node + 8) + 8);
}

static void node_end(void)
{
	uint8_t *record = opened(RICH_FOLDER);

	/* Room for the longer node: it is behind the value, not in the attribute's way. */
	put_le32(attribute(record, ROOT_TYPE, 0) + 16,
	        get_le32(attribute(record, ROOT_TYPE, 0) + 16) + 8);
	put_le32(attribute(record, ROOT_TYPE, 0) + 4,
	        get_le32(attribute(record, ROOT_TYPE, 0) + 4) + 8);
	uint8_t *end = record + get_le32(record + 24) - 8;
	memmove(end + 8, end, 8);
	memset(end, 0, 8);
	put_le32(record + 24, get_le32(record + 24) + 8);
	longer_node(folder_node(record), NULL);
	closed(record);
}

static void node_sizes(void)
{
	uint8_t *record = opened(RICH_FOLDER);

	put_le32(folder_node(record), 4);
	closed(record);
}

/* \folder is in its own subfolder. */
static void ring(void)
{
	uint8_t *record = opened(RICH_FOLDER);

	put_le16(value(attribute(record, NAME_TYPE, 0)),
	        (uint16_t)ntfs_edit_find(&edit, RICH_INNER));
	closed(record);
}

static void root_header(void)
{
	uint8_t *record = opened("$Reparse");

	put_le32(value(attribute(record, ROOT_TYPE, 0)) + 8, 512);
	closed(record);
}

/* The first block of \many's index. */
static uint8_t *many_block(void)
{
	return first_cluster(RICH_MANY, ALLOC_TYPE, 0);
}

static void block_magic(void)
{
	memcpy(many_block(), "BAAD", 4);
}

static void block_torn(void)
{
	many_block()[511] ^= 1;
}

static void block_vcn(void)
{
	many_block()[16] ^= 1;
}

/* Both entries of a node above others lead to one block: the root's or, when that has but one
 * entry, the block's it leads to. */
static void block_twice(void)
{
	uint8_t *record = opened(RICH_MANY), *node = folder_node(record);
	uint8_t *entry = node + get_le32(node);
	uint8_t *block = many_block() + get_le64(entry + get_le16(entry + 8) - 8) * BLOCK;
	bool below = entry[12] & 2;

	ntfs_edit_open(block, BLOCK);
	if (below)
		entry = block + NODE + get_le32(block + NODE);
	assert_int_equal(entry[12], 1);
	uint8_t *next = entry + get_le16(entry + 8);
	memcpy(next + get_le16(next + 8) - 8, entry + get_le16(entry + 8) - 8, 8);
	ntfs_edit_close(block, BLOCK);
	closed(record);
}

/* Two names of a block, equally long, change places. */
static void entries_swapped(void)
{
	uint8_t *block = many_block(), copy[256];

	ntfs_edit_open(block, BLOCK);
	uint8_t *first = block + NODE + get_le32(block + NODE);
	uint16_t len = get_le16(first + 8);
	uint8_t *second = first + len;
	/* A long name, then its 8.3 name: the next long one has the same size. */
	while (get_le16(second + 8) != len)
		second += get_le16(second + 8);
	assert_true(len <= sizeof(copy));
	memcpy(copy, first, len);
	memcpy(first, second, len);
	memcpy(second, copy, len);
	ntfs_edit_close(block, BLOCK);
}

static void index_bitmap(void)
{
	uint8_t *record = opened(RICH_MANY);

	value(attribute(record, MAP_TYPE, 0))[0] ^= 1;
	closed(record);
}

static void index_bitmap_more(void)
{
	uint8_t *record = opened(RICH_MANY);

	value(attribute(record, MAP_TYPE, 0))[7] |= 0x80;
	closed(record);
}

/* $SDS: the first descriptor's copy. */
static void descriptor_copy(void)
{
	first_cluster("$Secure", DATA_TYPE, 0)[0x40000 + 24] ^= 1;
}

static void descriptor_hash(void)
{
	uint8_t *sds = first_cluster("$Secure", DATA_TYPE, 0);

	sds[24] ^= 1;
	sds[0x40000 + 24] ^= 1;
}

/* Data of the first entry of an index in the root of $Secure: nth 0 is $SDH, 1 is $SII. */
static void secure_data(unsigned nth, size_t at)
{
	uint8_t *record = opened("$Secure");
	uint8_t *node = value(attribute(record, ROOT_TYPE, nth)) + ROOT_NODE;
	uint8_t *entry = node + get_le32(node);

	entry[get_le16(entry) + at] ^= 1;
	closed(record);
}

static void sii_id(void)
{
	secure_data(1, 5);
}

static void sdh_offset(void)
{
	secure_data(0, 8);
}

static void object_id(void)
{
	uint8_t *record = opened(RICH_OBJECT);

	value(attribute(record, 0x40, 0))[0] ^= 1;
	closed(record);
}

static void reparse_tag(void)
{
	uint8_t *record = opened(RICH_REPARSE);

	value(attribute(record, 0xc0, 0))[0] ^= 1;
	closed(record);
}

static const struct fixture_case cases[] = {
        {"size of $STANDARD_INFORMATION", information_size, "standard-information"},
        {"no $STANDARD_INFORMATION", information_gone, "attribute-list standard-information"},
        {"security id", security_id, "security-id"},
        {"name space", name_space, "file-name entry-without-name name-without-entry"},
        {"no data", no_data, "no-data"},
        {"links", links, "links"},
        {"no name", no_name, "links no-name entry-without-name object-id"},
        {"directory flag", directory_flag, "record-flags entry-flags"},
        {"view flag", view_flag, "record-flags"},
        {"another name", name_differs, "entry-without-name name-without-entry"},
        {"name gone", name_gone, "entry-without-name"},
        {"entry gone", entry_gone, "name-without-entry"},
        {"sequence number of an entry", entry_sequence, "reference"},
        {"parent of an entry", entry_parent, "reference"},
        {"flags of an entry", entry_flags, "entry-flags"},
        {"key of an entry", entry_key, "index-entry name-without-entry"},
        {"end of a node", node_end, "index-entry"},
        {"sizes of a node", node_sizes, "index-entry name-without-entry"},
        {"ring", ring, "entry-without-name name-without-entry reference unreachable"},
        {"header of an index", root_header, "index-root reparse"},
        {"magic of a block", block_magic, "index-block name-without-entry"},
        {"torn block", block_torn, "index-block name-without-entry"},
        {"VCN of a block", block_vcn, "index-block name-without-entry"},
        {"block twice", block_twice, "index-block index-bitmap name-without-entry"},
        {"order", entries_swapped, "index-order"},
        {"bitmap of an index", index_bitmap, "index-bitmap"},
        {"bitmap of no block", index_bitmap_more, "index-bitmap"},
        {"copy of a descriptor", descriptor_copy, "sds"},
        {"hash of a descriptor", descriptor_hash, "sds"},
        {"id in $SII", sii_id, "sii sdh"},
        {"offset in $SDH", sdh_offset, "sdh"},
        {"object id", object_id, "object-id"},
        {"reparse point", reparse_tag, "reparse"},
};

static void test_findings(void **state)
{
	(void)state;
	fixture_expect_all(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_findings)};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
