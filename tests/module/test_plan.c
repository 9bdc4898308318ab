/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans on volumes made by mkntfs: what is found, what would be done, what comes of it. */
#include "fixer/ntfs/internal.h"
#include "fixer/repair/plan_internal.h"
#include "tests/module/plan_fixture.h"

#define RECIPE(path, action)                                                         \
	"[recipe]\nname = test\n[match]\npath = " path "\nglob = c-00000291*.SYS\n"  \
	"modified-from = 2024-07-19T04:09:00Z\nmodified-to = 2024-07-19T05:27:00Z\n" \
	"[action]\ndo = " action "\n"

/* Expects a refusal, and not one byte to be written. */
static void expect_refusal(const char *path, const char *recipe, enum reason reason, size_t files)
{
	struct plan *plan = fixture_plan(path, recipe);

	if (plan->reason != reason)
		fail_msg("%s (%s) instead of %s", reason_code(plan->reason), plan->text,
		        reason_code(reason));
	assert_int_equal(plan->kind, PLAN_NONE);
	assert_int_equal(plan->run_count, 0);
	assert_int_equal(plan->sector_count, 0);
	assert_int_equal(plan->file_count, files);
	for (size_t i = 0; i < files; i++) {
		assert_false(plan->files[i].acted);
		assert_int_not_equal(plan->files[i].reason, REASON_OK);
		assert_null(plan->files[i].content);
	}
	plan_free(plan);
}

static void repair_and_judge(const char *path, size_t count, const char *const gone[])
{
	const char *copy = fixture_path("repaired.img");
	struct plan *plan =
	        fixture_plan(path, RECIPE("\\windows\\SYSTEM32\\drivers\\crowdstrike", "remove"));
	struct error err = {0};

	if (plan->reason != REASON_OK)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	assert_int_equal(plan->kind, PLAN_DELETE);
	assert_int_equal(plan->windows_count, 1);
	assert_int_equal(plan->file_count, count);
	assert_true(plan->sector_count > 0 && plan->sector_count <= 32 * count);
	print_message(
	        "%zu files: %zu sectors in %zu runs\n", count, plan->sector_count, plan->run_count);
	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", path, copy, NULL}), 0);
	struct block_device *disk = fixture_disk(copy, 0);
	struct volume_target target = fixture_whole(disk);
	assert_int_equal(plan_verify(disk, &target, plan, &err), -EBADMSG);
	assert_int_equal(err.reason, REASON_VERIFY_FAILED);
	fixture_apply(plan, copy);
	assert_int_equal(plan_verify(disk, &target, plan, &err), 0);
	block_close(disk);
	fixture_judge(path, copy, gone);
	plan_free(plan);
}

static void test_one_bad_file(void **state)
{
	const char *path = fixture_bad_image("one.img", (const char *const[]){BAD_1, NULL}, 0);

	(void)state;
	repair_and_judge(path, 1, (const char *const[]){BAD_1, NULL});
}

static void test_two_bad_files(void **state)
{
	const char *path =
	        fixture_bad_image("two.img", (const char *const[]){BAD_1, BAD_2, NULL}, 0);
	struct plan *plan = fixture_plan(path, recipe_crowdstrike_291);
	size_t len;

	(void)state;
	assert_int_equal(plan->file_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct plan_file *f = &plan->files[i];
		char *content = fixture_cat(path, strrchr(f->path, '\\') + 1, &len);
		assert_true(f->acted && len == f->size && memcmp(content, f->content, len) == 0);
		free(content);
	}
	assert_string_equal(plan->files[0].path, FOLDER "\\" BAD_1);
	assert_string_equal(plan->files[1].path, FOLDER "\\" BAD_2);
	plan_free(plan);
	repair_and_judge(path, 2, (const char *const[]){BAD_1, BAD_2, NULL});
}

static void test_no_bad_file(void **state)
{
	const char *path = fixture_bad_image("none.img", (const char *const[]){NULL}, 0);

	(void)state;
	expect_refusal(path, recipe_crowdstrike_291, REASON_NO_BAD_FILE, 0);
}

static void test_no_windows(void **state)
{
	const char *path = fixture_path("empty.img");

	(void)state;
	fixture_finish(fixture_format(path, 512));
	expect_refusal(path, recipe_crowdstrike_291, REASON_NO_WINDOWS, 0);
}

static void test_two_installations(void **state)
{
	const char *path = fixture_path("installations.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	fixture_put_windows(n, "Windows");
	fixture_put_windows(n, "Winnt.2");
	fixture_put(n, "\\Winnt.2\\System32\\drivers\\CrowdStrike\\" BAD_1, 700, IN_WINDOW, 0);
	fixture_finish(n);
	struct plan *plan = fixture_plan(path, recipe_crowdstrike_291);
	assert_int_equal(plan->reason, REASON_OK);
	assert_int_equal(plan->windows_count, 2);
	assert_int_equal(plan->file_count, 1);
	assert_string_equal(
	        plan->files[0].path, "\\Winnt.2\\System32\\drivers\\CrowdStrike\\" BAD_1);
	plan_free(plan);
}

static void test_window(void **state)
{
	const char *path = fixture_path("window.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	static const char act[] = "[recipe]\nname = t\n[match]\npath = " FOLDER
	                          "\nglob = C-00000291*.sys\nmodified-from = 2024-07-19T04:09:00Z\n"
	                          "modified-to = 2024-07-19T05:27:00Z\nwhen-outside-window = act\n"
	                          "[action]\ndo = remove\n";

	(void)state;
	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\" GOOD, 40700, AFTER_WINDOW, 0);
	fixture_finish(n);
	expect_refusal(path, recipe_crowdstrike_291, REASON_OUTSIDE_WINDOW, 1);
	struct plan *plan = fixture_plan(path, act);
	assert_int_equal(plan->reason, REASON_OK);
	assert_false(plan->files[0].in_window);
	assert_true(plan->files[0].acted);
	plan_free(plan);
}

static void test_other_actions(void **state)
{
	const char *path = fixture_bad_image("actions.img", (const char *const[]){BAD_1, NULL}, 0);

	(void)state;
	expect_refusal(path, RECIPE(FOLDER, "report-only"), REASON_REPORT_ONLY, 1);
	expect_refusal(path, RECIPE(FOLDER "\\nowhere", "remove"), REASON_NO_BAD_FILE, 0);
}

static void test_targets(void **state)
{
	const char *const bad[] = {BAD_1, NULL};

	(void)state;
	expect_refusal(fixture_bad_image("reparse.img", bad, 0x400), recipe_crowdstrike_291,
	        REASON_TARGET_REPARSE, 1);
	expect_refusal(fixture_bad_image("encrypted.img", bad, 0x4000), recipe_crowdstrike_291,
	        REASON_TARGET_ENCRYPTED, 1);

	const char *path = fixture_path("large.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\" BAD_1, NM_MAX_TARGET_FILE + 1, IN_WINDOW, 0);
	/* A folder is no file, whatever it is called. */
	assert_int_equal(gen_ntfs_mkdir(n, FOLDER "\\C-00000291.sys"), 0);
	fixture_finish(n);
	expect_refusal(path, recipe_crowdstrike_291, REASON_TARGET_TOO_LARGE, 1);
}

static void test_too_many(void **state)
{
	const char *path = fixture_path("many.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	char file[256];

	(void)state;
	for (unsigned i = 0; i <= NM_MAX_MATCHES; i++) {
		(void)snprintf(file, sizeof(file), FOLDER "\\C-00000291-%08u.sys", i);
		fixture_put(n, file, 100, IN_WINDOW, 0);
	}
	fixture_finish(n);
	expect_refusal(path, recipe_crowdstrike_291, REASON_TOO_MANY_MATCHES, NM_MAX_MATCHES);
}

/* A second name in another folder. */
static void link_file(const char *image, const char *file, const char *folder, const char *name)
{
	ntfs_volume *vol = ntfs_mount(image, 0);
	ntfschar *units = NULL;

	assert_non_null(vol);
	ntfs_inode *ni = ntfs_pathname_to_inode(vol, NULL, file);
	ntfs_inode *dir = ntfs_pathname_to_inode(vol, NULL, folder);
	int len = ntfs_mbstoucs(name, &units);
	assert_true(ni && dir && len > 0);
	assert_int_equal(ntfs_link(ni, dir, units, (u8)len), 0);
	free(units);
	assert_int_equal(ntfs_inode_close(dir), 0);
	assert_int_equal(ntfs_inode_close(ni), 0);
	assert_int_equal(ntfs_umount(vol, FALSE), 0);
}

/* A hard link outside keeps the data; a compressed file and one with a stream go whole. */
static void test_unusual_files(void **state)
{
	const char *path = fixture_path("unusual.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	char other[64];
	size_t kept;

	(void)state;
	fixture_put_windows(n, "Windows");
	assert_int_equal(
	        gen_ntfs_add_stream(n, FOLDER "\\C-00000280-00000000-00000000.sys", "s", "x", 1),
	        0);
	fixture_put(n, FOLDER "\\" BAD_2, 500, IN_WINDOW, 0);
	assert_int_equal(gen_ntfs_compress_folder(n, FOLDER), 0);
	fixture_put(n, FOLDER "\\" BAD_1, 300000, IN_WINDOW, 0);
	assert_int_equal(gen_ntfs_add_stream(n, FOLDER "\\" BAD_1, "zone", "1234", 4), 0);
	for (unsigned i = 0; i < SIBLINGS; i++) {
		(void)snprintf(other, sizeof(other), "\\links\\a file with a long name %u", i);
		fixture_put(n, other, 10, IN_WINDOW, 0);
	}
	fixture_finish(n);
	link_file(path, FOLDER_SLASH "/" BAD_2, "/links", "kept.sys");
	repair_and_judge(path, 2, (const char *const[]){BAD_1, BAD_2, NULL});
	free(fixture_tool((const char *const[]){"ntfscat", "-f", fixture_path("repaired.img"),
	                          "/links/kept.sys", NULL},
	        &kept));
	assert_int_equal(kept, 500);
}

/* The first sector of the last sibling's data. */
static uint64_t find_sibling(struct block_device *disk)
{
	size_t size = 100 + (SIBLINGS - 1) * 1777;
	uint8_t want[512], sector[512];

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (uint8_t)(i * 31 + i / 256 + size);
	for (uint64_t lba = 0; lba < disk->size / 512; lba++) {
		assert_int_equal(block_read(disk, lba * 512, sector, sizeof(sector)), 0);
		if (memcmp(sector, want, sizeof(sector)) == 0)
			return lba;
	}
	fail_msg("no sibling");
	return 0;
}

/* The second check must see what the first can't: a changed sibling, a file that stays. */
static void test_effect(void **state)
{
	const char *path = fixture_bad_image("effect.img", (const char *const[]){BAD_1, NULL}, 0);
	struct plan *plan = fixture_plan(path, recipe_crowdstrike_291);
	struct block_device *disk = fixture_disk(path, 0);
	struct volume_target target = fixture_whole(disk);
	struct error err = {0};

	(void)state;
	assert_int_equal(
	        plan_check_effect(disk, &target, plan, STATE_AS_IS, STATE_NEW, NULL, &err), 0);
	assert_true(
	        plan_check_effect(disk, &target, plan, STATE_AS_IS, STATE_AS_IS, NULL, &err) < 0);
	assert_int_equal(err.reason, REASON_PLAN_CHECK_FAILED);
	assert_non_null(strstr(err.text, "would not list as it should"));

	struct plan_run *run = realloc(plan->runs, (plan->run_count + 1) * sizeof(*run));
	assert_non_null(run);
	plan->runs = run;
	run += plan->run_count++;
	*run = (struct plan_run){.lba = find_sibling(disk),
	        .count = 1,
	        .old_bytes = malloc(512),
	        .new_bytes = malloc(512)};
	assert_true(run->old_bytes && run->new_bytes);
	assert_int_equal(block_read(disk, run->lba * 512, run->new_bytes, 512), 0);
	run->new_bytes[511] ^= 1;
	assert_true(plan_check_effect(disk, &target, plan, STATE_AS_IS, STATE_NEW, NULL, &err) < 0);
	assert_int_equal(err.reason, REASON_PLAN_CHECK_FAILED);
	assert_non_null(strstr(err.text, "beside this one would change"));
	block_close(disk);
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_one_bad_file),
	        cmocka_unit_test(test_two_bad_files),
	        cmocka_unit_test(test_no_bad_file),
	        cmocka_unit_test(test_no_windows),
	        cmocka_unit_test(test_two_installations),
	        cmocka_unit_test(test_window),
	        cmocka_unit_test(test_other_actions),
	        cmocka_unit_test(test_targets),
	        cmocka_unit_test(test_too_many),
	        cmocka_unit_test(test_unusual_files),
	        cmocka_unit_test(test_effect),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
