/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/box_limits.h"
#include "netmend/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MAX 10
#define NOW ((int64_t)1000000)

static void so_many_a_minute(void **state)
{
	struct rate rate = {0};

	(void)state;
	for (int i = 0; i < MAX; i++)
		assert_true(rate_take(&rate, "anna", MAX, NOW + i));
	assert_false(rate_take(&rate, "anna", MAX, NOW + MAX));
	assert_true(rate_take(&rate, "bert", MAX, NOW + MAX));
	assert_false(rate_take(&rate, "anna", MAX, NOW + RATE_SPAN_MS - 1));
	assert_true(rate_take(&rate, "anna", MAX, NOW + RATE_SPAN_MS));
}

/* Who guesses one name between many others, from many addresses. */
static void many_others_set_nobody_free(void **state)
{
	struct rate rate = {0};
	char other[16];
	int guesses = 0;

	(void)state;
	for (int i = 0; i < 20 * RATE_KEYS; i++) {
		(void)snprintf(other, sizeof(other), "other%d", i);
		assert_true(rate_take(&rate, other, MAX, NOW + i));
		guesses += rate_take(&rate, "anna", MAX, NOW + i);
		(void)snprintf(other, sizeof(other), "more%d", i);
		assert_true(rate_take(&rate, other, MAX, NOW + i));
	}
	assert_int_equal(guesses, MAX);
	for (int i = 0; i < 20 * RATE_KEYS; i++) {
		(void)snprintf(other, sizeof(other), "late%d", i);
		assert_true(rate_take(&rate, other, MAX, NOW + RATE_SPAN_MS / 2));
	}
	assert_false(rate_take(&rate, "anna", MAX, NOW + RATE_SPAN_MS / 2));
}

/* The last of a minute's boxes of keys is taken and the next is not, until a minute after the
 * first; decisions of that address, and keys of another, go on meanwhile. */
static void boxes_of_keys_and_others(void **state)
{
	struct box_limits limits = {0};

	(void)state;
	assert_int_equal(KEYS_PER_MINUTE, 2000); /* as include/netmend/README.md says */
	for (int i = 0; i < KEYS_PER_MINUTE; i++)
		assert_int_equal(box_limits_take(&limits, true, "10.0.0.1", NOW + i), 0);
	assert_int_equal(box_limits_take(&limits, true, "10.0.0.1", NOW + KEYS_PER_MINUTE), 2000);
	assert_int_equal(box_limits_take(&limits, true, "10.0.0.2", NOW + KEYS_PER_MINUTE), 0);
	for (int i = 0; i < BOXES_PER_MINUTE; i++)
		assert_int_equal(box_limits_take(&limits, false, "10.0.0.1", NOW + i), 0);
	assert_int_equal(box_limits_take(&limits, false, "10.0.0.1", NOW + BOXES_PER_MINUTE), 60);
	assert_int_equal(box_limits_take(&limits, true, "10.0.0.1", NOW + RATE_SPAN_MS - 1), 2000);
	assert_int_equal(box_limits_take(&limits, true, "10.0.0.1", NOW + RATE_SPAN_MS), 0);
}

/* The largest upload, with its look and its order to store, is well within a minute's boxes. */
static void the_largest_upload_fits(void **state)
{
	(void)state;
	assert_true(NM_MAX_KEYS_UPLOAD / NM_KEYS_PART + 3 < KEYS_PER_MINUTE / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(so_many_a_minute),
	        cmocka_unit_test(many_others_set_nobody_free),
	        cmocka_unit_test(boxes_of_keys_and_others),
	        cmocka_unit_test(the_largest_upload_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
