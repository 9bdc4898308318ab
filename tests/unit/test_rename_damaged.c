/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renames on volumes whose structures do not hold together. */
#include "tests/unit/rename_case.h"

/* A byte of a record, changed before it goes to the volume. */
static void damage(uint8_t *at, uint8_t mask, const char *text)
{
	*at ^= mask;
	expect_refused(REASON_NTFS_DAMAGED, text);
	*at ^= mask;
}

/* Where an attribute of a record begins. */
static uint8_t *attribute(unsigned number, uint32_t type)
{
	uint8_t *at = bare.records[number] + get_le16(bare.records[number] + 20);

	while (get_le32(at) != type) {
		assert_true(get_le32(at) != UINT32_MAX);
		at += get_le32(at + 4);
	}
	return at;
}

static void damaged_records(void **state)
{
	(void)state;
	bare_make(&bare, BARE_LEAVES, 4096, 1024);
	uint8_t *file = bare.records[BARE_FILE_RECORD], *dir = bare.records[BARE_DIR_RECORD];
	uint8_t *name = attribute(BARE_FILE_RECORD, 0x30);
	damage(file, 1, "torn or none");
	damage(file + 4, 1, "torn or none");
	damage(file + 6, 1, "torn or none");
	damage(file + 16, 1, "another file now"); /* sequence */
	damage(file + 20, 4, "no attributes");
	damage(file + 22, 1, "another file now"); /* in use */
	damage(file + 25, 8, "wrong length");
	damage(file + 32, 1, "belongs to another");
	damage(dir + 22, 2, "no directory");
	damage(name + 5, 8, "wrong length");
	damage(name + 4, 1, "wrong length");
	damage(name + 16, 0x80, "does not hold together");
	damage(name + 20, 0x80, "does not hold together");
	damage(name + 24, 1, "no pair"); /* in another directory */
	damage(name + 24 + 0x40, 0xff, "a name does not hold together");
	damage(name + 24 + 0x41, 0x80, "a name does not hold together");
	expect_renamed(3);
}

static void damaged_index(void **state)
{
	(void)state;
	bare_make(&bare, BARE_LEAVES, 4096, 1024);
	uint8_t *root = attribute(BARE_DIR_RECORD, 0x90), *content = root + get_le16(root + 20);
	uint8_t *entry = content + 32, *block = bare.blocks[0], *leaf = block + 0x40;
	damage(content, 1, "$INDEX_ROOT makes no sense");
	damage(content + 4, 2, "$INDEX_ROOT makes no sense");
	damage(content + 8, 1, "size of its index blocks");
	damage(content + 16, 1, "does not hold together");
	damage(content + 21, 0x40, "does not hold together");
	damage(content + 28, 1, "leaf of the index has sons");
	damage(entry + 8, 1, "wrong length");
	damage(entry + 9, 0x40, "wrong length");
	damage(entry + get_le16(entry + 8) - 8, 1, "not in order"); /* the same block twice */
	damage(entry + get_le16(entry + 8) - 7, 1, "behind its end");
	damage(block, 1, "torn or none");
	damage(block + 16, 1, "block of its index does not hold together");
	damage(block + 0x24, 1, "leaf of the index has sons");
	damage(leaf + 10, 0x80, "holds no name");
	damage(leaf + 16 + 0x40, 0xff, "holds no name");
	damage(leaf + 12, 2, "does not list the file"); /* the leaf ends here */
	damage(leaf + 16 + 0x42, 'a' ^ 'x', "not in order");
	expect_renamed(3);
}

/* An entry that is not the one of the name. */
static void entries_of_another_file(void **state)
{
	(void)state;
	make_names(NULL, "a.sys", NULL);
	uint8_t *root = attribute(BARE_DIR_RECORD, 0x90), *entry = root + get_le16(root + 20) + 32;
	damage(entry, 1, "does not list the file");
	damage(entry + 6, 1, "does not fit it");  /* sequence */
	damage(entry + 16, 1, "does not fit it"); /* directory */
	damage(entry + 16 + 0x41, 1, "does not fit it");
	damage(entry + 16 + 0x42, 'a' ^ 'A', "does not fit it");
}

static void tree_in_circles(void **state)
{
	uint8_t node[256];

	(void)state;
	bare_make(&bare, BARE_LEAVES, 4096, 1024);
	bare_index_block(
	        &bare, 0, node, bare_entry(node, 0, 0, 0, NULL, bare_block_vcn(&bare, 0)), true);
	expect_refused(REASON_NTFS_DAMAGED, "not a tree");
}

static void damaged_runs(void **state)
{
	(void)state;
	bare_make(&bare, BARE_LEAVES, 4096, 1024);
	uint8_t *index = attribute(BARE_DIR_RECORD, 0xa0), *pairs = index + get_le16(index + 32);
	uint8_t *mft = attribute(0, 0x80);
	damage(index + 16, 1, "makes no sense"); /* lowest vcn */
	damage(index + 24, 1, "makes no sense");
	damage(index + 33, 0x80, "does not hold together");
	damage(pairs, 0x42, "makes no sense"); /* no runs */
	damage(pairs, 0x40, "makes no sense"); /* a hole */
	damage(pairs, 0xf0, "makes no sense");
	damage(pairs + 2, 0x80, "makes no sense"); /* longer than the volume; negative */
	damage(pairs + 6, 0x80, "makes no sense");
	damage(pairs + 5, 0x80, "makes no sense");
	damage(mft + 24, 1, "makes no sense");
	damage(attribute(10, 0x80) + 50, 1, "$UpCase");
	damage(bare.bytes + 3, 1, "boot sector");
	damage(bare.bytes + 13, 7, "");
	damage(bare.bytes + 50, 0x40, "boot sector");
}

static void damaged_lists(void **state)
{
	(void)state;
	bare_make(&bare, BARE_LISTED, 4096, 1024);
	uint8_t *list = attribute(BARE_FILE_RECORD, 0x20), *entry = list + get_le16(list + 20);
	damage(entry + 4, 1, "attribute list makes no sense");
	damage(entry + 5, 0x40, "attribute list makes no sense");
	damage(entry + 6, 0x40, "attribute list makes no sense");
	damage(entry + 16, 1, "");
	damage(entry + 24, 1, "not where its list says");
	damage(bare.records[BARE_EXTENT_RECORD + 1] + 32, 1, "belongs to another");
	expect_renamed(4);
}

static void unreadable_volume(void **state)
{
	struct ntfs_rename rename;
	struct error err = {0};

	(void)state;
	bare_make(&bare, BARE_LEAVES, 4096, 1024);
	bare_finish(&bare);
	struct memory_device m = memory_device_over(bare.bytes, sizeof(bare.bytes), 512);
	m.fail_from = (uint64_t)BARE_INDEX * BARE_UNIT;
	assert_int_equal(ntfs_rename_prepare(&m.dev, BARE_DIR, BARE_FILE, &rename, &err), -EIO);
	assert_int_equal(err.reason, REASON_DISK_READ_ERROR);
	m.fail_from = UINT64_MAX;
	m.dev.size = 100;
	assert_int_equal(ntfs_rename_prepare(&m.dev, BARE_DIR, BARE_FILE, &rename, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(damaged_records),
	        cmocka_unit_test(damaged_index),
	        cmocka_unit_test(entries_of_another_file),
	        cmocka_unit_test(tree_in_circles),
	        cmocka_unit_test(damaged_runs),
	        cmocka_unit_test(damaged_lists),
	        cmocka_unit_test(unreadable_volume),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
