/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that libntfs-3g would delete, and leave something wrong behind. */
#include "fixer/ntfs/deletable.h"
#include "tests/module/ntfscheck_fixture.h"
#include "tests/unit/memory_device.h"

#define DATA_TYPE 0x80

/* What is said of the file: NULL when it can be deleted. */
static const char *verdict(const char *name)
{
	uint64_t number = ntfs_edit_find(&edit, name);
	struct memory_device memory = memory_device_over(edit.bytes, RICH_SIZE, 512);
	struct ntfs_view *view;
	struct error err = {0};
	const char *why;

	assert_true(number != EDIT_NONE);
	uint64_t sequence = get_le16(ntfs_edit_record(&edit, number) + 16);
	if (ntfs_view_open(&memory.dev, &view, &err) < 0)
		fail_msg("%s", err.text);
	int r = ntfs_deletable(view, sequence << 48 | number, &why);
	ntfs_view_close(view);
	assert_int_equal(r, why ? -EBADMSG : 0);
	return why;
}

static void whole(void)
{
	memcpy(edit.bytes, pristine, RICH_SIZE);
}

static void test_whole(void **state)
{
	static const char *const names[] = {RICH_PLAIN, RICH_LARGE, RICH_STREAMS, RICH_LISTED,
	        RICH_COMPRESSED, RICH_SPARSE, RICH_LINKED, RICH_OBJECT, RICH_REPARSE};

	(void)state;
	whole();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(verdict(names[i]));
}

static void test_links(void **state)
{
	(void)state;
	whole();
	uint8_t *record = opened(RICH_PLAIN);
	record[18]++;
	closed(record);
	assert_string_equal(verdict(RICH_PLAIN), "has another number of names than it says");
	assert_null(verdict(RICH_LARGE));
}

static void test_clusters(void **state)
{
	(void)state;
	whole();
	uint64_t lcn = (uint64_t)(first_cluster(RICH_LARGE, DATA_TYPE, 0) - edit.bytes) / BLOCK;
	uint8_t *bitmap = first_cluster("$Bitmap", DATA_TYPE, 0);
	bitmap[(lcn + 2) / 8] &= (uint8_t) ~(1u << ((lcn + 2) % 8));
	assert_string_equal(verdict(RICH_LARGE), "has clusters that are not marked as in use");
	assert_null(verdict(RICH_TWIN));
}

static void test_outside(void **state)
{
	(void)state;
	whole();
	uint8_t *record = opened(RICH_LARGE);
	uint8_t *a = attribute(record, DATA_TYPE, 0);
	uint8_t *run = a + get_le16(a + 32);
	run[(run[0] & 15) + (run[0] >> 4)] = 0x7f; /* the highest byte of its cluster */
	closed(record);
	assert_string_equal(verdict(RICH_LARGE), "has clusters outside the volume");
}

/* The runs of $MFT in place of the file's. */
static void test_system_file(void **state)
{
	(void)state;
	whole();
	uint8_t *record = opened(RICH_LARGE), *mft = opened("$MFT");
	uint8_t *to = attribute(record, DATA_TYPE, 0), *from = attribute(mft, DATA_TYPE, 0);
	memcpy(to + get_le16(to + 32), from + get_le16(from + 32), 6);
	put_le64(to + 24, get_le64(from + 24));
	put_le64(to + 40, get_le64(from + 40));
	closed(record);
	closed(mft);
	assert_string_equal(verdict(RICH_LARGE), "has clusters of a system file");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_whole),
	        cmocka_unit_test(test_links),
	        cmocka_unit_test(test_clusters),
	        cmocka_unit_test(test_outside),
	        cmocka_unit_test(test_system_file),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
