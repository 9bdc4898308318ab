/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan on a BitLocker disk: the sectors are ciphertext, and what comes of them is judged on the
 * plaintext by ntfs-3g's tools. */
#include "tests/module/plan_bitlocker.h"
#include "tests/module/plan_judge.h"

/* Brings the plan to the disk, as plaintext before and after; verified as after a commit. */
static void commit(struct bitlocker_disk *d, uint32_t sector_size, const struct plan *plan,
        const char *before, const char *after)
{
	struct error err = {0};

	export_plain(d, sector_size, before);
	fixture_apply(plan, d->path);
	export_plain(d, sector_size, after);
	struct block_device *disk = fixture_disk(d->path, sector_size);
	assert_int_equal(plan_verify(disk, &d->target, plan, &err), 0);
	block_close(disk);
}

/* The bad file is gone, and nothing else. */
static void judge_gone(const struct bitlocker_disk *d, const char *before, const char *after)
{
	fixture_judge(before, after,
	        (const char *const[]){strrchr(d->made.tree.bad[0].path, '\\') + 1, NULL});
}

static void delete_and_judge(uint32_t sector_size, size_t max_sectors)
{
	const char *before = fixture_path("before.img"), *after = fixture_path("after.img");
	struct bitlocker_disk d;

	disk_make(&d, "bitlocker.img", sector_size, 0, 0, DISK_PENDING_NOTHING);
	struct plan *plan = make_plan(&d, sector_size, recipe_crowdstrike_291);
	if (plan->reason != REASON_OK)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	assert_int_equal(plan->windows_count, 1);
	assert_int_equal(plan->file_count, 2);
	assert_true(plan->sector_count > 0 && plan->sector_count <= max_sectors);
	print_message("%zu sectors of %u bytes in %zu runs\n", plan->sector_count, sector_size,
	        plan->run_count);
	for (size_t i = 0; i < plan->file_count; i++)
		assert_int_equal(plan->files[i].acted, plan->files[i].in_window);

	commit(&d, sector_size, plan, before, after);
	judge_gone(&d, before, after);
	plan_free(plan);
	disk_free(&d);
}

static void test_512(void **state)
{
	(void)state;
	delete_and_judge(512, 32);
}

static void test_4096(void **state)
{
	(void)state;
	delete_and_judge(4096, 8);
}

#define RECIPE_REPLAY                                                                \
	"[recipe]\nname = t\n[match]\npath = " FOLDER "\nglob = C-00000291*.sys\n"   \
	"modified-from = 2024-07-19T04:09:00Z\nmodified-to = 2024-07-19T05:27:00Z\n" \
	"[action]\ndo = remove\nunclean-journal = replay\n"

static void settle(const char *volume)
{
	size_t len;

	free(fixture_tool((const char *const[]){"ntfsrecover", "-k", volume, NULL}, &len));
}

/* On a volume whose journal is unclean, through the sector cipher; judged on the plaintext, both
 * with their journals replayed. */
static void unclean_and_judge(
        uint32_t sector_size, enum disk_pending pending, enum plan_kind kind, size_t max_sectors)
{
	const char *before = fixture_path("before.img"), *after = fixture_path("after.img");
	struct bitlocker_disk d;

	disk_make(&d, "unclean.img", sector_size, 0, 2, pending);
	struct plan *plan = make_plan(&d, sector_size, RECIPE_REPLAY);
	if (plan->kind != kind)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	print_message("%s\n", plan->text);
	assert_int_equal(plan->file_count, 2);
	assert_true(plan->sector_count > 0 && plan->sector_count <= max_sectors);
	commit(&d, sector_size, plan, before, after);
	settle(before);
	if (kind == PLAN_RENAME) {
		settle(after);
		judge_renamed(before, after, "sys");
	} else {
		judge_sound(after);
		assert_true(judge_notes_say(after, "flags 0x1"));
		judge_gone(&d, before, after);
	}
	plan_free(plan);
	disk_free(&d);
}

static void test_unclean(void **state)
{
	(void)state;
	unclean_and_judge(512, DISK_PENDING_ELSEWHERE, PLAN_RENAME, 18);
	unclean_and_judge(4096, DISK_PENDING_ELSEWHERE, PLAN_RENAME, 8);
}

static void test_replay(void **state)
{
	(void)state;
	unclean_and_judge(512, DISK_PENDING_BESIDE, PLAN_REPLAY_DELETE, 400);
}

/* One damaged metadata copy: readable, so what is found is told; not written. */
static void test_copies_differ(void **state)
{
	struct bitlocker_disk d;

	(void)state;
	disk_make(&d, "copies.img", 512, 1, 0, DISK_PENDING_NOTHING);
	struct plan *plan = make_plan(&d, 512, recipe_crowdstrike_291);
	assert_int_equal(plan->reason, REASON_BITLOCKER_COPIES_DIFFER);
	assert_int_equal(plan->file_count, 2);
	assert_int_equal(plan->run_count, 0);
	plan_free(plan);
	disk_free(&d);
}

static void test_wrong_key(void **state)
{
	struct bitlocker_disk d;
	struct recipe recipe;
	struct error err = {0};
	struct plan *plan;

	(void)state;
	disk_make(&d, "wrong.img", 512, 0, 0, DISK_PENDING_NOTHING);
	d.vmk->data[0] ^= 1;
	struct block_device *disk = fixture_disk(d.path, 512);
	assert_int_equal(
	        recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291), &recipe, NULL),
	        0);
	assert_true(plan_make(disk, &d.target, &recipe, &plan, &err) < 0);
	assert_int_equal(err.reason, REASON_BITLOCKER_WRONG_KEY);
	block_close(disk);
	disk_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_512),
	        cmocka_unit_test(test_4096),
	        cmocka_unit_test(test_unclean),
	        cmocka_unit_test(test_replay),
	        cmocka_unit_test(test_copies_differ),
	        cmocka_unit_test(test_wrong_key),
	};
	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
