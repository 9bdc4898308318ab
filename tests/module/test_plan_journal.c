/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unclean journals of our own making: what they tell of the bad file, of others, or of far too
 * much. Judged with the journal replayed by ntfsrecover itself. */
#include "tests/generators/journal.h"
#include "tests/module/plan_damage.h"
#include "tests/module/plan_judge.h"

#define RECIPE(action, unclean)                                                              \
	"[recipe]\nname = t\n[match]\npath = " FOLDER "\nglob = C-00000291*.sys\n[action]\n" \
	"do = " action "\nunclean-journal = " unclean "\n"

#define SMALL (48ULL << 20)
#define LARGE (1792ULL << 20)
#define TEMP  "\\Windows\\Temp"

/* A volume and what Windows did to it before it crashed. */
struct story {
	const char *folder; /* where it made files; NULL: none */
	unsigned files;
	bool bad_file_too; /* the bad file is one of them, in its own folder */
	unsigned version;
	enum gen_flushed flushed;
	bool large; /* so is its journal */
};

static void put_files(struct gen_ntfs *n, const struct story *s)
{
	char path[160];

	for (unsigned i = 0; s->folder && i < s->files; i++) {
		(void)snprintf(path, sizeof(path), "%s\\C-00000200-%08u.sys", s->folder, i);
		fixture_put(n, path, 200, IN_WINDOW, 0);
	}
	if (s->bad_file_too)
		fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
}

static const char *make_image(const struct story *s)
{
	const char *path = fixture_path("crashed.img"), *before = fixture_path("before.img");
	struct gen_ntfs *n;

	assert_int_equal(gen_ntfs_format(path, s->large ? LARGE : SMALL, 0, 512, "C", 0x291), 0);
	assert_int_equal(gen_ntfs_open(path, &n), 0);
	fixture_put_windows(n, "Windows");
	assert_int_equal(gen_ntfs_mkdir(n, TEMP), 0);
	if (!s->bad_file_too)
		fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	assert_int_equal(gen_ntfs_copy(n, path, before), 0);
	put_files(n, s);
	fixture_finish(n);
	const struct gen_crash crash = {
	        .version = s->version, .before = before, .flushed = s->flushed, .seed = 291};
	assert_int_equal(gen_journal_crash(path, &crash), 0);
	return path;
}

static void copy(const char *from, const char *to)
{
	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", from, to, NULL}), 0);
}

static void settle(const char *image)
{
	size_t len;

	free(fixture_tool((const char *const[]){"ntfsrecover", "-k", image, NULL}, &len));
}

static struct plan *plan_on(const char *path, const char *recipe, enum plan_kind kind)
{
	struct plan *plan = fixture_plan(path, recipe);

	if (plan->kind != kind)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	print_message("%s\n", plan->text);
	assert_int_equal(plan->file_count, 1);
	assert_string_equal(plan->files[0].path, FOLDER "\\" BAD_1);
	return plan;
}

static void apply_and_judge(const char *path, const struct plan *plan)
{
	const char *before = fixture_path("replayed.img"), *after = fixture_path("after.img");
	struct error err = {0};

	copy(path, before);
	settle(before);
	copy(path, after);
	fixture_apply(plan, after);
	struct block_device *disk = fixture_disk(after, 0);
	struct volume_target whole = fixture_whole(disk);
	if (plan_verify(disk, &whole, plan, &err) < 0)
		fail_msg("%s", err.text);
	block_close(disk);
	if (plan->kind == PLAN_RENAME) {
		settle(after);
		judge_renamed(before, after, "sys");
		return;
	}
	judge_sound(after);
	assert_true(judge_notes_say(after, "(dirty)"));
	fixture_judge(before, after, (const char *const[]){BAD_1, NULL});
}

static void expect_refused(const char *path, const char *recipe, enum reason reason)
{
	const char *kept = fixture_path("kept.img");

	copy(path, kept);
	struct plan *plan = plan_on(path, recipe, PLAN_NONE);
	assert_int_equal(plan->reason, reason);
	assert_int_equal(plan->run_count, 0);
	plan_free(plan);
	assert_true(fixture_same_file(path, kept));
}

static void test_elsewhere(void **state)
{
	static const struct story stories[] = {{TEMP, 8, false, 1, GEN_FLUSHED_NONE, false},
	        {TEMP, 8, false, 2, GEN_FLUSHED_SOME, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		const char *path = make_image(&stories[i]);
		struct plan *plan = plan_on(path, RECIPE("remove", "rename"), PLAN_RENAME);
		assert_true(plan->sector_count <= 18);
		apply_and_judge(path, plan);
		plan_free(plan);
		expect_refused(path, RECIPE("remove", "refuse"), REASON_NTFS_UNCLEAN);
		/* Whether it asks for chkdsk or its mirror is behind: that is written to the raw
		 * disk alone. */
		damage_dirty(path);
		plan_free(plan_on(path, RECIPE("remove", "replay"), PLAN_RENAME));
		damage_mirror(path);
		plan_free(plan_on(path, RECIPE("rename", "rename"), PLAN_RENAME));
	}
}

static void test_beside(void **state)
{
	static const struct story story = {FOLDER, 20, false, 2, GEN_FLUSHED_NONE, false};
	const char *path = make_image(&story);

	(void)state;
	expect_refused(path, RECIPE("remove", "rename"), REASON_NTFS_PENDING);
	expect_refused(path, RECIPE("rename", "replay"), REASON_NTFS_PENDING);
	struct plan *plan = plan_on(path, RECIPE("remove", "replay"), PLAN_REPLAY_DELETE);
	apply_and_judge(path, plan);
	plan_free(plan);
	damage_dirty(path);
	expect_refused(path, RECIPE("remove", "replay"), REASON_NTFS_PENDING);
}

/* On the disk as it is there is no bad file yet; Windows will have it. */
static void test_in_the_journal_only(void **state)
{
	static const struct story story = {TEMP, 2, true, 2, GEN_FLUSHED_NONE, false};
	const char *path = make_image(&story);
	char *list = fixture_listing(path, false);

	(void)state;
	assert_null(strstr(list, BAD_1));
	free(list);
	expect_refused(path, RECIPE("remove", "rename"), REASON_NTFS_PENDING);
	expect_refused(path, RECIPE("report-only", "refuse"), REASON_REPORT_ONLY);
	struct plan *plan = plan_on(path, RECIPE("remove", "replay"), PLAN_REPLAY_DELETE);
	apply_and_judge(path, plan);
	plan_free(plan);
}

/* More than a plan may change, and more than a bundle should hold. */
static void test_too_much(void **state)
{
	static const struct story story = {FOLDER, 1700, false, 2, GEN_FLUSHED_NONE, true};
	const char *path = make_image(&story);

	(void)state;
	struct plan *plan = plan_on(path, RECIPE("remove", "replay"), PLAN_NONE);
	assert_int_equal(plan->reason, REASON_NTFS_REPLAY_FAILED);
	assert_non_null(strstr(plan->text, "a plan may change 4096"));
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_elsewhere),
	        cmocka_unit_test(test_beside),
	        cmocka_unit_test(test_in_the_journal_only),
	        cmocka_unit_test(test_too_much),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
