/* SPDX-License-Identifier: GPL-3.0-or-later */
/* After the repair: Windows comes back, or the machine comes round again. */
#include "appliance/fleet/learn.h"
#include "tests/unit/fleet_fixture.h"

static int64_t repaired(struct fixture *f)
{
	int64_t id = add(f);
	struct store_session session = start(f);

	finish(f, &session, REASON_REPAIRED, "reboot");
	store_session_free(&session);
	return id;
}

static void asks(struct fixture *f)
{
	assert_int_equal(fleet_pxe_seen(&f->fleet, MAC, "", "uefi-x64"), 0);
}

static void test_a_request_on_the_way_back_is_no_relapse(void **state)
{
	struct fixture *f = *state;

	repaired(f);
	after(f, MINUTE);
	asks(f);
	expect(f, STATE_rebooting, REASON_REPAIRED);
	after(f, 3 * MINUTE);
	asks(f);
	expect(f, STATE_attention, REASON_RELAPSED);
	assert_true(get(f).held);
	/* What Windows says before its next crash does not make it a repaired one. */
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	expect(f, STATE_attention, REASON_RELAPSED);
}

static void test_a_request_of_one_that_is_overdue(void **state)
{
	struct fixture *f = *state;

	repaired(f);
	after(f, FLEET_RETURN_MS + SECOND);
	expect(f, STATE_attention, REASON_NOT_RETURNED);
	after(f, SECOND);
	asks(f);
	expect(f, STATE_attention, REASON_RELAPSED);
}

static void test_a_restart_of_one_that_is_back(void **state)
{
	struct fixture *f = *state;

	repaired(f);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	after(f, 11 * MINUTE);
	asks(f);
	expect(f, STATE_returned, REASON_RETURNED);
}

static void test_crash_soon_after_the_return(void **state)
{
	struct fixture *f = *state;

	repaired(f);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	after(f, 2 * MINUTE);
	asks(f);
	expect(f, STATE_attention, REASON_RELAPSED);
}

static void test_retry(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	int64_t id = repaired(f);

	/* One that is on its way has not failed; nor is an operator's hold a failure. */
	assert_int_equal(decide(f, DEED_RETRY, id), -ENODATA);
	after(f, 5 * MINUTE);
	asks(f);
	assert_int_equal(boot(f, token), FLEET_HOLD);
	assert_int_equal(decide(f, DEED_RETRY, id), 0);
	expect(f, STATE_seen, REASON_OK);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(decide(f, DEED_HOLD, id), 0);
	assert_int_equal(decide(f, DEED_RETRY, id), -ENODATA);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(decide(f, DEED_RETRY, 99), -ENOENT);
}

/* A dry run has changed nothing: that the machine crashes on is no relapse, and no news. */
static void test_only_looked_at(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];

	add(f);
	struct store_session session = start(f);
	finish(f, &session, REASON_WOULD_REPAIR, "reboot");
	store_session_free(&session);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	after(f, 5 * MINUTE);
	asks(f);
	expect(f, STATE_rebooting, REASON_WOULD_REPAIR);
	assert_int_equal(boot(f, token), FLEET_LOCAL);
	after(f, FLEET_RETURN_MS + SECOND);
	expect(f, STATE_rebooting, REASON_WOULD_REPAIR);
	assert_false(get(f).held);
	/* Now for good. */
	add(f);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
}

/* A hold that comes during the repair does not cost the machine its return: whoever counts those
 * that are back would wait for it for ever. */
static void test_held_during_the_repair(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	int64_t id = add(f);
	struct store_session session = start(f);

	assert_int_equal(decide(f, DEED_HOLD, id), 0);
	finish(f, &session, REASON_REPAIRED, "reboot");
	store_session_free(&session);
	expect(f, STATE_held, REASON_HELD);
	assert_int_equal(boot(f, token), FLEET_HOLD);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	expect(f, STATE_rebooting, REASON_OK);
	/* It asks once more in front of the fixer, and is sent to its disk. */
	assert_int_equal(boot(f, token), FLEET_LOCAL);
	assert_false(get(f).held);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	expect(f, STATE_returned, REASON_RETURNED);
}

/* Retried because its Windows was late: when that shows itself, it is back, and nobody repairs it
 * again. */
static void test_late_after_a_retry(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	int64_t id = repaired(f);

	after(f, FLEET_RETURN_MS + SECOND);
	expect(f, STATE_attention, REASON_NOT_RETURNED);
	assert_int_equal(decide(f, DEED_RETRY, id), 0);
	expect(f, STATE_seen, REASON_OK);
	assert_false(get(f).done);
	f->fleet.answers_stale = false;
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	expect(f, STATE_returned, REASON_RETURNED);
	assert_true(get(f).done);
	assert_true(f->fleet.answers_stale);

	/* One that boots from the network instead is repaired again, and awaited after that only.
	 */
	add(f);
	struct store_session session = start(f);
	finish(f, &session, REASON_REPAIRED, "reboot");
	store_session_free(&session);
	after(f, FLEET_RETURN_MS + SECOND);
	assert_int_equal(decide(f, DEED_RETRY, id), 0);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	expect(f, STATE_booting, REASON_OK);
}

static void test_another_appliance_sees_the_relapse(void **state)
{
	struct fixture *f = *state;
	struct fleet_identity identity = {.mac = MAC, .ip = "10.0.0.9", .serial = "S1"};
	enum fleet_decision decision;
	struct machine m;
	struct error err = {0};
	char path[96], token[TOKEN_TEXT];

	repaired(f);
	now += 10 * MINUTE;
	/* Its own configuration, its own clock of when it began; the same store. */
	struct fleet other = f->fleet;
	other.scope_all = true;
	other.started = now;
	(void)snprintf(path, sizeof(path), "%s/.db", f->dir);
	assert_int_equal(store_open(store_place_again(path), &other.store, &err), 0);
	assert_int_equal(fleet_boot(&other, &identity, &decision, &m, token), 0);
	assert_int_equal(decision, FLEET_LOCAL);
	store_close(other.store);
	expect(f, STATE_attention, REASON_RELAPSED);
	assert_int_equal(boot(f, token), FLEET_HOLD);
	assert_int_equal(get(f).attempt, 1);
}

static void test_medians_and_limits(void **state)
{
	int64_t one[] = {7}, even[] = {40, 10, 30, 20}, odd[] = {3, INT64_MAX, 1};
	struct learnt few = {.samples = 19, .median = 1}, enough = {.samples = 20, .median = 65000};

	(void)state;
	assert_int_equal(learn_median(NULL, 0), 0);
	assert_int_equal(learn_median(one, 1), 7);
	assert_int_equal(learn_median(even, 4), 20);
	assert_int_equal(learn_median(odd, 3), 3);
	assert_int_equal(learn_limit(LEARNT_RETURN, &few), FLEET_RETURN_MS);
	assert_int_equal(learn_limit(LEARNT_BOOT, &few), FLEET_BOOT_MS);
	assert_int_equal(learn_limit(LEARNT_BOOT, &enough), 260 * SECOND);
	assert_int_equal(learn_limit(LEARNT_RETURN, &enough), 5 * MINUTE);
	enough.median = 5 * MINUTE;
	assert_int_equal(learn_limit(LEARNT_RETURN, &enough), 20 * MINUTE);
	assert_int_equal(learn_limit(LEARNT_BOOT, &enough), 10 * MINUTE);
	enough.median = INT64_MAX;
	assert_int_equal(learn_limit(LEARNT_RETURN, &enough), 30 * MINUTE);
	enough.median = 1;
	assert_int_equal(learn_limit(LEARNT_BOOT, &enough), MINUTE);
	assert_int_equal(learn_limit(LEARNT_REPAIR, &enough), 0);
}

static void test_words(void **state)
{
	struct learnt none = {0}, known = {.samples = 40, .median = 65000};
	char text[120];

	(void)state;
	learn_text(LEARNT_RETURN, &known, 6 * MINUTE, text, sizeof(text));
	assert_string_equal(text, "usually back after 1 min 5 s; not seen for 6 min");
	learn_text(LEARNT_RETURN, &none, 15 * MINUTE + 900, text, sizeof(text));
	assert_string_equal(text, "not seen for 15 min");
	known.median = 22400;
	learn_text(LEARNT_BOOT, &known, 90 * MINUTE, text, sizeof(text));
	assert_string_equal(
	        text, "usually there after 22 s; handed the fixer, not heard of for 1 h 30 min");
}

static void neighbour(struct fixture *f, int64_t seconds)
{
	assert_int_equal(fleet_neighbour(&f->fleet, MAC, "10.0.0.5", seconds), 0);
}

static void test_one_that_answers_arp(void **state)
{
	struct fixture *f = *state;

	repaired(f);
	after(f, 20 * SECOND);
	/* The fixer did, before. */
	neighbour(f, 400);
	expect(f, STATE_rebooting, REASON_REPAIRED);
	after(f, 2 * MINUTE);
	neighbour(f, 70);
	expect(f, STATE_rebooting, REASON_REPAIRED);
	/* It asks for a boot program: not Windows, whatever answered. */
	asks(f);
	after(f, 2 * MINUTE);
	neighbour(f, 190);
	expect(f, STATE_rebooting, REASON_REPAIRED);
	after(f, MINUTE);
	neighbour(f, 250);
	expect(f, STATE_returned, REASON_RETURNED);
	assert_string_equal(get(f).text, "answers ARP at 10.0.0.5 since 3 minutes");
	/* A stranger's card is nobody's. */
	assert_int_equal(fleet_neighbour(&f->fleet, "52:54:00:00:00:99", "10.0.0.6", 900), 0);
}

static void test_one_that_refuses_connections(void **state)
{
	struct fixture *f = *state;
	int64_t id = repaired(f);

	for (int i = 0; i < 17; i++) {
		after(f, 10 * SECOND);
		assert_int_equal(fleet_refused(&f->fleet, id, "10.0.0.5"), 0);
	}
	expect(f, STATE_rebooting, REASON_REPAIRED);
	/* Away for a while: it starts anew. */
	after(f, 2 * MINUTE);
	for (int i = 0; i < 18; i++) {
		assert_int_equal(fleet_refused(&f->fleet, id, "10.0.0.5"), 0);
		after(f, 10 * SECOND);
	}
	expect(f, STATE_rebooting, REASON_REPAIRED);
	assert_int_equal(fleet_refused(&f->fleet, id, "10.0.0.5"), 0);
	expect(f, STATE_returned, REASON_RETURNED);
	assert_string_equal(get(f).text, "refuses connections at 10.0.0.5 since 3 minutes");
}

/* It hangs before it has told its result: its fixer's kernel is what answers. */
static void test_one_without_a_result(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f);
	struct store_session session = start(f);

	report(f, &session, STATE_repaired);
	for (int i = 0; i < 20; i++) {
		after(f, 10 * SECOND);
		assert_int_equal(fleet_refused(&f->fleet, id, "10.0.0.5"), 0);
	}
	neighbour(f, 200);
	expect(f, STATE_repaired, REASON_OK);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "DHCP of Windows"), 0);
	expect(f, STATE_returned, REASON_RETURNED);
	store_session_free(&session);
}

/* Boots after so long, is repaired after so long, is back after so long. */
static void round_trip(struct fixture *f, int64_t boots, int64_t works, int64_t returns)
{
	char token[TOKEN_TEXT];
	struct store_session session;

	add(f);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	now += boots;
	assert_int_equal(open_session(f, token, &session), 0);
	now += works;
	finish(f, &session, REASON_REPAIRED, "reboot");
	store_session_free(&session);
	now += returns;
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	now += 11 * MINUTE; /* nobody is guarded against */
}

static void expect_learnt(struct fixture *f, enum learnt_step step, int samples, int64_t median)
{
	assert_int_equal(f->fleet.learnt[step].samples, samples);
	assert_int_equal(f->fleet.learnt[step].median, median);
}

static void test_learning(void **state)
{
	struct fixture *f = *state;
	struct learnt kept[LEARNT_STEPS];

	for (int i = 0; i < 25; i++)
		round_trip(f, (20 + i) * SECOND, (40 + i) * SECOND, 60 * SECOND);
	after(f, LEARN_MS);
	expect_learnt(f, LEARNT_BOOT, 25, 32 * SECOND);
	expect_learnt(f, LEARNT_REPAIR, 25, 52 * SECOND);
	/* The one machine has returned last only once. */
	expect_learnt(f, LEARNT_RETURN, 1, 60 * SECOND);
	assert_int_equal(store_learnt(f->fleet.store, kept), 0);
	assert_int_equal(kept[LEARNT_BOOT].median, 32 * SECOND);
	/* The next boot is judged by it: four times the median. */
	char token[TOKEN_TEXT];
	add(f);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	after(f, 127 * SECOND);
	expect(f, STATE_booting, REASON_OK);
	after(f, 2 * SECOND);
	expect(f, STATE_attention, REASON_BOOT_STALLED);
	assert_non_null(strstr(get(f).text, "usually there after 32 s; "));
}

static void test_what_another_appliance_learnt(void **state)
{
	struct fixture *f = *state;
	const struct learnt theirs = {.samples = 50, .median = 30 * SECOND, .at = now + MINUTE};

	assert_int_equal(store_begin(f->fleet.store, false), 0);
	for (int i = 0; i < LEARNT_STEPS; i++)
		assert_int_equal(store_learnt_set(f->fleet.store, (enum learnt_step)i, &theirs), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	after(f, SECOND);
	expect_learnt(f, LEARNT_RETURN, 50, 30 * SECOND);
	repaired(f);
	after(f, 5 * MINUTE + SECOND);
	expect(f, STATE_attention, REASON_NOT_RETURNED);
	assert_string_equal(get(f).text, "usually back after 30 s; not seen for 5 min 1 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_request_on_the_way_back_is_no_relapse),
	        TEST(test_a_request_of_one_that_is_overdue),
	        TEST(test_a_restart_of_one_that_is_back),
	        TEST(test_crash_soon_after_the_return),
	        TEST(test_retry),
	        TEST(test_late_after_a_retry),
	        TEST(test_only_looked_at),
	        TEST(test_held_during_the_repair),
	        TEST(test_another_appliance_sees_the_relapse),
	        TEST(test_one_that_answers_arp),
	        TEST(test_one_that_refuses_connections),
	        TEST(test_one_without_a_result),
	        cmocka_unit_test(test_medians_and_limits),
	        cmocka_unit_test(test_words),
	        TEST(test_learning),
	        TEST(test_what_another_appliance_learnt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
