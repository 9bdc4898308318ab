/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damaged volumes. test_sandbox.c has the process that reads them, when it dies, hangs or lies. */
#include "fixer/block/overlay.h"
#include "tests/module/plan_fixture.h"

#include <unistd.h>

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Where damage tells: the boot sector, MFT records, index blocks. In pieces of 1024 bytes. */
static size_t find_blocks(const char *path, uint64_t *blocks, size_t max)
{
	uint8_t block[1024];
	size_t count = 0;
	unsigned of_index = 0;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	for (uint64_t at = 0; count < max && fread(block, 1, sizeof(block), f) == sizeof(block);
	        at += sizeof(block)) {
		if (memcmp(block, "INDX", 4) == 0)
			of_index = 4;
		if (at == 0 || of_index > 0 || memcmp(block, "FILE", 4) == 0)
			blocks[count++] = at;
		of_index -= of_index > 0;
	}
	(void)fclose(f);
	return count;
}

static const char *make_image(void)
{
	const char *path = fixture_path("small.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\" BAD_1, 2000, IN_WINDOW, 0);
	fixture_put(n, FOLDER "\\" BAD_2, 300, IN_WINDOW, 0);
	fixture_finish(n);
	return path;
}

/* Plans on the disk with some bytes changed in an overlay. What comes back is a plan that passed
 * its checks or a reason. */
static enum reason plan_damaged(
        struct block_device *disk, const uint64_t *blocks, size_t count, uint64_t *seed)
{
	struct volume_target target = fixture_whole(disk);
	struct block_device *damaged;
	struct recipe recipe;
	struct error err = {0};
	struct plan *plan;

	assert_int_equal(
	        recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291), &recipe, NULL),
	        0);
	assert_int_equal(overlay_open(disk, NM_OVERLAY_MAX, &damaged), 0);
	for (uint64_t i = next_random(seed) % 8 + 1; i > 0; i--) {
		uint8_t byte = (uint8_t)next_random(seed);
		uint64_t at = blocks[next_random(seed) % count] + next_random(seed) % 1024;
		assert_int_equal(block_write(damaged, at, &byte, 1), 0);
	}
	int r = plan_make(damaged, &target, &recipe, &plan, &err);
	block_close(damaged);
	if (r < 0) {
		assert_true(err.code < 0 && err.text[0]);
		return err.reason;
	}
	enum reason reason = plan->reason;
	assert_int_equal(reason == REASON_OK, plan->run_count > 0);
	plan_free(plan);
	return reason;
}

static void test_damaged_volumes(void **state)
{
	static uint64_t blocks[4096];
	const char *path = make_image(), *rounds = getenv("NM_TEST_ROUNDS");
	size_t count = find_blocks(path, blocks, 4096), seen[REASON_COUNT] = {0};
	struct block_device *disk = fixture_disk(path, 0);
	uint64_t seed = 0x291;

	(void)state;
	assert_true(count > 60);
	for (unsigned long i = rounds ? strtoul(rounds, NULL, 10) : 200; i > 0; i--)
		seen[plan_damaged(disk, blocks, count, &seed)]++;
	block_close(disk);
	for (int i = 0; i < REASON_COUNT; i++)
		if (seen[i])
			print_message("%5zu %s\n", seen[i], reason_code((enum reason)i));
	assert_true(seen[REASON_OK] > 0);
	assert_true(seen[REASON_NTFS_DAMAGED] > 0);
	assert_int_equal(seen[REASON_INTERNAL], 0);
}

/* Reads of the disk that fail are not taken for damage. */
struct bad_disk {
	struct block_device dev;
	struct block_device *below;
	uint64_t bad_from, bad_to;
};

static int bad_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	struct bad_disk *d = (struct bad_disk *)dev;

	if (offset < d->bad_to && offset + len > d->bad_from)
		return -EIO;
	return block_read(d->below, offset, buf, len);
}

static void test_read_errors(void **state)
{
	static const struct block_ops ops = {.read = bad_read};
	struct block_device *disk = fixture_disk(make_image(), 0);
	struct bad_disk bad = {
	        .dev = {.ops = &ops, .size = disk->size, .sector_size = 512, .name = "bad"},
	        .below = disk};
	struct volume_target target = fixture_whole(disk);
	struct recipe recipe;
	uint8_t boot[512];
	struct plan *plan;

	(void)state;
	assert_int_equal(
	        recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291), &recipe, NULL),
	        0);
	assert_int_equal(block_read(disk, 0, boot, sizeof(boot)), 0);
	uint64_t mft = (uint64_t)boot[48] * 4096;
	const uint64_t places[] = {0, mft, mft + 5 * 1024};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct error err = {0};
		bad.bad_from = places[i];
		bad.bad_to = places[i] + 512;
		int r = plan_make(&bad.dev, &target, &recipe, &plan, &err);
		if (r == 0)
			fail_msg("a plan (%s) in spite of read errors at %#jx",
			        reason_code(plan->reason), (uintmax_t)places[i]);
		if (err.reason != REASON_DISK_READ_ERROR)
			fail_msg("%s: %s", reason_code(err.reason), err.text);
	}
	block_close(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_damaged_volumes),
	        cmocka_unit_test(test_read_errors),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
