/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far, how fast, how long yet: the arithmetic alone, and its edges. */
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/learn.h"
#include "appliance/fleet/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE TALLY_MS
#define HOUR   (60 * MINUTE)
/* On a full hour, and on every length of a bucket up to half a day. */
#define NOON (PROGRESS_FIRST_MS + INT64_C(300) * 24 * HOUR + 12 * HOUR)

static struct store_tally minute(int64_t at, int64_t recovered)
{
	return (struct store_tally){.at = at, .count = {[TALLY_RECOVERED] = recovered}};
}

static int64_t sum(const struct progress *p)
{
	int64_t all = 0;

	for (size_t i = 0; i < p->bucket_count; i++)
		all += p->buckets[i].count[TALLY_RECOVERED];
	return all;
}

static void test_nothing_yet(void **state)
{
	struct progress p = {.now = NOON, .total = 5};

	(void)state;
	progress_count(&p, NULL, 0);
	progress_estimate(&p);
	assert_int_equal(p.bucket_count, 0);
	assert_int_equal(p.bucket, PROGRESS_BUCKET_MS);
	assert_int_equal(p.rate.recovered, 0);
	assert_true(p.rate.minutes > 0);
	assert_int_equal(p.soonest, 0);
	assert_int_equal(p.latest, 0);
	assert_true(progress_per_hour(&p) == 0);
}

/* One every ten minutes for three hours, then one a minute for half an hour. */
static void test_two_rates(void **state)
{
	struct store_tally list[60];
	struct progress p = {.now = NOON + 59999, .total = 148};
	size_t n = 0;

	(void)state;
	for (int64_t at = NOON - 179 * MINUTE; at <= NOON - 30 * MINUTE; at += 10 * MINUTE)
		list[n++] = minute(at, 1);
	assert_int_equal(n, 15);
	for (int64_t at = NOON - 29 * MINUTE; at <= NOON; at += MINUTE)
		list[n++] = minute(at, 1);
	p.recovered = (int64_t)n;
	progress_count(&p, list, n);
	assert_int_equal(p.rate.minutes, 30);
	assert_int_equal(p.rate.recovered, 30);
	assert_int_equal(p.rate.ms, 30 * MINUTE - 1);
	assert_true(progress_per_hour(&p) == 60.0);
	assert_int_equal(p.slow.minutes, 180);
	assert_int_equal(p.slow.recovered, 45);
	progress_estimate(&p);
	/* 103 are left: at 30 + 5 in half an hour, or at 45 - 6 in three. */
	assert_int_equal((p.soonest + MINUTE / 2) / MINUTE, 88);
	assert_int_equal((p.latest + MINUTE / 2) / MINUTE, 475);
}

static void test_done_and_nobody_can_say(void **state)
{
	struct store_tally one = minute(NOON - 2 * MINUTE, 3);
	struct progress p = {.now = NOON, .total = 3, .recovered = 3};

	(void)state;
	progress_count(&p, &one, 1);
	progress_estimate(&p);
	assert_int_equal(p.latest, 0);
	p.total = 4;
	progress_estimate(&p);
	/* Three within five minutes: at the rate of four, or of two. */
	assert_int_equal(p.soonest, 75 * 1000);
	assert_int_equal(p.latest, 150 * 1000);
	/* More are recovered than there are: one was set to ignored meanwhile. */
	p.total = 2;
	progress_estimate(&p);
	assert_int_equal(p.latest, 0);
	/* Nothing came back in the last half hour, though something happened. */
	struct store_tally old[] = {minute(NOON - 50 * MINUTE, 3), minute(NOON - 5 * MINUTE, 0)};
	p.total = 9;
	progress_count(&p, old, 2);
	progress_estimate(&p);
	assert_int_equal(p.rate.recovered, 0);
	assert_int_equal(p.slow.recovered, 3);
	assert_int_equal(p.soonest, 0);
	assert_int_equal(p.latest, 0);
}

/* A fleet that began ten minutes ago is not judged by the half hour before; nor by one minute. */
static void test_young_fleet(void **state)
{
	struct store_tally list[] = {minute(NOON - 10 * MINUTE, 0), minute(NOON - MINUTE, 5)};
	struct progress p = {.now = NOON, .total = 10, .recovered = 5};

	(void)state;
	progress_count(&p, list, 2);
	assert_int_equal(p.rate.minutes, 10);
	assert_true(progress_per_hour(&p) == 30.0);
	progress_count(&p, &list[1], 1);
	assert_int_equal(p.rate.minutes, PROGRESS_LEAST_MINUTES);
	assert_true(progress_per_hour(&p) == 60.0);
}

/* The night does not count, yesterday's chart is there. */
static void test_pause(void **state)
{
	struct store_tally list[] = {minute(NOON - 20 * HOUR, 50), minute(NOON - 61 * MINUTE, 7),
	        minute(NOON - 20 * MINUTE, 2), minute(NOON - MINUTE, 2)};
	struct progress p = {.now = NOON, .total = 100, .recovered = 61};

	(void)state;
	progress_count(&p, list, 4);
	assert_int_equal(p.slow.minutes, 61);
	assert_int_equal(p.slow.recovered, 11);
	assert_int_equal(p.rate.recovered, 4);
	list[1].at = NOON - 81 * MINUTE; /* an hour and a minute before the next */
	progress_count(&p, list, 4);
	assert_int_equal(p.slow.minutes, 20);
	assert_int_equal(p.slow.recovered, 4);
	assert_int_equal(sum(&p), 61);
}

static void test_buckets(void **state)
{
	static const struct {
		int64_t ago, length;
		size_t count;
	} cases[] = {{0, 5 * MINUTE, 1}, {4 * MINUTE, 5 * MINUTE, 2}, {HOUR, 5 * MINUTE, 13},
	        {287 * 5 * MINUTE, 5 * MINUTE, 288}, {288 * 5 * MINUTE, 10 * MINUTE, 145},
	        {287 * 12 * HOUR, 12 * HOUR, 288}, {288 * 24 * HOUR, 48 * HOUR, 145}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_tally list[] = {minute(NOON - cases[i].ago, 2), minute(NOON, 1)};
		struct progress p = {.now = NOON};
		progress_count(&p, list, 2);
		assert_int_equal(p.bucket, cases[i].length);
		assert_true(
		        p.bucket_count == cases[i].count || p.bucket_count == cases[i].count + 1);
		assert_true(p.bucket_count <= PROGRESS_BUCKETS_MAX);
		assert_int_equal(sum(&p), 3);
		/* In order, without a gap, until now. */
		for (size_t k = 1; k < p.bucket_count; k++)
			assert_int_equal(p.buckets[k].at, p.buckets[k - 1].at + p.bucket);
		assert_true(p.buckets[0].at <= NOON - cases[i].ago);
		int64_t last = p.buckets[p.bucket_count - 1].at;
		assert_true(last <= NOON && NOON < last + p.bucket);
	}
}

/* Each kind into its own, and a bucket's bounds are where they are said to be. */
static void test_bucket_bounds(void **state)
{
	struct store_tally list[] = {{.at = NOON - 6 * MINUTE, .count = {1, 2, 3, 4}},
	        {.at = NOON - 5 * MINUTE, .count = {5, 6, 7, 8}},
	        {.at = NOON - MINUTE, .count = {10, 20, 30, 40}}, minute(NOON, 9)};
	struct progress p = {.now = NOON + MINUTE / 2};

	(void)state;
	progress_count(&p, list, 4);
	assert_int_equal(p.bucket_count, 3);
	assert_int_equal(p.buckets[0].at, NOON - 10 * MINUTE);
	assert_int_equal(p.buckets[0].count[TALLY_FAILED], 4);
	assert_int_equal(p.buckets[1].count[TALLY_STARTED], 15);
	assert_int_equal(p.buckets[1].count[TALLY_REPAIRED], 26);
	assert_int_equal(p.buckets[2].count[TALLY_RECOVERED], 9);
}

/* A clock without a battery, and one that was ahead: nothing is lost, the chart stays short. */
static void test_wrong_clocks(void **state)
{
	struct store_tally list[] = {minute(120000, 1), minute(NOON - HOUR, 2), minute(NOON, 3),
	        minute(NOON + 30 * HOUR, 4), minute(INT64_C(4102444800000), 5)};
	struct progress p = {.now = NOON + 1};

	(void)state;
	progress_count(&p, list, 5);
	assert_int_equal(p.bucket, 5 * MINUTE);
	assert_int_equal(p.bucket_count, 13);
	assert_int_equal(sum(&p), 15);
	assert_int_equal(p.buckets[0].count[TALLY_RECOVERED], 3);
	assert_int_equal(p.buckets[12].count[TALLY_RECOVERED], 12);
	assert_int_equal(p.rate.recovered, 3);
	assert_int_equal(p.slow.recovered, 5);
	/* Ours is the wrong one. */
	struct store_tally again[] = {minute(NOON - HOUR, 2), minute(NOON, 3)};
	p.now = 5000;
	progress_count(&p, again, 2);
	assert_int_equal(p.bucket_count, 1);
	assert_int_equal(sum(&p), 5);
	assert_int_equal(p.rate.recovered, 0);
}

static void test_stuck(void **state)
{
	struct progress p = {.now = NOON};

	(void)state;
	for (int i = 0; i < 250; i++) {
		/* Neither in order nor the reverse. */
		int64_t since = NOON - (int64_t)(i * 97 % 250) * MINUTE;
		progress_stuck_add(&p, &(struct progress_stuck){.machine = i + 1, .since = since});
	}
	assert_int_equal(p.stuck_count, PROGRESS_STUCK_MAX);
	for (size_t i = 0; i < p.stuck_count; i++)
		assert_int_equal(p.stuck[i].since, NOON - (int64_t)(249 - i) * MINUTE);
}

static void test_limits(void **state)
{
	struct learnt learnt[LEARNT_STEPS] = {0};

	(void)state;
	assert_int_equal(progress_limit(STATE_booting, learnt), FLEET_BOOT_MS);
	assert_int_equal(progress_limit(STATE_rebooting, learnt), FLEET_RETURN_MS);
	assert_int_equal(progress_limit(STATE_planning, learnt), 5 * MINUTE);
	learnt[LEARNT_PLAN] = (struct learnt){.samples = 20, .median = MINUTE};
	assert_int_equal(progress_limit(STATE_unlocking, learnt), 4 * MINUTE);
	assert_int_equal(progress_limit(STATE_saving, learnt), 5 * MINUTE);
	/* Who waits for people, is done or failed is in other lists. */
	static const enum machine_state never[] = {STATE_seen, STATE_waiting, STATE_returned,
	        STATE_attention, STATE_held, STATE_ignored};
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(progress_limit(never[i], learnt), 0);
}

static void test_parts_of_a_repair(void **state)
{
	int64_t ms[LEARNT_STEPS];

	(void)state;
	learn_parts("{\"timing\":{\"init\":900,\"session\":950,\"release\":1000,\"plan\":1100,"
	            "\"save\":1300,\"commit\":1500,\"verify\":1900}}",
	        ms);
	assert_int_equal(ms[LEARNT_KEY], 50);
	assert_int_equal(ms[LEARNT_PLAN], 100);
	assert_int_equal(ms[LEARNT_SAVE], 200);
	assert_int_equal(ms[LEARNT_WRITE], 600);
	assert_int_equal(ms[LEARNT_BOOT], 0);
	/* A dry run, no key needed; what was never reached; what is no report. */
	learn_parts("{\"timing\":{\"init\":900,\"session\":950,\"release\":0,\"plan\":1100,"
	            "\"save\":0,\"commit\":0,\"verify\":0}}",
	        ms);
	assert_int_equal(ms[LEARNT_KEY], 0);
	assert_int_equal(ms[LEARNT_PLAN], 150);
	assert_int_equal(ms[LEARNT_SAVE], 0);
	assert_int_equal(ms[LEARNT_WRITE], 0);
	learn_parts("{}", ms);
	assert_int_equal(ms[LEARNT_PLAN], 0);
	learn_parts("nonsense", ms);
	assert_int_equal(ms[LEARNT_PLAN], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nothing_yet),
	        cmocka_unit_test(test_two_rates),
	        cmocka_unit_test(test_done_and_nobody_can_say),
	        cmocka_unit_test(test_young_fleet),
	        cmocka_unit_test(test_pause),
	        cmocka_unit_test(test_buckets),
	        cmocka_unit_test(test_bucket_bounds),
	        cmocka_unit_test(test_wrong_clocks),
	        cmocka_unit_test(test_stuck),
	        cmocka_unit_test(test_limits),
	        cmocka_unit_test(test_parts_of_a_repair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
