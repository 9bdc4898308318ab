/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The FAT reader against volumes made byte by byte: what is right, and each way to be wrong. What
 * mkfs.fat and mtools make is in tests/module/test_fat_tools.c. */
#include "fixer/fat/fat.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/memory_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static uint8_t bytes[FAT_IMAGE_MAX];
static struct memory_device m;
static const unsigned widths[] = {12, 16, 32};

static struct fat_image make(unsigned bits)
{
	memset(bytes, 0, sizeof(bytes));
	struct fat_image f = fat_image_make(bytes, bits);
	m = memory_device_over(bytes, (size_t)f.sectors * FAT_IMAGE_SECTOR, FAT_IMAGE_SECTOR);
	m.dev.writable = false;
	return f;
}

static int open_and_read(const char *path, uint8_t *out, size_t size, struct fat_file *file)
{
	struct fat fat;

	int r = fat_open(&m.dev, &fat);
	if (r == 0)
		r = fat_find(&fat, path, file);
	return r < 0 ? r : fat_read(&fat, file, out, size);
}

static int try_it(const char *path)
{
	uint8_t out[FAT_IMAGE_FILE + 16];
	struct fat_file file;

	return open_and_read(path, out, sizeof(out), &file);
}

static void test_a_file_in_pieces(void **state)
{
	uint8_t out[FAT_IMAGE_FILE];
	struct fat_file file;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fat fat;
		make(widths[i]);
		assert_int_equal(fat_open(&m.dev, &fat), 0);
		assert_int_equal(fat.bits, widths[i]);
		assert_int_equal(open_and_read(FAT_IMAGE_PATH, out, sizeof(out), &file), 0);
		assert_int_equal(file.size, FAT_IMAGE_FILE);
		for (size_t k = 0; k < sizeof(out); k++)
			assert_int_equal(out[k], fat_image_content(k));
	}
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		make(widths[i]);
		assert_int_equal(try_it("\\efi\\MICROSOFT\\boot\\bcd"), 0);
		assert_int_equal(try_it("EFI\\micros~1\\Boot\\BCD"), 0);
		assert_int_equal(try_it("\\EFI\\..\\EFI\\.\\Microsoft\\Boot\\BCD"), 0);
		assert_int_equal(try_it("\\EFI\\Microsof\\Boot\\BCD"), -ENOENT);
		assert_int_equal(try_it("\\EFI\\Microsoft2\\Boot\\BCD"), -ENOENT);
		assert_int_equal(try_it("\\SYSTEM"), -ENOENT); /* the volume's label */
		assert_int_equal(try_it("\\EFI\\Microsoft\\Boot\\BCD\\x"), -ENOTDIR);
		assert_int_equal(try_it("\\EFI\\Microsoft\\Boot"), -EISDIR);
		assert_int_equal(try_it("\\"), -EISDIR);
	}
}

/* A long name counts only with all of its parts, in order, and the 8.3 name it was made for. */
static void test_long_names(void **state)
{
	static const char shortname[] = "ABCDEF~1TXT";

	(void)state;
	struct fat_image f = make(12);
	uint8_t *e = fat_image_root(&f) + 64;
	fat_image_long(e, 0x42, "name", shortname);
	fat_image_long(e + 32, 0x01, "A rather long", shortname);
	fat_image_entry(e + 64, shortname, 0x20, 7, 5);
	assert_int_equal(try_it("\\a RATHER longNAME"), 0);
	assert_int_equal(try_it("\\A rather long"), -ENOENT);
	assert_int_equal(try_it("\\abcdef~1.txt"), 0);
	e[32 + 13] ^= 1;
	assert_int_equal(try_it("\\A rather longname"), -ENOENT);
	e[32 + 13] ^= 1;
	e[32] = 2;
	assert_int_equal(try_it("\\A rather longname"), -ENOENT);
	e[32] = 1;
	e[64 + 8] = 'D';
	assert_int_equal(try_it("\\A rather longname"), -ENOENT);
	e[64 + 8] = 'T';
	e[0] = 0x43; /* a part is missing */
	assert_int_equal(try_it("\\A rather longname"), -ENOENT);
	e[0] = 0x40 | 0x3f;
	assert_int_equal(try_it("\\A rather longname"), -ENOENT);
	e[0] = 0x42;
	e[64] = 0xe5; /* deleted */
	assert_int_equal(try_it("\\A rather longname"), -ENOENT);
	assert_int_equal(try_it("\\abcdef~1.txt"), -ENOENT);
}

static void test_a_name_of_13_letters_has_no_end(void **state)
{
	(void)state;
	struct fat_image f = make(16);
	uint8_t *e = fat_image_root(&f) + 64;
	fat_image_long(e, 0x41, "thirteen1.txt", "THIRTE~1TXT");
	fat_image_entry(e + 32, "THIRTE~1TXT", 0x20, 7, 5);
	assert_int_equal(try_it("\\Thirteen1.txt"), 0);
	assert_int_equal(try_it("\\Thirteen1.tx"), -ENOENT);
	assert_int_equal(try_it("\\Thirteen1.txtx"), -ENOENT);
}

static void test_chains_that_lead_astray(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fat_image f = make(widths[i]);
		fat_image_set(&f, 6, f.clusters + 2); /* one behind the last */
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
		fat_image_set(&f, 6, 0); /* free */
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
		fat_image_set(&f, 6, 1);
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
		fat_image_set(&f, 6, 0x0ffffff7); /* bad */
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
		fat_image_set(&f, 6, 0x0fffffff); /* too early */
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
		fat_image_set(&f, 6, f.clusters + 1); /* the last there is */
		assert_int_equal(try_it(FAT_IMAGE_PATH), 0);
		uint8_t *e = fat_image_cluster(&f, FAT_IMAGE_BOOT);
		put_le16(e + 26, 1);
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
		put_le16(e + 26, 0);
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG); /* no cluster for its bytes */
		put_le32(e + 28, 0);
		assert_int_equal(try_it(FAT_IMAGE_PATH), 0); /* empty */
	}
}

/* Directories have no size: in circles they end where the largest one would. */
static void test_directories_in_circles(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fat_image f = make(widths[i]);
		uint8_t *e = fat_image_cluster(&f, FAT_IMAGE_MICROSOFT);
		for (size_t k = 0; k < FAT_IMAGE_SECTOR; k += 32)
			fat_image_entry(e + k, "OTHER      ", 0x20, 7, 5);
		fat_image_set(&f, FAT_IMAGE_MICROSOFT, FAT_IMAGE_MICROSOFT);
		assert_int_equal(try_it(FAT_IMAGE_PATH), -ENOENT);
		fat_image_set(&f, FAT_IMAGE_MICROSOFT, 1);
		assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
	}
}

static void test_sizes(void **state)
{
	uint8_t out[FAT_IMAGE_FILE];
	struct fat_file file;

	(void)state;
	struct fat_image f = make(32);
	uint8_t *size = fat_image_cluster(&f, FAT_IMAGE_BOOT) + 28;
	assert_int_equal(open_and_read(FAT_IMAGE_PATH, out, FAT_IMAGE_FILE - 1, &file), -EFBIG);
	put_le32(size, UINT32_MAX);
	assert_int_equal(open_and_read(FAT_IMAGE_PATH, out, sizeof(out), &file), -EFBIG);
	put_le32(size, 1024);
	assert_int_equal(open_and_read(FAT_IMAGE_PATH, out, sizeof(out), &file), 0);
	put_le32(size, FAT_IMAGE_FILE);
	m.fail_from = f.data + 5 * FAT_IMAGE_SECTOR; /* cluster 7 */
	assert_int_equal(open_and_read(FAT_IMAGE_PATH, out, sizeof(out), &file), -EIO);
	m.fail_from = 100;
	assert_int_equal(try_it(FAT_IMAGE_PATH), -EIO);
}

struct field {
	const char *name;
	unsigned bits; /* of the volume */
	size_t at, len;
	uint32_t value;
};

static const struct field wrong[] = {
        {"signature", 12, 510, 2, 0xaa54},
        {"sector 0", 12, 11, 2, 0},
        {"sector 256", 12, 11, 2, 256},
        {"sector 513", 12, 11, 2, 513},
        {"sector 8192", 12, 11, 2, 8192},
        {"cluster of no sector", 12, 13, 1, 0},
        {"cluster of 3 sectors", 12, 13, 1, 3},
        {"no reserved sector", 12, 14, 2, 0},
        {"reserved beyond the end", 12, 14, 2, 0xffff},
        {"no table", 12, 16, 1, 0},
        {"tables beyond the end", 12, 16, 1, 255},
        {"no root directory", 16, 17, 2, 0},
        {"a root directory on FAT32", 32, 17, 2, 16},
        {"root directory beyond the end", 12, 17, 2, 0xffff},
        {"larger than the device", 12, 32, 4, 44},
        {"much larger than the device", 16, 32, 4, UINT32_MAX},
        {"no sectors", 32, 32, 4, 0},
        {"nothing but tables", 12, 32, 4, 3},
        {"table too small", 16, 22, 2, 16},
        {"table of 2 TiB", 32, 36, 4, UINT32_MAX},
        {"no table at all", 32, 36, 4, 0},
        {"another table than there are", 32, 40, 2, 0x81},
};

static void test_boot_sectors(void **state)
{
	struct fat fat;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct field *w = &wrong[i];
		make(w->bits);
		assert_int_equal(fat_open(&m.dev, &fat), 0);
		for (size_t k = 0; k < w->len; k++)
			bytes[w->at + k] = (uint8_t)(w->value >> 8 * k);
		int r = fat_open(&m.dev, &fat);
		if (r != -EBADMSG)
			fail_msg("%s: %d", w->name, r);
	}
	m.dev.size = 511;
	assert_int_equal(fat_open(&m.dev, &fat), -EBADMSG);
}

/* FAT32 may keep one of its tables only up to date. */
static void test_the_table_in_use(void **state)
{
	(void)state;
	struct fat_image f = make(32);
	memmove(bytes + f.data + FAT_IMAGE_SECTOR, bytes + f.data,
	        (f.clusters - 1) * (size_t)FAT_IMAGE_SECTOR);
	memcpy(bytes + f.table + FAT_IMAGE_SECTOR, bytes + f.table, FAT_IMAGE_SECTOR);
	memset(bytes + f.table, 0, FAT_IMAGE_SECTOR);
	bytes[16] = 2;
	assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
	put_le16(bytes + 40, 0x81);
	assert_int_equal(try_it(FAT_IMAGE_PATH), 0);
	put_le16(bytes + 40, 0x01); /* all are: the number means nothing */
	assert_int_equal(try_it(FAT_IMAGE_PATH), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_file_in_pieces),
	        cmocka_unit_test(test_names),
	        cmocka_unit_test(test_long_names),
	        cmocka_unit_test(test_a_name_of_13_letters_has_no_end),
	        cmocka_unit_test(test_chains_that_lead_astray),
	        cmocka_unit_test(test_directories_in_circles),
	        cmocka_unit_test(test_sizes),
	        cmocka_unit_test(test_boot_sectors),
	        cmocka_unit_test(test_the_table_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
