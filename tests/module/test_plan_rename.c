/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Renames in place, and the volumes on which nothing milder than that, or nothing at all, is
 * allowed. */
#include "fixer/repair/plan_internal.h"
#include "tests/module/plan_damage.h"
#include "tests/module/plan_judge.h"

#define RECIPE(glob, action, unclean)                                     \
	"[recipe]\nname = test\n[match]\npath = " FOLDER "\nglob = " glob \
	"\n[action]\ndo = " action "\nunclean-journal = " unclean "\n"
#define GLOB  "C-00000291*.sys"
#define OFF_1 "C-00000291-00000000-00000032.off"

static const char *copy_of(const char *path, const char *name)
{
	const char *copy = fixture_path(name);

	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", path, copy, NULL}), 0);
	return copy;
}

static void expect_refusal(const char *path, const char *recipe, enum reason reason)
{
	const char *kept = copy_of(path, "kept.img");
	struct plan *plan = fixture_plan(path, recipe);

	if (plan->reason != reason)
		fail_msg("%s (%s) instead of %s", reason_code(plan->reason), plan->text,
		        reason_code(reason));
	assert_int_equal(plan->kind, PLAN_NONE);
	assert_int_equal(plan->run_count, 0);
	assert_true(plan->file_count >= 1);
	for (size_t i = 0; i < plan->file_count; i++) {
		assert_false(plan->files[i].acted);
		assert_int_not_equal(plan->files[i].reason, REASON_OK);
		assert_string_equal(plan->files[i].renamed_to, "");
	}
	plan_free(plan);
	assert_true(fixture_same_file(path, kept));
}

/* Under its new name it holds what was saved. */
static void expect_content(const char *image, const struct plan_file *f)
{
	size_t folder = strlen(FOLDER "\\"), len;

	assert_true(f->acted && strncmp(f->renamed_to, FOLDER "\\", folder) == 0);
	char *now = fixture_cat(image, f->renamed_to + folder, &len);
	assert_true(len == f->size && memcmp(now, f->content, len) == 0);
	free(now);
}

/* Plans, applies to a copy, and judges that. */
static void rename_and_judge(const char *path, const char *recipe, size_t count)
{
	const char *copy = copy_of(path, "renamed.img");
	struct block_device *disk = fixture_disk(copy, 0);
	struct volume_target target = fixture_whole(disk);
	struct plan *plan = fixture_plan(path, recipe);
	struct error err = {0};

	if (plan->kind != PLAN_RENAME)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	print_message("%s\n", plan->text);
	assert_true(plan->sector_count > 0 && plan->sector_count <= 18 * count);
	assert_int_equal(plan_verify(disk, &target, plan, &err), -EBADMSG);
	fixture_apply(plan, copy);
	assert_int_equal(plan_verify(disk, &target, plan, &err), 0);
	block_close(disk);
	judge_renamed(path, copy, "sys");
	for (size_t i = 0; i < plan->file_count; i++)
		expect_content(copy, &plan->files[i]);
	plan_free(plan);
	/* It is no bad file any more. */
	plan = fixture_plan(copy, recipe);
	assert_int_equal(plan->reason, REASON_NO_BAD_FILE);
	plan_free(plan);
}

static void test_clean(void **state)
{
	const char *one = fixture_bad_image("one.img", (const char *const[]){BAD_1, NULL}, 0);

	(void)state;
	rename_and_judge(one, RECIPE(GLOB, "rename", "rename"), 1);
	rename_and_judge(one, RECIPE(GLOB, "rename", "refuse"), 1);
	rename_and_judge(fixture_bad_image("two.img", (const char *const[]){BAD_1, BAD_2, NULL}, 0),
	        RECIPE(GLOB, "rename", "replay"), 2);
}

/* Not possible without moving something, or of no use. */
static void test_unsafe(void **state)
{
	static const char *const long_extension[] = {"C-00000291.sysx", NULL};

	(void)state;
	expect_refusal(fixture_bad_image("unsafe.img", long_extension, 0),
	        RECIPE("C-00000291*.sysx", "rename", "rename"), REASON_RENAME_UNSAFE);
	expect_refusal(
	        fixture_bad_image("unsafe.img", (const char *const[]){BAD_1, OFF_1, NULL}, 0),
	        RECIPE(GLOB, "rename", "rename"), REASON_RENAME_UNSAFE);
}

/* A recipe like this is refused as text. */
static void test_found_again(void **state)
{
	static const char text[] = RECIPE(GLOB, "rename", "rename");
	const char *path = fixture_bad_image("again.img", (const char *const[]){BAD_1, NULL}, 0);
	struct block_device *disk = fixture_disk(path, 0);
	struct volume_target target = fixture_whole(disk);
	struct recipe recipe;
	struct plan *plan;

	(void)state;
	assert_int_equal(recipe_parse(text, strlen(text), &recipe, NULL), 0);
	(void)snprintf(recipe.matches[0].glob, sizeof(recipe.matches[0].glob), "C-00000291*");
	assert_int_equal(plan_make(disk, &target, &recipe, &plan, NULL), 0);
	assert_int_equal(plan->reason, REASON_RENAME_UNSAFE);
	assert_non_null(strstr(plan->text, "still match the recipe"));
	assert_int_equal(plan->run_count, 0);
	plan_free(plan);
	block_close(disk);
}

/* The second check must see a name that changes in its directory only. */
static void test_half_a_rename(void **state)
{
	const char *path = fixture_bad_image("half.img", (const char *const[]){BAD_1, NULL}, 0);
	struct plan *plan = fixture_plan(path, RECIPE(GLOB, "rename", "rename"));
	struct block_device *disk = fixture_disk(path, 0);
	struct volume_target target = fixture_whole(disk);
	struct error err = {0};
	size_t taken_back = 0;

	(void)state;
	for (size_t i = 0; i < plan->run_count; i++) {
		struct plan_run *run = &plan->runs[i];
		if (memcmp(run->old_bytes, "FILE", 4) != 0)
			continue;
		memcpy(run->new_bytes, run->old_bytes, (size_t)run->count * plan->sector_size);
		taken_back++;
	}
	assert_int_equal(taken_back, 1);
	assert_true(plan_check_effect(disk, &target, plan, STATE_AS_IS, STATE_NEW, NULL, &err) < 0);
	assert_int_equal(err.reason, REASON_PLAN_CHECK_FAILED);
	assert_non_null(strstr(err.text, "another name than its directory"));
	block_close(disk);
	plan_free(plan);
}

/* All or none: the second cannot be renamed. */
static void test_all_or_none(void **state)
{
	const char *path = fixture_bad_image("all.img",
	        (const char *const[]){BAD_1, BAD_2, "C-00000291-00000000-00000031.off", NULL}, 0);

	(void)state;
	expect_refusal(path, RECIPE(GLOB, "rename", "rename"), REASON_RENAME_UNSAFE);
}

static void test_dirty_flag(void **state)
{
	const char *path = fixture_bad_image("dirty.img", (const char *const[]){BAD_1, NULL}, 0);

	(void)state;
	damage_dirty(path);
	rename_and_judge(path, RECIPE(GLOB, "remove", "rename"), 1);
	rename_and_judge(path, RECIPE(GLOB, "remove", "replay"), 1);
	rename_and_judge(path, RECIPE(GLOB, "rename", "refuse"), 1);
	expect_refusal(path, RECIPE(GLOB, "remove", "refuse"), REASON_NTFS_DIRTY);
	expect_refusal(path, RECIPE(GLOB, "report-only", "refuse"), REASON_REPORT_ONLY);
}

static void test_mirror(void **state)
{
	const char *path = fixture_bad_image("mirror.img", (const char *const[]){BAD_1, NULL}, 0);
	uint8_t zeros[4] = {0};

	(void)state;
	damage_mirror(path);
	expect_refusal(path, RECIPE(GLOB, "remove", "rename"), REASON_NTFS_MIRROR_DIFFERS);
	expect_refusal(path, RECIPE(GLOB, "rename", "replay"), REASON_NTFS_MIRROR_DIFFERS);
	expect_refusal(path, RECIPE(GLOB, "report-only", "refuse"), REASON_REPORT_ONLY);
	/* It is $MFT that is damaged: nothing to mend from, nothing seen. */
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int again = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && again >= 0);
	assert_int_equal(
	        gen_pwrite(fd, zeros, sizeof(zeros), damage_record_at(again, 1, false) + 510), 0);
	assert_int_equal(close(fd) | close(again), 0);
	struct plan *plan = fixture_plan(path, RECIPE(GLOB, "remove", "rename"));
	assert_int_equal(plan->reason, REASON_NTFS_DAMAGED);
	assert_non_null(strstr(plan->text, "those of $MFT are damaged"));
	assert_int_equal(plan->file_count, 0);
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_clean),
	        cmocka_unit_test(test_unsafe),
	        cmocka_unit_test(test_found_again),
	        cmocka_unit_test(test_half_a_rename),
	        cmocka_unit_test(test_all_or_none),
	        cmocka_unit_test(test_dirty_flag),
	        cmocka_unit_test(test_mirror),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
