/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renames on volumes that mkntfs and Windows made, judged by ntfs-3g's own tools and ntfscheck. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/directory.h"
#include "fixer/ntfs/rename.h"
#include "tests/module/plan_judge.h"
#include "tests/module/windows_image.h"

#define RENAMED_1 "C-00000291-00000000-00000032.off"

/* --- volumes -----------------------------------------------------------------------------------
 */

static struct block_device *open_image(const char *path, uint32_t sector_size)
{
	struct block_device *dev;
	struct error err = {0};

	if (file_device_open(path, true, sector_size, &dev, &err) < 0)
		fail_msg("%s", err.text);
	return dev;
}

/* References of a file in FOLDER and of FOLDER, by libntfs-3g. */
static void look_up(
        struct block_device *dev, const char *name, uint64_t *ret_directory, uint64_t *ret_file)
{
	struct ntfs_view *view;
	struct error err = {0};

	if (ntfs_view_open(dev, &view, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(ntfs_resolve(view, ntfs_root(), FOLDER, ret_directory), 0);
	assert_int_equal(ntfs_lookup(view, *ret_directory, name, ret_file), 0);
	assert_int_equal(ntfs_view_close(view), 0);
}

static int prepare(const char *image, uint32_t sector_size, const char *name,
        struct ntfs_rename *ret, struct error *err)
{
	struct block_device *dev = open_image(image, sector_size);
	uint64_t directory, file;

	look_up(dev, name, &directory, &file);
	int r = ntfs_rename_prepare(dev, directory, file, ret, err);
	block_close(dev);
	return r;
}

/* --- judging -----------------------------------------------------------------------------------
 */

static size_t changed_sectors(const struct ntfs_rename *rename)
{
	size_t n = 0;

	for (size_t i = 0; i < rename->count; i++)
		for (size_t at = 0; at < rename->blocks[i].len; at += 512)
			n += memcmp(rename->blocks[i].old_bytes + at,
			             rename->blocks[i].new_bytes + at, 512) != 0;
	return n;
}

/* The listing with one line put in the place of another. */
static char *replaced(const char *listing, const char *line, const char *by)
{
	char *text = NULL;
	const char *at = strstr(listing, line);

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - listing), listing, by,
	                    at + strlen(line)) > 0);
	return text;
}

static void expect_listing(
        const char *before, const char *after, bool short_names, const char *now, const char *then)
{
	char *old_list = fixture_listing(before, short_names);
	char *new_list = fixture_listing(after, short_names);
	char *expected = replaced(old_list, now, then);

	assert_string_equal(new_list, expected);
	free(old_list);
	free(new_list);
	free(expected);
}

static void expect_same_content(
        const char *before, const char *now, const char *after, const char *then)
{
	size_t old_len, new_len;
	char *old_content = fixture_cat(before, now, &old_len);
	char *new_content = fixture_cat(after, then, &new_len);

	assert_true(old_len > 0 && old_len == new_len);
	assert_memory_equal(old_content, new_content, old_len);
	free(old_content);
	free(new_content);
}

/* Half flushed there are some, and the same as before. */
static void expect_same_findings(const char *before, const char *after, bool none)
{
	int old_count, new_count;
	char *old_text = judge_ask(before, ntfscheck, &old_count);
	char *new_text = judge_ask(after, ntfscheck, &new_count);

	assert_string_equal(new_text, old_text);
	assert_int_equal(new_count, old_count);
	if (none)
		assert_string_equal(new_text, "");
	free(old_text);
	free(new_text);
}

/* Applies the rename to image; before is how it was. */
static void apply_and_judge(const char *before, const char *image, uint32_t sector_size,
        const struct ntfs_rename *rename)
{
	struct block_device *dev = open_image(image, sector_size);
	size_t len;

	assert_int_equal(ntfs_rename_same_on(rename, dev), 1);
	assert_int_equal(ntfs_rename_apply(dev, rename), 0);
	assert_int_equal(ntfs_rename_same_on(rename, dev), 0);
	block_close(dev);
	expect_listing(before, image, false, BAD_1, RENAMED_1);
	expect_same_content(before, BAD_1, image, RENAMED_1);
	free(fixture_tool((const char *const[]){"ntfsinfo", "-f", "-F", FOLDER_SLASH "/" RENAMED_1,
	                          image, NULL},
	        &len));
	/* Back again: every byte as it was. */
	dev = open_image(image, sector_size);
	for (size_t i = 0; i < rename->count; i++)
		assert_int_equal(block_write(dev, rename->blocks[i].offset,
		                         rename->blocks[i].old_bytes, rename->blocks[i].len),
		        0);
	block_close(dev);
	assert_true(fixture_same_file(before, image));
	dev = open_image(image, sector_size);
	assert_int_equal(ntfs_rename_apply(dev, rename), 0);
	block_close(dev);
}

static void copy_image(const char *from, const char *to)
{
	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", from, to, NULL}), 0);
}

static void rename_and_judge(
        const char *image, uint32_t sector_size, size_t sectors, bool consistent)
{
	const char *copy = fixture_path("renamed.img");
	struct ntfs_rename rename;
	struct error err = {0};

	if (prepare(image, sector_size, BAD_1, &rename, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	print_message("%zu sectors in %zu blocks\n", changed_sectors(&rename), rename.count);
	assert_true(changed_sectors(&rename) <= sectors);
	assert_int_equal(rename.name_len, strlen(RENAMED_1));
	for (size_t i = 0; i < rename.name_len; i++)
		assert_int_equal(get_le16(&rename.name[i]), RENAMED_1[i]);
	copy_image(image, copy);
	apply_and_judge(image, copy, sector_size, &rename);
	expect_same_findings(image, copy, consistent);
	ntfs_rename_free(&rename);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_sector_sizes(void **state)
{
	const char *path = fixture_path("made.img");

	(void)state;
	for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
		struct gen_ntfs *n = fixture_format(path, sector);
		fixture_put_windows(n, "Windows");
		fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
		fixture_finish(n);
		rename_and_judge(path, sector, sector == 512 ? 18 : 24, true);
		size_t len;
		free(fixture_tool(
		        (const char *const[]){"ntfsfix", "-n", fixture_path("renamed.img"), NULL},
		        &len));
		expect_listing(
		        path, fixture_path("renamed.img"), true, "C-183D~1.SYS", "C-183D~1.OFF");
	}
}

static void test_windows_images(void **state)
{
	static const char *const images[] = {"cs-clean", "cs-n4-20", "cs-n7-20", "cs-n7-11"};
	const char *path = fixture_path("windows.img");

	(void)state;
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		if (!windows_image_unpack(images[i], path))
			skip();
		rename_and_judge(path, 512, 18, i == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sector_sizes),
	        cmocka_unit_test(test_windows_images),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
