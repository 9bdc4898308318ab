/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each finding about boot sector, records, attributes and clusters, by a damage that causes it. */
#include "tests/module/ntfscheck_fixture.h"

#define NAME_TYPE 0x30
#define DATA_TYPE 0x80

static void nothing(void)
{
}

static void boot_field(void)
{
	edit.bytes[14] = edit.bytes[BOOT_BACKUP + 14] = 1;
}

static void boot_magic(void)
{
	edit.bytes[3] = 'X';
}

static void boot_geometry(void)
{
	put_le64(edit.bytes + 40, UINT64_MAX / 512);
}

static void boot_backup(void)
{
	edit.bytes[BOOT_BACKUP + 80] ^= 1;
}

static void mft_elsewhere(void)
{
	edit.bytes[48]++;
	edit.bytes[BOOT_BACKUP + 48]++;
}

static void mirror_byte(void)
{
	uint8_t *mirror = first_cluster("$MFTMirr", DATA_TYPE, 0);

	mirror[2 * EDIT_RECORD + 600] ^= 1;
}

static void mirror_moved(void)
{
	edit.bytes[56]++;
	edit.bytes[BOOT_BACKUP + 56]++;
}

static void record_torn(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	closed(record);
	record[511] ^= 1;
}

static void record_magic(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	closed(record);
	memcpy(record, "BAAD", 4);
}

static void record_sizes(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	put_le32(record + 24, EDIT_RECORD + 8);
	closed(record);
}

static void record_number(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	record[44] ^= 1;
	closed(record);
}

static void record_end(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	record[24] = (uint8_t)(record[24] + 8);
	closed(record);
}

static void attribute_length(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	put_le32(attribute(record, DATA_TYPE, 0) + 4, 4096);
	closed(record);
}

static void attribute_value(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	put_le32(attribute(record, DATA_TYPE, 0) + 16, UINT32_MAX);
	closed(record);
}

static void attribute_id(void)
{
	uint8_t *record = opened(RICH_PLAIN);

	memcpy(attribute(record, DATA_TYPE, 0) + 14, attribute(record, NAME_TYPE, 0) + 14, 2);
	closed(record);
}

static void attribute_next_id(void)
{
	uint8_t *record = opened(RICH_STREAMS);

	put_le16(record + 40, get_le16(record + 40) - 1);
	closed(record);
}

/* The name and what is before it change places. */
static void attribute_order(void)
{
	uint8_t copy[EDIT_RECORD], *record = opened(RICH_PLAIN);
	uint8_t *first = attribute(record, 0x10, 0), *name = attribute(record, NAME_TYPE, 0);
	size_t first_len = (size_t)(name - first), name_len = get_le32(name + 4);

	memcpy(copy, first, first_len);
	memmove(first, name, name_len);
	memcpy(first + name_len, copy, first_len);
	closed(record);
}

static void attribute_type(void)
{
	uint8_t *record = opened(RICH_STREAMS);

	attribute(record, DATA_TYPE, 2)[0] = 0x88;
	closed(record);
}

static void attribute_twice(void)
{
	uint8_t *record = opened(RICH_STREAMS);
	uint8_t *one = attribute(record, DATA_TYPE, 1), *two = attribute(record, DATA_TYPE, 2);

	memcpy(two + get_le16(two + 10), one + get_le16(one + 10), 6);
	closed(record);
}

/* The file's list of attributes, resident or not. */
static uint8_t *list_of_attributes(void)
{
	uint8_t *record = opened(RICH_LISTED);
	uint8_t *a = attribute(record, 0x20, 0);

	assert_int_equal(a[8], 1);
	closed(record);
	return first_cluster(RICH_LISTED, 0x20, 0);
}

static void list_id(void)
{
	list_of_attributes()[24] ^= 0x40;
}

static void list_size(void)
{
	list_of_attributes()[4] = 0;
}

/* The first record of the list's that is not the file's own. */
static void extent_base(void)
{
	const uint8_t *entry = list_of_attributes();
	uint64_t own = ntfs_edit_find(&edit, RICH_LISTED);

	while (get_le32(entry + 16) == own)
		entry += get_le16(entry + 4);
	uint8_t *record = ntfs_edit_record(&edit, get_le32(entry + 16));
	assert_non_null(record);
	record[32 + 6] ^= 1; /* sequence number of the base reference */
}

static void runs_end(void)
{
	uint8_t *record = opened(RICH_LARGE);

	attribute(record, DATA_TYPE, 0)[24]++;
	closed(record);
}

static void runs_outside(void)
{
	uint8_t *record = opened(RICH_LARGE);
	uint8_t *a = attribute(record, DATA_TYPE, 0);
	uint8_t *run = a + get_le16(a + 32);

	run[(run[0] & 15) + (run[0] >> 4)] = 0x7f; /* the highest byte of its cluster */
	closed(record);
}

static void hole(void)
{
	uint8_t *record = opened(RICH_SPARSE);

	put_le16(attribute(record, DATA_TYPE, 0) + 12, 0);
	closed(record);
}

static void size_of_data(void)
{
	uint8_t *record = opened(RICH_LARGE);

	attribute(record, DATA_TYPE, 0)[48 + 2] = 1; /* 64 KiB more */
	closed(record);
}

static void size_allocated(void)
{
	uint8_t *record = opened(RICH_LARGE);

	attribute(record, DATA_TYPE, 0)[40 + 2] = 1;
	closed(record);
}

static void size_stored(void)
{
	uint8_t *record = opened(RICH_COMPRESSED);

	attribute(record, DATA_TYPE, 0)[64 + 2] ^= 1;
	closed(record);
}

static void compression_unit(void)
{
	uint8_t *record = opened(RICH_COMPRESSED);

	attribute(record, DATA_TYPE, 0)[34] = 0;
	closed(record);
}

/* Both larger files in the same clusters. */
static void clusters_twice(void)
{
	uint8_t *large = opened(RICH_LARGE), *twin = opened(RICH_TWIN);
	uint8_t *from = attribute(large, DATA_TYPE, 0), *to = attribute(twin, DATA_TYPE, 0);

	assert_int_equal(get_le32(from + 4), get_le32(to + 4));
	memcpy(to + get_le16(to + 32), from + get_le16(from + 32),
	        get_le32(from + 4) - get_le16(from + 32));
	closed(large);
	closed(twin);
}

static void bitmap_lost(void)
{
	first_cluster("$Bitmap", DATA_TYPE, 0)[(RICH_SIZE / BLOCK - 8) / 8] |= 1;
}

static void bitmap_free(void)
{
	first_cluster("$Bitmap", DATA_TYPE, 0)[0] &= 0xfe;
}

static void bitmap_tail(void)
{
	first_cluster("$Bitmap", DATA_TYPE, 0)[(RICH_SIZE / BLOCK - 1) / 8] &= 0x7f;
}

static void mft_bitmap_lost(void)
{
	first_cluster("$MFT", 0xb0, 0)[2] |= 0x80; /* record 23 */
}

static void mft_bitmap_free(void)
{
	uint64_t number = ntfs_edit_find(&edit, RICH_PLAIN);

	first_cluster("$MFT", 0xb0, 0)[number / 8] &= (uint8_t) ~(1u << number % 8);
}

static void upcase_table(void)
{
	first_cluster("$UpCase", DATA_TYPE, 0)[2 * 'a'] = 'a';
}

static const struct fixture_case cases[] = {
        {"nothing", nothing, ""},
        {"FAT field", boot_field, "boot"},
        {"magic", boot_magic, "boot"},
        {"larger than the partition", boot_geometry, "boot"},
        {"copy of the boot sector", boot_backup, "boot-backup"},
        {"$MFT elsewhere", mft_elsewhere, "mft"},
        {"mirror", mirror_byte, "mirror"},
        {"mirror elsewhere", mirror_moved, "mirror"},
        {"torn record", record_torn, "record entry-without-name"},
        {"magic of a record", record_magic, "record entry-without-name"},
        {"sizes of a record", record_sizes, "record entry-without-name"},
        {"number of a record", record_number, "record-number"},
        {"end of a record", record_end, "record-end"},
        {"length of an attribute", attribute_length, "attribute entry-without-name"},
        {"value of an attribute", attribute_value, "attribute entry-without-name"},
        {"id twice", attribute_id, "attribute-id"},
        {"next id", attribute_next_id, "attribute-id"},
        {"order of attributes", attribute_order, "attribute-order"},
        {"type of an attribute", attribute_type, "attribute-form"},
        {"a stream twice", attribute_twice, "attribute-twice"},
        {"attribute list", list_id, "attribute-list"},
        {"entry of a list", list_size, "attribute-list"},
        {"base of an extent", extent_base,
                "extent attribute-list links no-name entry-without-name"},
        {"last VCN", runs_end, "runs"},
        {"run outside", runs_outside, "runs sizes bitmap"},
        {"hole", hole, "hole"},
        {"size", size_of_data, "sizes"},
        {"allocated size", size_allocated, "sizes"},
        {"stored size", size_stored, "sizes"},
        {"compression unit", compression_unit, "compression"},
        {"clusters twice", clusters_twice, "cluster-twice bitmap"},
        {"cluster nobody's", bitmap_lost, "bitmap"},
        {"cluster not marked", bitmap_free, "bitmap"},
        {"end of the bitmap", bitmap_tail, "bitmap"},
        {"record not in use", mft_bitmap_lost, "mft-bitmap"},
        {"record not marked", mft_bitmap_free, "mft-bitmap"},
        {"$UpCase", upcase_table, "upcase"},
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
