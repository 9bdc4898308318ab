/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a recipe makes of a file that has the right name: times, content, several sections. */
#include "tests/module/match_fixture.h"

#define BAD_FILE FOLDER "\\" BAD_1
#define WINDOW   "modified-from = 2024-07-19T04:09:00Z\nmodified-to = 2024-07-19T05:27:00Z\n"
#define IN_291   WHERE(FOLDER, "C-00000291*.sys")
#define FROM     1721362140 /* date -u -d 2024-07-19T04:09:00Z +%s */
#define YEAR     31536000

static const char *volume(const char *name, int64_t modified, int64_t named)
{
	const char *path = fixture_path(name);
	struct gen_ntfs *n = fixture_format(path, 512);

	fixture_put_windows(n, "Windows");
	fixture_put(n, BAD_FILE, 41083, modified, 0);
	if (named)
		assert_int_equal(gen_ntfs_set_name_times(n, BAD_FILE, named), 0);
	fixture_finish(n);
	return path;
}

static void expect(
        const char *image, const char *recipe, enum reason reason, bool in_window, const char *note)
{
	struct found f;

	found_open(&f, image, recipe);
	assert_int_equal(f.list.count, 1);
	const struct match *m = &f.list.items[0];
	if (m->reason != reason || m->in_window != in_window || !strstr(m->note, note) ||
	        (!*note && *m->note))
		fail_msg("%s, %d, '%s'", reason_code(m->reason), m->in_window, m->note);
	assert_true(strlen(m->note) < sizeof(m->note) - 1);
	found_close(&f);
}

static void test_edges_of_the_window(void **state)
{
	static const struct {
		int64_t modified;
		bool inside;
	} times[] = {{FROM - 1, false}, {FROM, true}, {AFTER_WINDOW - 1, true},
	        {AFTER_WINDOW, false}, {0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		expect(volume("edge.img", times[i].modified, 0), REMOVE(IN_291 WINDOW),
		        times[i].inside ? REASON_OK : REASON_OUTSIDE_WINDOW, times[i].inside, "");
}

/* Times from the year 1601 to 60056 are just outside. */
static void test_times_at_the_ends(void **state)
{
	static const uint64_t ends[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
	struct found f;

	(void)state;
	found_open(&f, volume("ends.img", IN_WINDOW, 0), REMOVE(IN_291 WINDOW));
	struct match m = f.list.items[0];
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		m.file.modified = ends[i];
		assert_int_equal(match_judge(f.view, &f.recipe, &f.recipe.matches[0], &m), 0);
		assert_false(m.in_window);
		assert_int_equal(m.reason, REASON_OUTSIDE_WINDOW);
	}
	found_close(&f);
}

/* A program can set the time of modification, only Windows makes the times of the name. */
static void test_times_that_disagree(void **state)
{
	static const char skip[] = REMOVE(IN_291 WINDOW);
	static const char act[] = REMOVE(IN_291 WINDOW "when-outside-window = act");
	static const char any[] = REMOVE(IN_291);

	(void)state;
	/* The name is older than the last change, as it should be, or as good as. */
	expect(volume("a.img", IN_WINDOW, IN_WINDOW - YEAR), skip, REASON_OK, true, "");
	expect(volume("b.img", IN_WINDOW, IN_WINDOW + 2), skip, REASON_OK, true, "");
	/* Younger, but the same verdict. */
	const char *image = volume("c.img", IN_WINDOW, IN_WINDOW + 60);
	expect(image, skip, REASON_OK, true,
	        "last changed 2024-07-19T04:18:00Z, but its name was made 2024-07-19T04:19:00Z");
	/* Another verdict. */
	image = volume("d.img", IN_WINDOW, IN_WINDOW + YEAR);
	expect(image, skip, REASON_OUTSIDE_WINDOW, false,
	        "2025-07-19T04:18:00Z; taken as outside the window");
	expect(image, act, REASON_OK, false, "taken as outside the window");
	expect(image, any, REASON_OK, true, "its times disagree");
	/* Outside stays outside, whatever the name says. */
	expect(volume("e.img", FROM - YEAR, IN_WINDOW), skip, REASON_OUTSIDE_WINDOW, false,
	        "its times disagree");
}

/* The content fixture_put() writes, as the recipe names it: sha256sum of the file, from the shell.
 */
static void hash_of(const char *image, char out[65])
{
	const char *path = fixture_path("content");
	size_t len;

	char *content = fixture_cat(image, BAD_1, &len);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(content, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	free(content);
	char *line = fixture_tool((const char *const[]){"sha256sum", path, NULL}, &len);
	memcpy(out, line, 64);
	out[64] = 0;
	free(line);
}

static void test_content(void **state)
{
	static const struct {
		const char *keys;
		bool fits;
	} cases[] = {
	        {"size-from = 41083\nsize-to = 41083\n", true},
	        {"size-from = 41084\n", false},
	        {"size-to = 41082\n", false},
	        /* Bytes i * 31 + i / 256 + size: 41083 = 0xa07b. */
	        {"header = 7B 9a B9 d8\n", true},
	        {"header = 7b 9a b9 d9\n", false},
	        {"header = 7b9ab9d8\nsize-to = 10\n", false},
	        {"sha256 = 0000000000000000000000000000000000000000000000000000000000000000\n",
	                false},
	};
	const char *image = volume("content.img", IN_WINDOW, 0);
	char recipe[512], hash[65];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(recipe, sizeof(recipe), REMOVE(IN_291 "%s"), cases[i].keys);
		expect(image, recipe, cases[i].fits ? REASON_OK : REASON_OTHER_CONTENT, true, "");
	}
	hash_of(image, hash);
	(void)snprintf(recipe, sizeof(recipe),
	        REMOVE(WHERE(FOLDER, "C-00000291-*32.sys") "sha256 = %s\nheader = 7b"), hash);
	expect(image, recipe, REASON_OK, true, "");
	/* The window first: a person looks at one thing at a time. */
	expect(volume("old.img", FROM - YEAR, 0), REMOVE(IN_291 WINDOW "size-to = 1\n"),
	        REASON_OUTSIDE_WINDOW, false, "");
}

static void test_short_file(void **state)
{
	const char *path = fixture_path("short.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put_windows(n, "Windows");
	fixture_put(n, BAD_FILE, 0, IN_WINDOW, 0);
	fixture_finish(n);
	expect(path, REMOVE(IN_291 "header = 00"), REASON_OTHER_CONTENT, true, "");
	expect(path,
	        REMOVE(IN_291 "sha256 = "
	                      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
	        REASON_OK, true, "");
}

/* What cannot be acted on is said, also where nothing is to be done. */
static void test_obstacles(void **state)
{
	static const char report[] =
	        "[recipe]\nname = test\n[match]\n" IN_291 "header = 00\n[action]\n"
	        "do = report-only\n";
	const char *path = fixture_path("obstacles.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put_windows(n, "Windows");
	fixture_put(n, BAD_FILE, 700, IN_WINDOW, NTFS_ATTR_ENCRYPTED);
	fixture_finish(n);
	expect(path, REMOVE(IN_291 "header = 00"), REASON_TARGET_ENCRYPTED, true, "");
	expect(path, REMOVE(IN_291 "size-to = 699"), REASON_OTHER_CONTENT, true, "");
	expect(path, report, REASON_REPORT_ONLY, true,
	        "could not be acted on: the bad file is EFS-encrypted");
}

/* One file, once, with the verdict of the section that asks for most. */
static void test_several_sections(void **state)
{
	const char *image = volume("sections.img", IN_WINDOW, 0);

	(void)state;
	expect(image, REMOVE(IN_291 "size-to = 1\n[match]\n" IN_291), REASON_OK, true, "");
	expect(image, REMOVE(IN_291 "[match]\n" IN_291 "size-to = 1\n"), REASON_OK, true, "");
	expect(image, REMOVE(IN_291 "size-to = 1\n[match]\n" IN_291 "header = 00\n"),
	        REASON_OTHER_CONTENT, true, "");
	found_expect(image,
	        REMOVE(IN_291
	                "[match]\n" WHERE("\\Windows\\System32", "NTOSKRNL.EXE") "[match]\n" WHERE(
	                        "\\WINDOWS\\System32\\drivers\\Nothing", "none.sys")),
	        REASON_OK, PATHS(BAD_FILE, "\\Windows\\System32\\ntoskrnl.exe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_edges_of_the_window),
	        cmocka_unit_test(test_times_at_the_ends),
	        cmocka_unit_test(test_times_that_disagree),
	        cmocka_unit_test(test_content),
	        cmocka_unit_test(test_short_file),
	        cmocka_unit_test(test_obstacles),
	        cmocka_unit_test(test_several_sections),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
