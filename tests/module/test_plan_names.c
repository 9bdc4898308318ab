/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans for files with several names, for names that differ in case only, and what is told of a
 * file that is left. */
#include "tests/module/plan_damage.h"
#include "tests/module/plan_judge.h"

#define RECIPE(more)                                                                            \
	"[recipe]\nname = test\n[match]\npath = " FOLDER "\nglob = C-00000291*.sys\n" more "\n" \
	"[action]\ndo = remove\nunclean-journal = rename\n"
#define RENAME                                                                        \
	"[recipe]\nname = test\n[match]\npath = " FOLDER "\nglob = C-00000291*.sys\n" \
	"[action]\ndo = rename\nunclean-journal = rename\n"
#define AGAIN "C-00000291-again.sys"

static const char *repaired(const char *path, const struct plan *plan)
{
	const char *copy = fixture_path("repaired.img");
	struct block_device *disk;
	struct error err = {0};

	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", path, copy, NULL}), 0);
	fixture_apply(plan, copy);
	disk = fixture_disk(copy, 0);
	struct volume_target target = fixture_whole(disk);
	if (plan_verify(disk, &target, plan, &err) < 0)
		fail_msg("%s", err.text);
	block_close(disk);
	free(judge_dump(copy));
	return copy;
}

/* Plans to delete count names and gives the volume without them. */
static const char *removed(const char *path, const char *recipe, size_t count)
{
	struct plan *plan = fixture_plan(path, recipe);

	if (plan->reason != REASON_OK)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	assert_int_equal(plan->kind, PLAN_DELETE);
	assert_int_equal(plan->file_count, count);
	const char *copy = repaired(path, plan);
	plan_free(plan);
	return copy;
}

/* By ntfs-3g's own tool, whether folder lists a name. */
static bool lists(const char *image, const char *folder, const char *name)
{
	char line[300];
	size_t len;

	char *list = fixture_tool(
	        (const char *const[]){"ntfsls", "-f", "-p", folder, image, NULL}, &len);
	(void)snprintf(line, sizeof(line), "%s\n", name);
	bool found = false;
	for (const char *at = list; !found && (at = strstr(at, line)); at++)
		found = at == list || at[-1] == '\n';
	free(list);
	return found;
}

static const char *make_image(const char *name, const char *const links[])
{
	const char *path = fixture_path(name);
	struct gen_ntfs *n = fixture_format(path, 512);

	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, GEN_ATTR_READONLY | GEN_ATTR_SYSTEM);
	for (size_t i = 0; links[i]; i++)
		assert_int_equal(gen_ntfs_link(n, FOLDER "\\" BAD_1, links[i]), 0);
	fixture_finish(n);
	return path;
}

/* Both names fit: both go, and with them the file. */
static void test_two_bad_names(void **state)
{
	const char *path =
	        make_image("two-names.img", (const char *const[]){FOLDER "\\" AGAIN, NULL});

	(void)state;
	const char *copy = removed(path, RECIPE(""), 2);
	assert_true(lists(path, FOLDER_SLASH, AGAIN));
	assert_false(lists(copy, FOLDER_SLASH, AGAIN));
	assert_false(lists(copy, FOLDER_SLASH, BAD_1));
}

/* Names that do not fit stay, in the same folder, above it and elsewhere; so does the content. */
static void test_other_names_stay(void **state)
{
	static const char *const links[] = {FOLDER "\\other.sys",
	        "\\Windows\\System32\\drivers\\up.sys", "\\elsewhere\\" BAD_1, NULL};
	const char *path = make_image("other-names.img", links);
	size_t len;

	(void)state;
	const char *copy = removed(path, RECIPE(""), 1);
	assert_false(lists(copy, FOLDER_SLASH, BAD_1));
	assert_true(lists(copy, FOLDER_SLASH, "other.sys"));
	assert_true(lists(copy, "/Windows/System32/drivers", "up.sys"));
	free(fixture_tool(
	        (const char *const[]){"ntfscat", "-f", copy, "/elsewhere/" BAD_1, NULL}, &len));
	assert_int_equal(len, 41083);
}

/* In place only one name with its short one can be renamed. */
static void test_rename_of_two_names(void **state)
{
	const char *path =
	        make_image("rename-two.img", (const char *const[]){FOLDER "\\" AGAIN, NULL});
	struct plan *plan = fixture_plan(path, RENAME);

	(void)state;
	assert_int_equal(plan->reason, REASON_RENAME_UNSAFE);
	assert_non_null(strstr(plan->text, "several names"));
	assert_int_equal(plan->run_count, 0);
	plan_free(plan);
	path = make_image("rename-elsewhere.img",
	        (const char *const[]){"\\Windows\\System32\\drivers\\" BAD_1, NULL});
	plan = fixture_plan(path, RENAME);
	assert_int_equal(plan->kind, PLAN_RENAME);
	const char *copy = repaired(path, plan);
	assert_true(lists(copy, "/Windows/System32/drivers", BAD_1));
	assert_true(lists(copy, FOLDER_SLASH, "C-00000291-00000000-00000032.off"));
	plan_free(plan);
}

static void put_posix(struct gen_ntfs *n, const char *path)
{
	struct gen_file file = {
	        .path = path, .data = "x", .size = 1, .created = IN_WINDOW, .modified = IN_WINDOW};

	assert_int_equal(gen_ntfs_put_posix(n, &file), 0);
}

static void test_posix_twins(void **state)
{
	const char *path = fixture_path("posix.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put_windows(n, "Windows");
	put_posix(n, FOLDER "\\C-00000291-a.sys");
	put_posix(n, FOLDER "\\c-00000291-A.sys");
	put_posix(n, FOLDER "\\other.sys");
	put_posix(n, FOLDER "\\OTHER.sys");
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\Windows\\System32\\drivers\\crowdstrike"), 0);
	put_posix(n, "\\Windows\\System32\\drivers\\crowdstrike\\C-00000291-a.sys");
	fixture_finish(n);
	const char *copy = removed(path, RECIPE(""), 3);
	assert_false(lists(copy, FOLDER_SLASH, "C-00000291-a.sys"));
	assert_false(lists(copy, FOLDER_SLASH, "c-00000291-A.sys"));
	assert_true(lists(copy, FOLDER_SLASH, "other.sys"));
	assert_true(lists(copy, FOLDER_SLASH, "OTHER.sys"));
	assert_false(lists(copy, "/Windows/System32/drivers/crowdstrike", "C-00000291-a.sys"));
}

/* What is left is told with its own reason, and what is odd about it with it. */
static void test_left(void **state)
{
	const char *path = make_image("left.img", (const char *const[]){NULL});
	struct plan *plan = fixture_plan(path, RECIPE("size-to = 41082"));

	(void)state;
	assert_int_equal(plan->reason, REASON_OTHER_CONTENT);
	assert_non_null(strstr(plan->text, "another size"));
	assert_int_equal(plan->files[0].reason, REASON_OTHER_CONTENT);
	assert_int_equal(plan->files[0].attributes & 7, GEN_ATTR_READONLY | GEN_ATTR_SYSTEM);
	plan_free(plan);

	struct gen_ntfs *n;
	assert_int_equal(gen_ntfs_open(path, &n), 0);
	assert_int_equal(gen_ntfs_set_name_times(n, FOLDER "\\" BAD_1, AFTER_WINDOW + 60), 0);
	assert_int_equal(gen_ntfs_close(n), 0);
	plan = fixture_plan(path, recipe_crowdstrike_291);
	assert_int_equal(plan->reason, REASON_OUTSIDE_WINDOW);
	assert_non_null(strstr(plan->text, "its times disagree"));
	assert_non_null(strstr(plan->files[0].note, "its times disagree"));
	plan_free(plan);
}

/* A volume nothing may be done on is no reason to hold a machine on which nothing is to be done. */
static void test_left_on_a_dirty_volume(void **state)
{
	static const char refuse[] =
	        "[recipe]\nname = test\n[match]\npath = " FOLDER "\nglob = C-00000291*.sys\n"
	        "size-to = %u\n[action]\ndo = remove\n";
	const char *path = make_image("left-dirty.img", (const char *const[]){NULL});
	char recipe[256];

	(void)state;
	damage_dirty(path);
	(void)snprintf(recipe, sizeof(recipe), refuse, 1);
	struct plan *plan = fixture_plan(path, recipe);
	assert_int_equal(plan->reason, REASON_OTHER_CONTENT);
	plan_free(plan);
	(void)snprintf(recipe, sizeof(recipe), refuse, 50000);
	plan = fixture_plan(path, recipe);
	assert_int_equal(plan->reason, REASON_NTFS_DIRTY);
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_two_bad_names),
	        cmocka_unit_test(test_other_names_stay),
	        cmocka_unit_test(test_rename_of_two_names),
	        cmocka_unit_test(test_posix_twins),
	        cmocka_unit_test(test_left),
	        cmocka_unit_test(test_left_on_a_dirty_volume),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
