/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which names a recipe finds, and where. */
#include "fixer/ntfs/lookup.h"
#include "tests/module/match_fixture.h"

#define ALL_291 REMOVE(WHERE(FOLDER, "C-00000291*.sys"))

/* The names ntfs-3g's own tool lists in a folder that have text in them, in order. */
static void judge_names(const char *image, const char *folder, const char *text, size_t count)
{
	size_t len, lines = 0;
	char *list = fixture_tool(
	        (const char *const[]){"ntfsls", "-f", "-p", folder, image, NULL}, &len);

	for (const char *at = list; (at = strcasestr(at, text)); at++)
		lines++;
	assert_int_equal(lines, count);
	free(list);
}

static void put_posix(struct gen_ntfs *n, const char *path)
{
	struct gen_file file = {
	        .path = path, .data = "x", .size = 1, .created = IN_WINDOW, .modified = IN_WINDOW};

	assert_int_equal(gen_ntfs_put_posix(n, &file), 0);
}

/* A file is what its long name says: true in the report, and never found by the short one. */
static void test_long_and_short(void **state)
{
	const char *path = fixture_path("long.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\c-00000291-00000000-00000032.SYS", 7, IN_WINDOW,
	        GEN_ATTR_READONLY | GEN_ATTR_HIDDEN | GEN_ATTR_SYSTEM);
	assert_int_equal(gen_ntfs_mkdir(n, FOLDER "\\C-00000291-folder.sys"), 0);
	fixture_put(n, FOLDER "\\innocent long name.sys", 7, IN_WINDOW, 0);
	fixture_finish(n);
	char *shorts = fixture_listing(path, true);
	assert_non_null(strstr(shorts, "INNOCE~1.SYS"));
	free(shorts);
	found_expect(path, ALL_291, REASON_OK, PATHS(FOLDER "\\c-00000291-00000000-00000032.SYS"));
	found_expect(path, REMOVE(WHERE(FOLDER, "INNOCE~1.SYS")), REASON_OK, NOTHING);
	found_expect(path,
	        REMOVE(WHERE("\\Windows\\System32\\drivers\\CROWDS~1", "C-00000291*.sys")),
	        REASON_OK, NOTHING);

	struct found f;
	found_open(&f, path, ALL_291);
	assert_int_equal(f.list.items[0].file.attributes & 7,
	        GEN_ATTR_READONLY | GEN_ATTR_HIDDEN | GEN_ATTR_SYSTEM);
	found_close(&f);
}

/* Names that differ in case only are different files, and folders. */
static void test_posix_twins(void **state)
{
	const char *path = fixture_path("twins.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put_windows(n, "Windows");
	put_posix(n, FOLDER "\\C-00000291-a.sys");
	put_posix(n, FOLDER "\\c-00000291-A.sys");
	put_posix(n, FOLDER "\\C-00000291-A.SYS");
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\Windows\\System32\\drivers\\crowdstrikE"), 0);
	put_posix(n, "\\Windows\\System32\\drivers\\crowdstrikE\\C-00000291-b.sys");
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\wINDOWS"), 0);
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\wINDOWS\\sYSTEM32"), 0);
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\wINDOWS\\sYSTEM32\\DRIVERS"), 0);
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\wINDOWS\\sYSTEM32\\DRIVERS\\crowdStrike"), 0);
	put_posix(n, "\\wINDOWS\\sYSTEM32\\DRIVERS\\crowdStrike\\c-00000291.sys");
	fixture_finish(n);
	judge_names(path, FOLDER_SLASH, "C-00000291-", 3);
	found_expect(path, ALL_291, REASON_OK,
	        PATHS(FOLDER "\\C-00000291-A.SYS", FOLDER "\\C-00000291-a.sys",
	                FOLDER "\\c-00000291-A.sys",
	                "\\Windows\\System32\\drivers\\crowdstrikE\\C-00000291-b.sys",
	                "\\wINDOWS\\sYSTEM32\\DRIVERS\\crowdStrike\\c-00000291.sys"));
}

/* The index of a folder with many names has several levels; equal ones may be in different blocks.
 */
static void test_twins_among_many(void **state)
{
	const char *path = fixture_path("many-folders.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	static const char *const twins[] = {"Middle", "middle", "MIDDLE", "mIddle", "midDLE"};
	char name[128];

	(void)state;
	assert_int_equal(gen_ntfs_mkdir(n, "\\Top"), 0);
	for (unsigned i = 0; i < 400; i++) {
		(void)snprintf(
		        name, sizeof(name), "\\Top\\%s%u %0100u", i % 2 ? "M" : "middlf", i, i);
		put_posix(n, name);
		(void)snprintf(name, sizeof(name), "\\Top\\Middl%u %0100u", i, i);
		put_posix(n, name);
	}
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "\\Top\\%s", twins[i]);
		assert_int_equal(gen_ntfs_mkdir_posix(n, name), 0);
		(void)snprintf(name, sizeof(name), "\\Top\\%s\\abcd.sys", twins[i]);
		put_posix(n, name);
	}
	fixture_finish(n);
	found_expect(path, REMOVE(WHERE("\\tOP\\miDDle", "ABCD.SYS")), REASON_OK,
	        PATHS("\\Top\\MIDDLE\\abcd.sys", "\\Top\\Middle\\abcd.sys",
	                "\\Top\\mIddle\\abcd.sys", "\\Top\\midDLE\\abcd.sys",
	                "\\Top\\middle\\abcd.sys"));
	found_expect(path, REMOVE(WHERE("\\Top\\Middl", "abcd.sys")), REASON_OK, NOTHING);
	found_expect(path, REMOVE(WHERE("\\Top\\Middlee", "abcd.sys")), REASON_OK, NOTHING);
	found_expect(path, REMOVE(WHERE("\\M", "abcd.sys")), REASON_OK, NOTHING);
}

/* More than anyone has: said, not guessed at. */
static void test_too_many_twins(void **state)
{
	const char *path = fixture_path("crowd.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	char name[] = "\\abcde\\abcd.sys";
	struct found f;

	(void)state;
	for (unsigned i = 0; i <= NTFS_PLACES_MAX; i++) {
		for (unsigned k = 0; k < 5; k++)
			name[1 + k] = (char)((i >> k & 1 ? 'A' : 'a') + (char)k);
		name[6] = 0;
		assert_int_equal(gen_ntfs_mkdir_posix(n, name), 0);
		name[6] = '\\';
		put_posix(n, name);
	}
	fixture_finish(n);
	found_open(&f, path, REMOVE(WHERE("\\ABCDE", "abcd.sys")));
	assert_true(f.list.too_many);
	found_close(&f);
}

/* The volume's own table: "\u00ff" and "\u0178" are one letter, "\u00df" and "ss" are not. */
static void test_case_of_the_volume(void **state)
{
	const char *path = fixture_path("case.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put(n, "\\Gr\u00f6\u00dfe\\\u0178\u00c4\u03a9-Pr\u00dcfung.dat", 7, IN_WINDOW, 0);
	fixture_put(n, "\\Gr\u00f6\u00dfe\\\U0001f30d earth.dat", 7, IN_WINDOW, 0);
	fixture_finish(n);
	found_expect(path, REMOVE(WHERE("\\GR\u00d6\u00dfE", "\u00ff\u00e4\u03c9-*\u00fcFUNG.dat")),
	        REASON_OK, PATHS("\\Gr\u00f6\u00dfe\\\u0178\u00c4\u03a9-Pr\u00dcfung.dat"));
	found_expect(path, REMOVE(WHERE("\\gr\u00f6\u00dfe", "\U0001f30d EARTH.dat")), REASON_OK,
	        PATHS("\\Gr\u00f6\u00dfe\\\U0001f30d earth.dat"));
	found_expect(path, REMOVE(WHERE("\\GR\u00d6SSE", "*fung.dat")), REASON_OK, NOTHING);
	found_expect(path, REMOVE(WHERE("\\Gro\u0308\u00dfe", "*fung.dat")), REASON_OK, NOTHING);
}

/* Links are shown, not followed, wherever on the path they are. */
static void test_links(void **state)
{
	const char *path = fixture_path("links.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	struct found f;

	(void)state;
	fixture_put_windows(n, "Winnt");
	fixture_put(n, "\\Winnt\\System32\\drivers\\CrowdStrike\\" BAD_1, 7, IN_WINDOW, 0);
	assert_int_equal(gen_ntfs_mkdir(n, "\\Windows"), 0);
	assert_int_equal(gen_ntfs_make_junction(n, "\\Windows", "\\Winnt"), 0);
	fixture_put_windows(n, "Win11");
	assert_int_equal(gen_ntfs_mkdir(n, "\\Win11\\System32\\drivers\\Other"), 0);
	assert_int_equal(gen_ntfs_make_junction(n, "\\Win11\\System32\\drivers\\Other",
	                         "\\Winnt\\System32\\drivers\\CrowdStrike"),
	        0);
	fixture_finish(n);
	found_open(&f, path, ALL_291);
	assert_int_equal(f.windows.count, 2);
	assert_int_equal(f.list.count, 2);
	assert_string_equal(f.list.items[0].path, "\\Windows");
	assert_int_equal(f.list.items[0].reason, REASON_TARGET_REPARSE);
	assert_non_null(strstr(f.list.items[0].note, "not followed"));
	assert_string_equal(
	        f.list.items[1].path, "\\Winnt\\System32\\drivers\\CrowdStrike\\" BAD_1);
	assert_int_equal(f.list.items[1].reason, REASON_OK);
	found_close(&f);
	found_expect(path, REMOVE(WHERE("\\Win11\\System32\\drivers\\Other", "C-00000291*.sys")),
	        REASON_TARGET_REPARSE, PATHS("\\Win11\\System32\\drivers\\Other"));
	found_expect(path, REMOVE(WHERE("\\Win11\\System32\\drivers\\Other\\x", "C-00000291*.sys")),
	        REASON_TARGET_REPARSE, PATHS("\\Win11\\System32\\drivers\\Other"));
}

/* Each name of a file that fits is listed; one elsewhere is not. */
static void test_hard_links(void **state)
{
	const char *path = fixture_path("hard-links.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	struct found f;

	(void)state;
	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\" BAD_1, 7, IN_WINDOW, 0);
	assert_int_equal(gen_ntfs_link(n, FOLDER "\\" BAD_1, FOLDER "\\C-00000291-again.sys"), 0);
	assert_int_equal(gen_ntfs_link(n, FOLDER "\\" BAD_1, FOLDER "\\other.sys"), 0);
	assert_int_equal(gen_ntfs_link(n, FOLDER "\\" BAD_1, "\\elsewhere\\" BAD_1), 0);
	fixture_finish(n);
	found_open(&f, path, ALL_291);
	assert_int_equal(f.list.count, 2);
	assert_string_equal(f.list.items[0].path, FOLDER "\\" BAD_1);
	assert_string_equal(f.list.items[1].path, FOLDER "\\C-00000291-again.sys");
	assert_int_equal(f.list.items[0].file.reference, f.list.items[1].file.reference);
	found_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_long_and_short),
	        cmocka_unit_test(test_posix_twins),
	        cmocka_unit_test(test_twins_among_many),
	        cmocka_unit_test(test_too_many_twins),
	        cmocka_unit_test(test_case_of_the_volume),
	        cmocka_unit_test(test_links),
	        cmocka_unit_test(test_hard_links),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
