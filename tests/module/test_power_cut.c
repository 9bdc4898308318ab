/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power cuts in the middle of a repair, on volumes in memory: after every write, in the middle of
 * every run of sectors, and with the writes between two flushes in any order.
 */
#include "tests/generators/journal.h"
#include "tests/module/power_cut_trial.h"
#include "tests/module/windows_image.h"

static void run_on(const char *name, const char *path, uint32_t sector_size, enum plan_kind kind,
        bool replays, const char *recipe)
{
	struct trial t = {.kind = kind, .replays = replays};

	cut_open(&t.disk, path, sector_size);
	t.target = fixture_whole(&t.disk.dev);
	assert_int_equal(recipe_parse(recipe, strlen(recipe), &t.recipe, NULL), 0);
	run_trial(&t, name);
	end_trial(&t);
}

static void run_delete(const char *name, const char *path, uint32_t sector_size)
{
	run_on(name, path, sector_size, PLAN_DELETE, false, recipe_crowdstrike_291);
}

static struct gen_ntfs *begin(const char *path, uint32_t sector_size)
{
	struct gen_ntfs *n = fixture_format(path, sector_size);

	fixture_put_windows(n, "Windows");
	return n;
}

static void test_one_file(void **state)
{
	const char *path = fixture_path("one.img");
	struct gen_ntfs *n = begin(path, 512);

	(void)state;
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_finish(n);
	run_delete("one file", path, 512);
}

static void test_three_files(void **state)
{
	const char *path = fixture_path("three.img");
	struct gen_ntfs *n = begin(path, 512);

	(void)state;
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_put(n, FOLDER "\\" BAD_2, 300, IN_WINDOW, 0);
	fixture_put(n, FOLDER "\\C-00000291-00000000-00000030.sys", 120000, IN_WINDOW, 0);
	fixture_finish(n);
	run_delete("three files, one of them in its record", path, 512);
}

static void test_small_directory(void **state)
{
	const char *path = fixture_path("small.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put(n, "\\Windows\\System32\\config\\SYSTEM", 8192, IN_WINDOW, 0);
	fixture_put(n, "\\Windows\\System32\\ntoskrnl.exe", 4096, IN_WINDOW, 0);
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_finish(n);
	run_delete("a directory inside its record", path, 512);
}

static void test_attribute_list(void **state)
{
	const char *path = fixture_path("list.img");
	struct gen_ntfs *n = begin(path, 512);
	char stream[32], text[200] = "x";

	(void)state;
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	for (unsigned i = 0; i < 12; i++) {
		(void)snprintf(stream, sizeof(stream), "stream-%u", i);
		assert_int_equal(
		        gen_ntfs_add_stream(n, FOLDER "\\" BAD_1, stream, text, sizeof(text)), 0);
	}
	fixture_finish(n);
	run_delete("a file of several records", path, 512);
}

static void test_large_sectors(void **state)
{
	const char *path = fixture_path("large.img");
	struct gen_ntfs *n = begin(path, 4096);

	(void)state;
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_finish(n);
	run_delete("sectors of 4096 bytes", path, 4096);
}

#define RECIPE(action, unclean)                          \
	"[recipe]\nname = test\n[match]\npath = " FOLDER \
	"\nglob = C-00000291*.sys\n[action]\ndo = " action "\nunclean-journal = " unclean "\n"

static void test_rename(void **state)
{
	const char *path = fixture_path("rename.img");
	struct gen_ntfs *n = begin(path, 512);

	(void)state;
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_put(n, FOLDER "\\" BAD_2, 41083, IN_WINDOW, 0);
	fixture_finish(n);
	run_on("two files renamed", path, 512, PLAN_RENAME, false, RECIPE("rename", "rename"));
}

/* A crashed volume; its journal tells of what came after before (NULL: of nothing). */
static void crash(const char *path, const char *before)
{
	const struct gen_crash crash = {
	        .version = 2, .before = before, .flushed = GEN_FLUSHED_SOME, .seed = 291};

	assert_int_equal(gen_journal_crash(path, &crash), 0);
}

static void test_rename_crashed(void **state)
{
	const char *path = fixture_path("crashed.img");
	struct gen_ntfs *n = begin(path, 512);

	(void)state;
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_finish(n);
	crash(path, NULL);
	run_on("renamed beside an unclean journal", path, 512, PLAN_RENAME, true,
	        RECIPE("remove", "rename"));
}

/* The bad file itself is what the journal tells of. */
static void test_replay_delete(void **state)
{
	const char *path = fixture_path("pending.img"), *before = fixture_path("before.img");
	struct gen_ntfs *n;

	(void)state;
	fixture_finish(begin(before, 512));
	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", before, path, NULL}), 0);
	assert_int_equal(gen_ntfs_open(path, &n), 0);
	fixture_put(n, FOLDER "\\C-00000200-00000000-00000001.sys", 5000, IN_WINDOW, 0);
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	fixture_finish(n);
	crash(path, before);
	run_on("replayed and deleted", path, 512, PLAN_REPLAY_DELETE, true,
	        RECIPE("remove", "replay"));
}

/* A journal of Windows itself, with changes that ntfsrecover has undone on the volume. */
static void test_windows(void **state)
{
	const char *path = fixture_path("windows.img");

	(void)state;
	if (!windows_image_unpack("cs-n7-20", path))
		skip();
	run_on("a volume of Windows, renamed", path, 512, PLAN_RENAME, true,
	        RECIPE("remove", "rename"));
}

/* A sector that was torn in itself holds neither side: nobody may guess. */
static void test_torn_sector(void **state)
{
	const char *path = fixture_path("one.img");
	struct trial t = {0};
	struct error err = {0};
	struct plan *plan;
	size_t written;

	(void)state;
	cut_open(&t.disk, path, 512);
	t.target = fixture_whole(&t.disk.dev);
	assert_int_equal(recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291),
	                         &t.recipe, NULL),
	        0);
	assert_int_equal(plan_make(&t.disk.dev, &t.target, &t.recipe, &plan, &err), 0);
	cut_expect(&t.disk, plan->runs, plan->run_count);
	for (size_t i = 0; i < t.disk.sector_count; i++) {
		uint8_t *at = t.disk.bytes + t.disk.sectors[i].lba * 512, torn[512];
		memcpy(torn, t.disk.sectors[i].new_bytes, 256);
		memcpy(torn + 256, t.disk.sectors[i].old_bytes + 256, 256);
		if (memcmp(torn, t.disk.sectors[i].old_bytes, 512) == 0 ||
		        memcmp(torn, t.disk.sectors[i].new_bytes, 512) == 0)
			continue; /* only one half changes */
		cut_set(&t.disk, &(struct cut_state){0});
		memcpy(at, torn, 512);
		for (int d = COMMIT_COMPLETE; d <= COMMIT_UNDO; d++) {
			assert_true(commit_runs(&t.disk.dev, plan->runs, plan->run_count,
			                    (enum commit_direction)d, &written, &err) < 0);
			assert_int_equal(err.reason, REASON_PENDING_CONFLICT);
			assert_int_equal(t.disk.event_count, 0);
		}
		t.cuts++;
	}
	assert_true(t.cuts > 0);
	plan_free(plan);
	end_trial(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_one_file),
	        cmocka_unit_test(test_three_files),
	        cmocka_unit_test(test_small_directory),
	        cmocka_unit_test(test_attribute_list),
	        cmocka_unit_test(test_large_sectors),
	        cmocka_unit_test(test_rename),
	        cmocka_unit_test(test_rename_crashed),
	        cmocka_unit_test(test_replay_delete),
	        cmocka_unit_test(test_windows),
	        cmocka_unit_test(test_torn_sector),
	};
	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
