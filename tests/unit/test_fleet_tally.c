/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is counted as it happens, and what progress makes of it and of the machines. */
#include "appliance/fleet/learn.h"
#include "appliance/fleet/progress.h"
#include "tests/unit/fleet_fixture.h"

static int add_up(const struct store_tally *minute, void *context)
{
	int64_t *sums = context;

	assert_int_equal(minute->at % TALLY_MS, 0);
	for (int i = 0; i < TALLIES; i++)
		sums[i] += minute->count[i];
	return 0;
}

static void expect_sums(
        struct fixture *f, int64_t started, int64_t repaired, int64_t recovered, int64_t failed)
{
	int64_t sums[TALLIES] = {0};

	assert_int_equal(store_tallies(f->fleet.store, add_up, sums), 0);
	assert_int_equal(sums[TALLY_STARTED], started);
	assert_int_equal(sums[TALLY_REPAIRED], repaired);
	assert_int_equal(sums[TALLY_RECOVERED], recovered);
	assert_int_equal(sums[TALLY_FAILED], failed);
}

static struct progress read_progress(struct fixture *f)
{
	struct progress p;

	assert_int_equal(progress_read(f->fleet.store, now, &p), 0);
	return p;
}

static void repair(struct fixture *f, enum reason reason, const char *next)
{
	struct store_session session = start(f);

	now += 20 * SECOND;
	finish(f, &session, reason, next);
	store_session_free(&session);
}

static void returns(struct fixture *f)
{
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
}

static void test_a_good_run(void **state)
{
	struct fixture *f = *state;

	add(f);
	expect_sums(f, 0, 0, 0, 0);
	repair(f, REASON_REPAIRED, "reboot");
	expect_sums(f, 1, 1, 0, 0);
	struct progress p = read_progress(f);
	assert_int_equal(p.total, 1);
	assert_int_equal(p.recovered, 0);
	now += MINUTE;
	returns(f);
	returns(f);
	expect_sums(f, 1, 1, 1, 0);
	p = read_progress(f);
	assert_int_equal(p.recovered, 1);
	assert_int_equal(p.rate.recovered, 1);
	assert_int_equal(p.stuck_count, 0);
}

/* It comes back twice: the chart has both, the headline one machine. */
static void test_returned_twice(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f);

	repair(f, REASON_REPAIRED, "reboot");
	now += MINUTE;
	returns(f);
	now += MINUTE;
	assert_int_equal(fleet_pxe_seen(&f->fleet, MAC, "", ""), 0);
	expect(f, STATE_attention, REASON_RELAPSED);
	expect_sums(f, 1, 1, 1, 1);
	assert_int_equal(read_progress(f).recovered, 0);
	assert_int_equal(decide(f, DEED_RETRY, id), 0);
	repair(f, REASON_COMPLETED_PENDING, "reboot");
	now += MINUTE;
	returns(f);
	expect_sums(f, 2, 2, 2, 1);
	assert_int_equal(read_progress(f).recovered, 1);
}

/* A failure is one until the machine moves, however often it is told. */
static void test_failures(void **state)
{
	struct fixture *f = *state;
	struct fleet_event said = {.n = 1,
	        .event = {
	                .state = STATE_attention, .reason = REASON_NTFS_DAMAGED, .numbers = "{}"}};
	int64_t ack;

	add(f);
	struct store_session session = start(f);
	assert_int_equal(fleet_events(&f->fleet, &session, STATE_attention, &said, 1, &ack), 0);
	expect_sums(f, 1, 0, 0, 1);
	finish(f, &session, REASON_NTFS_DAMAGED, "hold");
	store_session_free(&session);
	expect_sums(f, 1, 0, 0, 1);
	/* Not returned, then relapsed: the same failure. */
	repair(f, REASON_REPAIRED, "reboot");
	after(f, FLEET_RETURN_MS + SECOND);
	expect(f, STATE_attention, REASON_NOT_RETURNED);
	expect_sums(f, 2, 1, 0, 2);
	assert_int_equal(fleet_pxe_seen(&f->fleet, MAC, "", ""), 0);
	expect(f, STATE_attention, REASON_RELAPSED);
	expect_sums(f, 2, 1, 0, 2);
}

static void test_silence_is_no_failure(void **state)
{
	struct fixture *f = *state;

	add(f);
	struct store_session session = start(f);
	int64_t heard = now;
	report(f, &session, STATE_planning);
	after(f, FLEET_SILENCE_MS + SECOND);
	expect(f, STATE_attention, REASON_NO_HEARTBEAT);
	expect_sums(f, 1, 0, 0, 0);
	struct progress p = read_progress(f);
	assert_int_equal(p.stuck_count, 1);
	assert_int_equal(p.stuck[0].state, STATE_planning);
	assert_int_equal(p.stuck[0].since, heard);
	assert_int_equal(p.stuck[0].limit, FLEET_SILENCE_MS);
	/* It is there again, but does not get on. */
	report(f, &session, STATE_planning);
	assert_int_equal(read_progress(f).stuck_count, 0);
	int64_t since = now;
	for (int i = 0; i < 11; i++) {
		after(f, 30 * SECOND);
		report(f, &session, STATE_planning);
	}
	p = read_progress(f);
	assert_int_equal(p.stuck_count, 1);
	assert_int_equal(p.stuck[0].since, since);
	assert_int_equal(p.stuck[0].limit, 5 * MINUTE);
	store_session_free(&session);
}

static void test_served_too_often(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];

	add(f);
	for (int i = 0; i < FLEET_GUARD_COUNT; i++) {
		assert_int_equal(boot(f, token), FLEET_REMEDIATE);
		now += SECOND;
	}
	assert_int_equal(boot(f, token), FLEET_HOLD);
	assert_int_equal(boot(f, token), FLEET_HOLD);
	expect_sums(f, FLEET_GUARD_COUNT, 0, 0, 1);
}

/* Nothing was changed on its disk: it is not waited for, however long it takes. */
static void test_only_looked_at(void **state)
{
	struct fixture *f = *state;

	add(f);
	repair(f, REASON_WOULD_REPAIR, "reboot");
	after(f, 60 * MINUTE);
	expect_sums(f, 1, 0, 0, 0);
	assert_int_equal(read_progress(f).stuck_count, 0);
}

/* The clock is set back an hour: what is counted stays, nobody is stuck from the future. */
static void test_clock_set_back(void **state)
{
	struct fixture *f = *state;

	add(f);
	repair(f, REASON_REPAIRED, "reboot");
	now -= 60 * MINUTE;
	struct progress p = read_progress(f);
	assert_int_equal(p.bucket_count, 1);
	assert_int_equal(p.buckets[0].count[TALLY_REPAIRED], 1);
	assert_int_equal(p.stuck_count, 0);
	now += 30 * SECOND;
	returns(f);
	p = read_progress(f);
	assert_int_equal(p.rate.recovered, 1);
	assert_int_equal(p.recovered, 1);
}

/* While there are few, what was learnt is seconds old; nothing is written where nothing is new. */
static void test_steps_of_a_young_fleet(void **state)
{
	struct fixture *f = *state;
	struct learnt learnt[LEARNT_STEPS];

	add(f);
	after(f, SECOND);
	assert_int_equal(store_learnt(f->fleet.store, learnt), 0);
	assert_int_equal(learnt[LEARNT_BOOT].at, 0);
	struct store_session session = start(f);
	now += 20 * SECOND;
	const struct fleet_report end = {.reason = REASON_REPAIRED,
	        .text = "",
	        .json = "{\"timing\":{\"init\":1,\"session\":10,\"release\":30,\"plan\":100,"
	                "\"save\":"
	                "200,\"commit\":400,\"verify\":800}}"};
	char next[8];
	assert_int_equal(fleet_result(&f->fleet, &session, &end, next), 0);
	store_session_free(&session);
	after(f, LEARN_SOON_MS);
	struct progress p = read_progress(f);
	assert_int_equal(p.learnt[LEARNT_KEY].median, 20);
	assert_int_equal(p.learnt[LEARNT_WRITE].most, 600);
	assert_int_equal(p.learnt[LEARNT_REPAIR].samples, 1);
	json_t *json = progress_json(&p);
	assert_int_equal(json_array_size(json_object_get(json, "steps")), 6);
	const json_t *second = json_array_get(json_object_get(json, "steps"), 1);
	assert_string_equal(json_string_value(json_object_get(second, "step")), "waiting");
	assert_int_equal(json_integer_value(json_object_get(second, "median")), 20);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_good_run),
	        TEST(test_returned_twice),
	        TEST(test_failures),
	        TEST(test_silence_is_no_failure),
	        TEST(test_served_too_often),
	        TEST(test_only_looked_at),
	        TEST(test_clock_set_back),
	        TEST(test_steps_of_a_young_fleet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
