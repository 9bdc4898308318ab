/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The unclean journals that other tests are made of, judged by ntfsrecover, ntfs-3g's tools and our
 * checker. */
#include "tests/generators/journal.h"
#include "tests/module/plan_judge.h"

static void expect_same_facts(const char *a, const char *b)
{
	char *of_a = judge_dump(a), *of_b = judge_dump(b);

	assert_string_equal(of_a, of_b);
	free(of_a);
	free(of_b);
}

static void expect_journal(const char *image, const char *words)
{
	char *notes = judge_notes(image);

	if (!strstr(notes, words))
		fail_msg("not \"%s\": %s", words, notes);
	free(notes);
}

static const char *copy_of(const char *path, const char *name)
{
	const char *copy = fixture_path(name);

	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", path, copy, NULL}), 0);
	return copy;
}

/* By the tool itself. */
static void recover(const char *image, unsigned version)
{
	size_t len;

	expect_journal(image, version == 1 ? "version 1.1, not clean" : "version 2.0, not clean");
	char *said = fixture_tool((const char *const[]){"ntfsrecover", "-k", image, NULL}, &len);
	assert_non_null(strstr(said, "Syncing successful"));
	free(said);
	expect_journal(image, "version 1.1, clean");
}

static const char *make_volume(const char *name, uint32_t sector_size)
{
	const char *image = fixture_path(name);
	struct gen_ntfs *n = fixture_format(image, sector_size);

	fixture_put_windows(n, "Windows");
	fixture_finish(n);
	return image;
}

static void test_nothing_pending(void **state)
{
	const char *clean = make_volume("clean.img", 512);

	(void)state;
	for (unsigned version = 1; version <= 2; version++) {
		const char *image = copy_of(clean, "crashed.img");
		const struct gen_crash crash = {.version = version};
		assert_int_equal(gen_journal_crash(image, &crash), 0);
		expect_same_facts(image, clean);
		recover(image, version);
		expect_same_facts(image, clean);
	}
}

/* Many files, so that records, index blocks and bitmaps change and a block is split. */
static const char *change(const char *before)
{
	const char *after = copy_of(before, "after.img");
	struct gen_ntfs *n;

	assert_int_equal(gen_ntfs_open(after, &n), 0);
	for (unsigned i = 0; i < 60; i++) {
		char path[160];
		(void)snprintf(path, sizeof(path), FOLDER "\\C-00000200-00000000-%08u.sys", i);
		fixture_put(n, path, 100 + i * 100, IN_WINDOW, 0);
	}
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_finish(n);
	return after;
}

static void expect_replayed(uint32_t sector_size, bool wraps)
{
	const char *before = make_volume("before.img", sector_size), *after = change(before);

	for (unsigned i = 0; i < 6; i++) {
		const char *image = copy_of(after, "crashed.img");
		const struct gen_crash crash = {.version = 1 + i % 2,
		        .before = before,
		        .flushed = (enum gen_flushed)(i / 2),
		        .seed = 291 + i,
		        .wraps = wraps};
		assert_int_equal(gen_journal_crash(image, &crash), 0);
		if (crash.flushed != GEN_FLUSHED_SOME)
			expect_same_facts(image, crash.flushed == GEN_FLUSHED_ALL ? after : before);
		recover(image, crash.version);
		expect_same_facts(image, after);
		if (i == 0)
			fixture_judge(after, image, (const char *const[]){NULL});
	}
}

static void test_pending(void **state)
{
	(void)state;
	expect_replayed(512, false);
}

static void test_incomplete(void **state)
{
	const char *before = make_volume("before.img", 512), *after = change(before);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const char *image = copy_of(after, "crashed.img");
		const struct gen_crash crash = {.version = 1 + i % 2,
		        .before = before,
		        .flushed = i / 2 ? GEN_FLUSHED_ALL : GEN_FLUSHED_NONE,
		        .incomplete = true};
		assert_int_equal(gen_journal_crash(image, &crash), 0);
		recover(image, crash.version);
		expect_same_facts(image, i / 2 ? after : before);
	}
}

static void test_wrapped(void **state)
{
	(void)state;
	expect_replayed(512, true);
}

/* MFT records are of 4096 bytes there. */
static void test_sectors_of_4096(void **state)
{
	(void)state;
	expect_replayed(4096, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nothing_pending),
	        cmocka_unit_test(test_pending),
	        cmocka_unit_test(test_incomplete),
	        cmocka_unit_test(test_wrapped),
	        cmocka_unit_test(test_sectors_of_4096),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
