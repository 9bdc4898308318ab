/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan on a BitLocker disk: the sectors are ciphertext, and what comes of them is judged on the
 * plaintext by ntfs-3g's tools. */
#include "tests/generators/disk.h"
#include "tests/module/plan_fixture.h"

/* The generator's ESP with large sectors takes more. */
#define DISK_SIZE(sector_size) ((sector_size == 512 ? 320ULL : 400ULL) * 1024 * 1024)

/* A generated disk and its C:. */
struct bitlocker_disk {
	const char *path;
	struct disk made;
	struct secret *vmk;
	struct volume_target target;
};

static void disk_make(
        struct bitlocker_disk *d, const char *name, uint32_t sector_size, unsigned bad_copies)
{
	*d = (struct bitlocker_disk){.path = fixture_path(name)};
	d->made.options = (struct disk_options){.output = d->path,
	        .name = "TEST",
	        .kind = DISK_BITLOCKER,
	        .seed = 7,
	        .size = DISK_SIZE(sector_size),
	        .sector_size = sector_size,
	        .files = 100,
	        .bad_files = 1,
	        .good_291 = true,
	        .fve = {.recovery_passwords = 1, .bad_copies = bad_copies}};
	assert_int_equal(disk_plan(&d->made), 0);
	d->made.fd = gen_create(d->path, d->made.options.size);
	assert_true(d->made.fd >= 0);
	assert_int_equal(disk_write_windows(&d->made), 0);
	assert_int_equal(close(d->made.fd), 0);
	d->vmk = secret_copy(d->made.fve.vmk, sizeof(d->made.fve.vmk));
	assert_non_null(d->vmk);
	const struct gpt_partition *p = &d->made.partitions[PART_C];
	d->target = (struct volume_target){
	        .partition = {.number = PART_C + 1, .start = p->start, .size = p->size},
	        .bitlocker = true,
	        .vmk = d->vmk};
}

static void disk_free(struct bitlocker_disk *d)
{
	secret_free(d->vmk);
	tree_free(&d->made.tree);
}

static struct plan *make_plan(struct bitlocker_disk *d, uint32_t sector_size)
{
	struct block_device *disk = fixture_disk(d->path, sector_size);
	struct recipe recipe;
	struct error err = {0};
	struct plan *plan;

	assert_int_equal(
	        recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291), &recipe, NULL),
	        0);
	if (plan_make(disk, &d->target, &recipe, &plan, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	block_close(disk);
	return plan;
}

/* Writes the plaintext volume to a file. */
static void export_plain(struct bitlocker_disk *d, uint32_t sector_size, const char *to)
{
	static uint8_t piece[1024 * 1024];
	struct block_device *disk = fixture_disk(d->path, sector_size), *below, *volume;
	struct error err = {0};

	if (volume_open(disk, &d->target, &volume, &below, &err) < 0)
		fail_msg("%s", err.text);
	int fd = gen_create(to, volume->size);
	assert_true(fd >= 0);
	for (uint64_t at = 0; at < volume->size; at += sizeof(piece)) {
		size_t len = volume->size - at < sizeof(piece) ? (size_t)(volume->size - at)
		                                               : sizeof(piece);
		assert_int_equal(block_read(volume, at, piece, len), 0);
		assert_int_equal(gen_pwrite(fd, piece, len, at), 0);
	}
	assert_int_equal(close(fd), 0);
	block_close(volume);
	block_close(below);
	block_close(disk);
}

static void delete_and_judge(uint32_t sector_size, size_t max_sectors)
{
	const char *before = fixture_path("before.img"), *after = fixture_path("after.img");
	struct bitlocker_disk d;
	struct error err = {0};

	disk_make(&d, "bitlocker.img", sector_size, 0);
	struct plan *plan = make_plan(&d, sector_size);
	if (plan->reason != REASON_OK)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	assert_int_equal(plan->windows_count, 1);
	assert_int_equal(plan->file_count, 2);
	assert_true(plan->sector_count > 0 && plan->sector_count <= max_sectors);
	print_message("%zu sectors of %u bytes in %zu runs\n", plan->sector_count, sector_size,
	        plan->run_count);
	for (size_t i = 0; i < plan->file_count; i++)
		assert_int_equal(plan->files[i].acted, plan->files[i].in_window);

	export_plain(&d, sector_size, before);
	fixture_apply(plan, d.path);
	export_plain(&d, sector_size, after);
	struct block_device *disk = fixture_disk(d.path, sector_size);
	assert_int_equal(plan_verify(disk, &d.target, plan, &err), 0);
	block_close(disk);
	fixture_judge(before, after,
	        (const char *const[]){strrchr(d.made.tree.bad[0].path, '\\') + 1, NULL});
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

/* One damaged metadata copy: readable, so what is found is told; not written. */
static void test_copies_differ(void **state)
{
	struct bitlocker_disk d;

	(void)state;
	disk_make(&d, "copies.img", 512, 1);
	struct plan *plan = make_plan(&d, 512);
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
	disk_make(&d, "wrong.img", 512, 0);
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
	        cmocka_unit_test(test_copies_differ),
	        cmocka_unit_test(test_wrong_key),
	};
	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
