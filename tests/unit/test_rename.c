/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renames on volumes written byte by byte: shapes of directories, names, what is refused. */
#include "tests/unit/rename_case.h"

static void shapes_are_renamed(void **state)
{
	(void)state;
	for (uint32_t cluster = 512; cluster <= 65536; cluster *= 2)
		for (uint32_t record = 1024; record <= 4096; record *= 4)
			for (int shape = 0; shape < BARE_SHAPES; shape++) {
				bare_make(&bare, (enum bare_shape)shape, cluster, record);
				if (BARE_DIR_RECORD * record < cluster)
					expect_refused(REASON_RENAME_UNSAFE, "$MFTMirr");
				else
					expect_renamed(4);
			}
}

/* Clusters smaller than records: each unit may lie elsewhere. */
static void torn_records_are_renamed(void **state)
{
	struct bare_run runs[16];

	(void)state;
	bare_make(&bare, BARE_LEAVES, 512, 1024);
	bare_record(&bare, BARE_DIR_RECORD, 3, BARE_USED | BARE_DIRECTORY);
	/* As put_tree() does, but block 0 backwards and with a gap after each unit. */
	uint8_t root[1024];
	size_t len = bare_entry(root, 32 | 1ULL << 48, BARE_DIR, 0, "C-00000291-0033.sys",
	        bare_block_vcn(&bare, 0));
	len += bare_entry(root + len, 0, 0, 0, NULL, bare_block_vcn(&bare, 1));
	bare_index_root(&bare, BARE_DIR_RECORD, root, len, true);
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t unit = i < 8 ? BARE_INDEX + 64 - 2 * i : BARE_INDEX + i;
		runs[i] = (struct bare_run){unit, 1};
		bare.block_units[i / 8][i % 8] = unit;
	}
	bare_runs(&bare, BARE_DIR_RECORD, 0xa0, "$I30", runs, 16, 0, 8192);
	expect_renamed(10);
}

/* The update sequence number goes up, but never to what empty sectors hold. */
static void sequence_numbers_count_on(void **state)
{
	static const uint16_t numbers[][2] = {{5, 6}, {0xfffe, 1}, {0xffff, 1}, {0xfffd, 0xfffe}};
	struct ntfs_rename rename;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		bare_make(&bare, BARE_SMALL, 4096, 1024);
		bare_finish(&bare);
		uint8_t *record = bare.bytes + (size_t)bare.record_units[BARE_FILE_RECORD][0] * 512;
		put_le16(record + 0x30, numbers[i][0]);
		put_le16(record + 510, numbers[i][0]);
		put_le16(record + 1022, numbers[i][0]);
		struct memory_device m = memory_device_over(bare.bytes, sizeof(bare.bytes), 512);
		assert_int_equal(
		        ntfs_rename_prepare(&m.dev, BARE_DIR, BARE_FILE, &rename, NULL), 0);
		size_t b = rename.blocks[0].offset == (uint64_t)(record - bare.bytes) ? 0 : 1;
		assert_int_equal(get_le16(rename.blocks[b].new_bytes + 0x30), numbers[i][1]);
		assert_int_equal(get_le16(rename.blocks[b].new_bytes + 1022), numbers[i][1]);
		ntfs_rename_free(&rename);
	}
}

static void names_that_cannot_change(void **state)
{
	(void)state;
	make_names(NULL, "driver", NULL);
	expect_refused(REASON_RENAME_UNSAFE, "extension of three");
	make_names(NULL, "driver.dl", NULL);
	expect_refused(REASON_RENAME_UNSAFE, "extension of three");
	make_names(NULL, "driver.sys.", NULL);
	expect_refused(REASON_RENAME_UNSAFE, "extension of three");
	make_names(NULL, ".sys", NULL);
	expect_refused(REASON_RENAME_UNSAFE, "extension of three");
	make_names(NULL, "driver.OFF", NULL);
	expect_refused(REASON_RENAME_UNSAFE, ".off already");
	make_names("a.oFF", "A.sys", NULL);
	expect_refused(REASON_RENAME_UNSAFE, "exists already");
	make_names(NULL, "a.aaa", "a.off");
	expect_refused(REASON_RENAME_UNSAFE, "exists already");
	make_names("a.pdf", "a.sys", NULL);
	expect_refused(REASON_RENAME_UNSAFE, "belongs elsewhere");
	make_names(NULL, "a.bin", "A.dat");
	expect_refused(REASON_RENAME_UNSAFE, "belongs elsewhere");
}

/* Hard links: beside the name, and elsewhere. */
static void other_names_of_the_file(void **state)
{
	uint8_t value[600];

	(void)state;
	make_names("a.sys", "b.sys", NULL);
	bare_resident(&bare, BARE_FILE_RECORD, 0x30, "", value,
	        bare_file_name(value, BARE_DIR + 1, 0, "c.sys"));
	bare_resident(&bare, BARE_FILE_RECORD, 0x30, "", value,
	        bare_file_name(value, BARE_DIR + (1ULL << 48), 0, "d.sys"));
	struct ntfs_rename rename;
	assert_int_equal(prepare(&rename, NULL), 0);
	assert_int_equal(rename.count, 2);
	ntfs_rename_free(&rename);
	bare_resident(&bare, BARE_FILE_RECORD, 0x30, "", value,
	        bare_file_name(value, BARE_DIR, 0, "a.sys"));
	expect_refused(REASON_RENAME_UNSAFE, "several names");
}

static void expect_name(const char *own, const char *then)
{
	struct ntfs_rename rename;

	make_names(NULL, own, NULL);
	assert_int_equal(prepare(&rename, NULL), 0);
	for (size_t i = 0; i < rename.name_len; i++)
		assert_int_equal(get_le16(&rename.name[i]), (uint8_t)then[i]);
	ntfs_rename_free(&rename);
}

static void case_of_the_name_is_kept(void **state)
{
	(void)state;
	expect_name("driver.sys", "driver.off");
	expect_name("DRIVER.SYS", "DRIVER.OFF");
	expect_name("Driver.SYS", "Driver.off");
	expect_name("DRIVER.sys", "DRIVER.off");
	expect_name("\xc4.001", "\xc4.OFF");
	expect_name("\xe4.001", "\xe4.off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(shapes_are_renamed),
	        cmocka_unit_test(torn_records_are_renamed),
	        cmocka_unit_test(sequence_numbers_count_on),
	        cmocka_unit_test(names_that_cannot_change),
	        cmocka_unit_test(other_names_of_the_file),
	        cmocka_unit_test(case_of_the_name_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
