/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes that must not be written to, and places a volume can be in. */
#include "tests/module/plan_damage.h"
#include "tests/module/windows_image.h"

static void test_windows_clean(void **state)
{
	const char *path = fixture_path("clean.img"), *copy = fixture_path("repaired.img");
	struct error err = {0};

	(void)state;
	if (!windows_image_unpack("cs-clean", path))
		skip();
	struct plan *plan = fixture_plan(path, recipe_crowdstrike_291);
	assert_int_equal(plan->reason, REASON_OK);
	assert_int_equal(plan->journal, JOURNAL_CLEAN);
	assert_int_equal(plan->volume_flags, 0x80);
	assert_int_equal(plan->file_count, 2);
	assert_true(plan->files[0].acted);
	assert_string_equal(plan->files[0].path, FOLDER "\\" BAD_1);
	assert_int_equal(plan->files[0].size, 41083);
	assert_int_equal(plan->files[1].reason, REASON_OUTSIDE_WINDOW);
	assert_true(plan->sector_count > 0 && plan->sector_count <= 32);
	print_message("%zu sectors in %zu runs\n", plan->sector_count, plan->run_count);
	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", path, copy, NULL}), 0);
	fixture_apply(plan, copy);
	struct block_device *disk = fixture_disk(copy, 0);
	struct volume_target target = fixture_whole(disk);
	assert_int_equal(plan_verify(disk, &target, plan, &err), 0);
	block_close(disk);
	fixture_judge(path, copy, (const char *const[]){BAD_1, NULL});
	plan_free(plan);
	/* The good version alone is not touched. */
	plan = fixture_plan(copy, recipe_crowdstrike_291);
	assert_int_equal(plan->reason, REASON_OUTSIDE_WINDOW);
	plan_free(plan);
}

static void expect_refused(
        const char *path, enum reason reason, enum journal_state journal, size_t files)
{
	struct plan *plan = fixture_plan(path, recipe_crowdstrike_291);

	if (plan->reason != reason || plan->journal != journal)
		fail_msg("%s, journal %s: %s", reason_code(plan->reason),
		        journal_state_name(plan->journal), plan->text);
	assert_int_equal(plan->run_count, 0);
	assert_int_equal(plan->file_count, files);
	for (size_t i = 0; i < files; i++)
		assert_false(plan->files[i].acted);
	plan_free(plan);
}

static const char *make_image(const char *name, uint32_t sector_size, const char *hiberfile)
{
	const char *path = fixture_path(name);
	struct gen_ntfs *n = fixture_format(path, sector_size);
	uint8_t header[8192] = {0};
	struct gen_file file = {.path = "\\hiberfil.sys", .data = header, .size = sizeof(header)};

	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\" BAD_1, 41083, IN_WINDOW, 0);
	if (hiberfile) {
		if (!*hiberfile)
			file.size = 100; /* no header fits */
		memcpy(header, hiberfile, strlen(hiberfile));
		assert_int_equal(gen_ntfs_put(n, &file), 0);
	}
	fixture_finish(n);
	return path;
}

static void test_hibernated(void **state)
{
	static const char *const awake[] = {"wake", "left-overs"};

	(void)state;
	expect_refused(make_image("h.img", 512, "hibr"), REASON_NTFS_HIBERNATED, JOURNAL_EMPTY, 1);
	expect_refused(make_image("h.img", 512, "HIBR"), REASON_NTFS_HIBERNATED, JOURNAL_EMPTY, 1);
	expect_refused(make_image("h.img", 512, "RSTR"), REASON_NTFS_HIBERNATED, JOURNAL_EMPTY, 1);
	expect_refused(make_image("h.img", 512, ""), REASON_NTFS_HIBERNATED, JOURNAL_EMPTY, 1);
	for (size_t i = 0; i < sizeof(awake) / sizeof(awake[0]); i++) {
		struct plan *plan =
		        fixture_plan(make_image("h.img", 512, awake[i]), recipe_crowdstrike_291);
		assert_int_equal(plan->reason, REASON_OK);
		plan_free(plan);
	}
}

static void test_damage(void **state)
{
	const char *path = make_image("damage.img", 512, NULL);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t zeros[512] = {0};

	(void)state;
	/* mkntfs fills the journal with 0xff; a page that is neither that nor a restart page is
	 * damage. Its place: the run list of record 2's $DATA, here as ntfsinfo would show it. */
	size_t len;
	char *text =
	        fixture_tool((const char *const[]){"ntfsinfo", "-v", "-i", "2", path, NULL}, &len);
	char *runs = strstr(text, "VCN"), *hex = runs ? strstr(runs, "0x0\t") : NULL;
	unsigned long long lcn = hex ? strtoull(hex + 4, NULL, 16) : 0;
	free(text);
	if (lcn) {
		assert_int_equal(gen_pwrite(fd, zeros, sizeof(zeros), lcn * 4096), 0);
		expect_refused(path, REASON_NTFS_JOURNAL_DAMAGED, JOURNAL_DAMAGED, 1);
	}
	assert_int_equal(gen_pwrite(fd, zeros, 16, damage_record_at(fd, 0, false)), 0);
	expect_refused(path, REASON_NTFS_DAMAGED, JOURNAL_DAMAGED, 0);
	assert_int_equal(gen_pwrite(fd, zeros, sizeof(zeros), 0), 0);
	expect_refused(path, REASON_NTFS_DAMAGED, JOURNAL_DAMAGED, 0);
	assert_int_equal(close(fd), 0);
	assert_true(lcn > 0);
}

static void test_sectors_of_4096(void **state)
{
	const char *path = make_image("4k.img", 4096, NULL),
	           *copy = fixture_path("4k-repaired.img");
	struct block_device *disk = fixture_disk(path, 4096);
	struct plan *plan = fixture_plan_on(disk, recipe_crowdstrike_291);

	(void)state;
	block_close(disk);
	if (plan->reason != REASON_OK)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	assert_int_equal(plan->sector_size, 4096);
	assert_true(plan->sector_count > 0 && plan->sector_count <= 8);
	print_message("%zu sectors of 4096 bytes\n", plan->sector_count);
	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", path, copy, NULL}), 0);
	fixture_apply(plan, copy);
	fixture_judge(path, copy, (const char *const[]){BAD_1, NULL});
	plan_free(plan);
}

/* The volume 1 MiB into a disk: sectors are the disk's, and nothing outside is touched. */
static void test_partition(void **state)
{
	enum { START = 1024 * 1024 };
	const char *path = make_image("volume.img", 512, NULL), *whole = fixture_path("disk.img");
	int from = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = lseek(from, 0, SEEK_END);
	int to = gen_create(whole, START + (uint64_t)size);
	struct recipe recipe;
	struct error err = {0};
	struct plan *plan, *alone = fixture_plan(path, recipe_crowdstrike_291);

	(void)state;
	assert_int_equal(gen_copy_sparse(from, to, START, (uint64_t)size), 0);
	assert_int_equal(close(from) | close(to), 0);
	assert_int_equal(
	        recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291), &recipe, NULL),
	        0);
	struct block_device *disk = fixture_disk(whole, 0);
	struct volume_target target = {
	        .partition = {.number = 1, .start = START, .size = (uint64_t)size}};
	assert_int_equal(plan_make(disk, &target, &recipe, &plan, &err), 0);
	assert_int_equal(plan->reason, REASON_OK);
	assert_int_equal(plan->run_count, alone->run_count);
	for (size_t i = 0; i < plan->run_count; i++) {
		assert_int_equal(plan->runs[i].lba, alone->runs[i].lba + START / 512);
		assert_int_equal(plan->runs[i].count, alone->runs[i].count);
	}
	plan_free(plan);
	plan_free(alone);
	/* A partition that does not fit the disk. */
	target.partition.size += 512;
	assert_true(plan_make(disk, &target, &recipe, &plan, &err) < 0);
	block_close(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_windows_clean),
	        cmocka_unit_test(test_hibernated),
	        cmocka_unit_test(test_damage),
	        cmocka_unit_test(test_sectors_of_4096),
	        cmocka_unit_test(test_partition),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
