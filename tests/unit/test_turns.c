/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who loads and who waits (appliance/fleet/turns.h). */
#include "appliance/fleet/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define T0 ((int64_t)1000000)

static void each_in_its_order(void **state)
{
	struct turns *t = turns_new(2);
	size_t loading, waiting;

	(void)state;
	assert_non_null(t);
	assert_int_equal(turns_ask(t, 1, T0), -1);
	assert_int_equal(turns_ask(t, 2, T0), -1);
	for (int m = 3; m <= 6; m++)
		assert_int_equal(turns_ask(t, m, T0), m - 3);
	/* Whoever asks more often is no sooner there. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(turns_ask(t, 6, T0 + i), 3);
	turns_end(t, 1, T0 + 1000);
	/* The free place is the first one's, whoever asks for it. */
	assert_int_equal(turns_ask(t, 4, T0 + 2000), 0);
	assert_int_equal(turns_ask(t, 7, T0 + 2000), 3);
	assert_int_equal(turns_ask(t, 3, T0 + 2000), -1);
	turns_end(t, 2, T0 + 3000);
	turns_end(t, 3, T0 + 3000);
	assert_int_equal(turns_ask(t, 5, T0 + 3000), -1);
	assert_int_equal(turns_ask(t, 6, T0 + 3000), 0);
	assert_int_equal(turns_ask(t, 4, T0 + 3000), -1);
	turns_count(t, T0 + 3000, &loading, &waiting);
	assert_int_equal(loading, 2);
	assert_int_equal(waiting, 2);
	free(t);
}

static void a_place_is_one(void **state)
{
	struct turns *t = turns_new(1);

	(void)state;
	assert_non_null(t);
	assert_int_equal(turns_ask(t, 1, T0), -1);
	/* Its kernel did not come: it asks again, and keeps its place. */
	assert_int_equal(turns_ask(t, 1, T0 + 60000), -1);
	assert_int_equal(turns_ask(t, 2, T0 + 60000), 0);
	turns_end(t, 99, T0 + 60000);
	assert_int_equal(turns_ask(t, 2, T0 + 60000), 0);
	turns_end(t, 1, T0 + 60000);
	turns_end(t, 1, T0 + 60000);
	assert_int_equal(turns_ask(t, 2, T0 + 60001), -1);
	assert_int_equal(turns_ask(t, 1, T0 + 60001), 0);
	free(t);
}

static void the_silent_go(void **state)
{
	struct turns *t = turns_new(1);
	int64_t now = T0;

	(void)state;
	assert_non_null(t);
	assert_int_equal(turns_ask(t, 1, now), -1);
	assert_int_equal(turns_ask(t, 2, now), 0);
	assert_int_equal(turns_ask(t, 3, now), 1);
	/* 2 was switched off while it waited. */
	now += 2000 * (int64_t)turns_sleep(t, 0) + TURNS_LATE_MS - 1;
	assert_int_equal(turns_ask(t, 3, now), 1);
	assert_int_equal(turns_ask(t, 3, now + 1), 0);
	/* 1 never told that it has started. */
	for (; now < T0 + TURNS_LOAD_MS; now += 1000)
		assert_int_equal(turns_ask(t, 3, now), 0);
	assert_int_equal(turns_ask(t, 3, T0 + TURNS_LOAD_MS), -1);
	free(t);
}

static void a_clock_set_back(void **state)
{
	struct turns *t = turns_new(1);

	(void)state;
	assert_non_null(t);
	assert_int_equal(turns_ask(t, 1, T0 + 86400000), -1);
	assert_int_equal(turns_ask(t, 2, T0), 0);
	for (int64_t now = T0; now < T0 + TURNS_LOAD_MS; now += 1000)
		assert_int_equal(turns_ask(t, 2, now), 0);
	assert_int_equal(turns_ask(t, 2, T0 + TURNS_LOAD_MS), -1);
	free(t);
}

static void more_than_the_queue_holds(void **state)
{
	struct turns *t = turns_new(1);
	size_t loading, waiting;

	(void)state;
	assert_non_null(t);
	assert_int_equal(turns_ask(t, 1, T0), -1);
	for (int m = 0; m < TURNS_WAITING_MAX; m++)
		assert_int_equal(turns_ask(t, 2 + m, T0), m);
	assert_int_equal(turns_ask(t, 999999, T0), TURNS_WAITING_MAX);
	assert_int_equal(turns_ask(t, 888888, T0), TURNS_WAITING_MAX);
	turns_count(t, T0, &loading, &waiting);
	assert_int_equal(waiting, TURNS_WAITING_MAX);
	turns_end(t, 1, T0);
	assert_int_equal(turns_ask(t, 999999, T0), TURNS_WAITING_MAX - 1);
	assert_int_equal(turns_ask(t, 2, T0), -1);
	free(t);
}

static void how_long_to_sleep(void **state)
{
	struct turns *t = turns_new(10);

	(void)state;
	assert_non_null(t);
	assert_int_equal(turns_sleep(t, 0), TURNS_SLEEP_MIN);
	assert_int_equal(turns_sleep(t, 9), 15); /* 30 s a load is the first guess */
	assert_int_equal(turns_sleep(t, TURNS_WAITING_MAX), TURNS_SLEEP_MAX);
	assert_int_equal(turns_ask(t, 1, T0), -1);
	turns_end(t, 1, T0 + 8000);
	assert_int_equal(turns_sleep(t, 9), 4);
	assert_int_equal(turns_sleep(t, 39), 16);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_in_its_order),
	        cmocka_unit_test(a_place_is_one),
	        cmocka_unit_test(the_silent_go),
	        cmocka_unit_test(a_clock_set_back),
	        cmocka_unit_test(more_than_the_queue_holds),
	        cmocka_unit_test(how_long_to_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
