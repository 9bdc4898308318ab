/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checker on volumes damaged at random: it says something or nothing, and never stops. */
#include "tests/generators/random.h"
#include "tests/module/ntfscheck_fixture.h"

#define ROUNDS  1500
#define DAMAGES 6

/* Where metadata is: records, the boot sector, index blocks and other first clusters of streams. */
static uint8_t *somewhere(struct gen_random *r)
{
	uint32_t number = gen_random_below(r, (uint32_t)edit.records);
	uint8_t *record = ntfs_edit_record(&edit, number);

	if (gen_random_below(r, 20) == 0)
		return edit.bytes + gen_random_below(r, 96);
	if (gen_random_below(r, 3) == 0) {
		static const uint32_t types[] = {0x20, 0x80, 0xa0, 0xb0};
		uint8_t copy[EDIT_RECORD];
		/* As it was: the one in the volume may lead anywhere. */
		memcpy(copy, pristine + (record - edit.bytes), sizeof(copy));
		const uint8_t *a = ntfs_edit_attribute(copy, types[gen_random_below(r, 4)], 0);
		uint64_t at = a ? ntfs_edit_first_run(&edit, a) : EDIT_NONE;
		if (at != EDIT_NONE)
			return edit.bytes + at + gen_random_below(r, 512);
	}
	return record + gen_random_below(r, 600);
}

static void damage(struct gen_random *r)
{
	uint8_t *at = somewhere(r);

	switch (gen_random_below(r, 4)) {
	case 0:
		*at ^= (uint8_t)(1u << gen_random_below(r, 8));
		break;
	case 1:
		gen_random_bytes(r, at, 2);
		break;
	case 2:
		memset(at, gen_random_below(r, 2) ? 0xff : 0, 1 + gen_random_below(r, 8));
		break;
	default:
		gen_random_bytes(r, at, 1 + gen_random_below(r, 8));
	}
}

static void test_hostile(void **state)
{
	FILE *out = fopen("/dev/null", "we");
	struct gen_random r;
	unsigned found = 0;

	(void)state;
	assert_non_null(out);
	gen_random_init(&r, 1, "hostile");
	for (unsigned i = 0; i < ROUNDS; i++) {
		/* Damage grows for a while, then starts anew. */
		if (i % 50 == 0)
			memcpy(edit.bytes, pristine, RICH_SIZE);
		for (unsigned k = gen_random_below(&r, DAMAGES); k > 0; k--)
			damage(&r);
		found += ntfscheck(edit.bytes, RICH_SIZE, out) > 0;
		if (i % 16 == 0)
			(void)ntfscheck_dump(edit.bytes, RICH_SIZE, out);
	}
	assert_int_equal(fclose(out), 0);
	print_message("findings in %u of %u\n", found, ROUNDS);
	assert_true(found > ROUNDS / 2);
}

/* Shorter than it says, down to nothing. */
static void test_cut_short(void **state)
{
	(void)state;
	memcpy(edit.bytes, pristine, RICH_SIZE);
	assert_int_equal(ntfscheck(edit.bytes, RICH_SIZE, NULL), 0);
	for (size_t size = RICH_SIZE - 512; size > 0; size /= 3)
		assert_true(ntfscheck(edit.bytes, size, NULL) > 0);
	assert_true(ntfscheck(edit.bytes, 0, NULL) > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cut_short),
	        cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
