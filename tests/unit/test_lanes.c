/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stretching several passwords at once gives what stretching them one by one gives. */
#include "fixer/bitlocker/stretch_lanes.h"
#include "tests/unit/key_helpers.h"

#include <sodium.h>
#include <stdlib.h>

static void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* One lane by libcrypto. */
static void expect_lane(const struct stretch_lanes *before, const struct stretch_lanes *after,
        size_t lane, uint32_t rounds)
{
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct stretch_state s;

	for (size_t i = 0; i < 8; i++) {
		put_be32(s.last + 4 * i, before->last[i][lane]);
		put_be32(s.initial + 4 * i, before->initial[i][lane]);
	}
	for (size_t i = 0; i < 4; i++)
		put_be32(s.salt + 4 * i, before->salt[i][lane]);
	assert_int_equal(EVP_DigestInit_ex2(ctx, sha256, NULL), 1);
	assert_int_equal(stretch_rounds(ctx, &s, before->count[lane], rounds), 0);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(get_be32(s.last + 4 * i), after->last[i][lane]);
		assert_int_equal(before->initial[i][lane], after->initial[i][lane]);
	}
	assert_int_equal(after->count[lane], before->count[lane] + rounds);
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(sha256);
}

static void every_kernel_is_right_in_every_lane(void **state)
{
	static const struct {
		const char *needs;
		size_t width;
		void (*run)(struct stretch_lanes *, uint32_t);
	} kernels[] = {{"sse2", 4, stretch_kernel_4}, {"avx2", 8, stretch_kernel_8},
	        {"avx512f", 16, stretch_kernel_16}};
	static const uint32_t counts[] = {0, 255, 0x1234, 0xffff, 0xfff00};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		const bool have[] = {__builtin_cpu_supports("sse2") != 0,
		        __builtin_cpu_supports("avx2") != 0,
		        __builtin_cpu_supports("avx512f") != 0};
		if (!have[k]) {
			print_message("skipped: no %s here\n", kernels[k].needs);
			continue;
		}
		struct stretch_lanes before, after;
		randombytes_buf(&before, sizeof(before));
		for (size_t lane = 0; lane < BITLOCKER_LANES_MAX; lane++)
			before.count[lane] = counts[lane % 5] + (uint32_t)lane;
		after = before;
		kernels[k].run(&after, 240);
		for (size_t lane = 0; lane < kernels[k].width; lane++)
			expect_lane(&before, &after, lane, 240);
		/* Nothing beyond its lanes. */
		for (size_t lane = kernels[k].width; lane < BITLOCKER_LANES_MAX; lane++)
			assert_int_equal(before.last[0][lane], after.last[0][lane]);
	}
}

static struct secret *key_of(uint8_t number, size_t len)
{
	struct secret *key = secret_new(len);

	assert_non_null(key);
	memset(key->data, number, len);
	return key;
}

/* Puts password and salt of that number into a lane. */
static int put(struct bitlocker_lanes *l, uint8_t number)
{
	CLEANUP_SECRET struct secret *key = key_of(number, number % 3 ? 16 : 32);
	uint8_t salt[BITLOCKER_SALT_LEN] = {number};

	return bitlocker_lanes_put(l, key, salt);
}

static void expect_taken(struct bitlocker_lanes *l, size_t lane, uint8_t number)
{
	CLEANUP_SECRET struct secret *key = key_of(number, number % 3 ? 16 : 32);
	CLEANUP_SECRET struct secret *alone = NULL, *taken = NULL;
	uint8_t salt[BITLOCKER_SALT_LEN] = {number};

	assert_int_equal(bitlocker_stretch(key, salt, &alone), 0);
	assert_int_equal(bitlocker_lanes_take(l, lane, &taken), 0);
	assert_int_equal(taken->len, alone->len);
	assert_memory_equal(taken->data, alone->data, alone->len);
	assert_int_equal(bitlocker_lanes_take(l, lane, &taken), -EAGAIN);
}

static void lanes_join_and_leave_at_any_slice(void **state)
{
	CLEANUP_LANES struct bitlocker_lanes *l = bitlocker_lanes_new();
	CLEANUP_SECRET struct secret *none = NULL;
	size_t width = stretch_kernel_widest()->width;
	uint8_t number = 0;
	int slices = 0;

	(void)state;
	/* One alone for some slices, then all, then one that is dropped and one in its place. */
	assert_int_equal(put(l, number++), 0);
	for (; slices < 100; slices++)
		assert_int_equal(bitlocker_lanes_run(l), 0);
	while (number < width) {
		assert_int_equal(put(l, number), number);
		number++;
	}
	assert_int_equal(put(l, 99), -EBUSY);
	assert_int_equal(bitlocker_lanes_take(l, 0, &none), -EAGAIN);
	for (; slices < 150; slices++)
		assert_int_equal(bitlocker_lanes_run(l), 0);
	bitlocker_lanes_drop(l, 2);
	assert_int_equal(put(l, 77), 2);
	for (; slices < BITLOCKER_SLICES; slices++)
		assert_int_equal(bitlocker_lanes_run(l), 0);
	assert_int_equal(bitlocker_lanes_run(l), 0); /* waits until it is taken */
	expect_taken(l, 0, 0);
	for (; slices < BITLOCKER_SLICES + 100; slices++)
		assert_int_equal(bitlocker_lanes_run(l), 0);
	expect_taken(l, 1, 1);
	expect_taken(l, 3, 3);
	expect_taken(l, width - 1, (uint8_t)(width - 1));
	for (size_t lane = 4; lane < width - 1; lane++)
		bitlocker_lanes_drop(l, lane);
	for (; slices < BITLOCKER_SLICES + 150; slices++)
		assert_int_equal(bitlocker_lanes_run(l), 0);
	expect_taken(l, 2, 77);
}

static void measured_figures_make_sense(void **state)
{
	struct bitlocker_lanes_figures f, again;

	(void)state;
	bitlocker_lanes_measure(&f);
	assert_true(f.best == 1 || f.best == stretch_kernel_widest()->width);
	assert_true(f.per_second > 0.01 && f.per_second < 10000);
	bitlocker_lanes_measure(&again);
	assert_memory_equal(&f, &again, sizeof(f));
}

/* --- nothing is left ----------------------------------------------------------------------------
 */

/* Copies in what this process can write; looked for inverted, which is no copy of itself. */
static size_t count_copies(const uint8_t inverted[32])
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], mode[8];
	unsigned long start, end;
	size_t found = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) != 3 || mode[0] != 'r' ||
		        mode[1] != 'w')
			continue;
		for (const uint8_t *at = (const uint8_t *)start; at + 32 <= (const uint8_t *)end;
		        at++) {
			size_t same = 0;
			while (same < 32 && (at[same] ^ inverted[same]) == 0xff)
				same++;
			found += same == 32;
		}
	}
	(void)fclose(f);
	return found;
}

/* All lanes have the same password, so that a row of the state is one word over and over: what the
 * kernel spills is found wherever it lies. */
static void look_for_what_is_left(void)
{
	CLEANUP_LANES struct bitlocker_lanes *l = bitlocker_lanes_new();
	CLEANUP_SECRET struct secret *stretched = NULL;
	size_t width = stretch_kernel_widest()->width;
	uint8_t first[32], row[32];

	for (size_t i = 0; i < width; i++) {
		CLEANUP_SECRET struct secret *key = key_of(42, 16);
		uint8_t salt[BITLOCKER_SALT_LEN] = {42};
		assert_int_equal(bitlocker_lanes_put(l, key, salt), (int)i);
	}
	for (int slices = 0; slices < BITLOCKER_SLICES; slices++)
		assert_int_equal(bitlocker_lanes_run(l), 0);
	{
		CLEANUP_SECRET struct secret *key = key_of(42, 16);
		crypto_hash_sha256(first, key->data, key->len);
	}
	for (size_t word = 0; word < 8; word++) {
		for (size_t i = 0; i < 32; i++)
			row[i] = (uint8_t)~first[4 * word + 3 - i % 4];
		/* In its place in locked memory, once for each 32 bytes at every fourth byte. */
		size_t allowed = width * 4 >= 32 ? (width * 4 - 32) / 4 + 1 : 0;
		if (count_copies(row) != allowed)
			fail_msg("word %zu of the first hash: %zu copies, not %zu", word,
			        count_copies(row), allowed);
	}
	for (size_t i = 0; i < 32; i++)
		first[i] = (uint8_t)~first[i];
	assert_true(count_copies(first) <= 1); /* the state that put() left in locked memory */
	for (size_t i = 0; i < width; i++) {
		assert_int_equal(bitlocker_lanes_take(l, i, &stretched), 0);
		for (size_t k = 0; k < 32; k++)
			row[k] = (uint8_t)~stretched->data[k];
		assert_int_equal(count_copies(row), 1);
		secret_free(stretched);
		stretched = NULL;
	}
}

static void nothing_is_left_on_the_stack(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* its own memory must not be looked at */
#endif
	look_for_what_is_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_kernel_is_right_in_every_lane),
	        cmocka_unit_test(lanes_join_and_leave_at_any_slice),
	        cmocka_unit_test(measured_figures_make_sense),
	        cmocka_unit_test(nothing_is_left_on_the_stack),
	};

	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
