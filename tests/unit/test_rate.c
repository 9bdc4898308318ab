/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/rate.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(so_many_a_minute),
	        cmocka_unit_test(many_others_set_nobody_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
