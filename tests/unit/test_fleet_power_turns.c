/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders to controllers: who is not touched, and whose turn it is. */
#include "tests/unit/power_fixture.h"

/* ---- who is not touched ---- */

static void test_refused(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(store_bmc_remove(f->fleet.store, OURS, id), 0);
	refused(f, &network, id, REASON_POWER_NO_BMC);
	give_bmc(f, id, OURS);
	assert_int_equal(decide(f, DEED_REMOVE, id), 0);
	refused(f, &network, id, REASON_NOT_IN_SCOPE);
	const struct fleet_power all = {
	        .what = POWER_WHAT_BOOT, .why = "", .image = "", .scope_all = true};
	assert_int_equal(order_with(f, &all, id, true), 1);
	assert_int_equal(decide(f, DEED_ADD, id), 0);
	assert_int_equal(decide(f, DEED_HOLD, id), 0);
	refused(f, &network, id, REASON_HELD);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	assert_int_equal(order_with(f, &network, id, false), 1);
	refused(f, &network, id, REASON_NOT_NOW); /* one is under way */
	refused(f, &network, 4711, REASON_NOT_FOUND);
}

static void test_a_repair_is_never_interrupted(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	const struct fleet_power off = {
	        .what = POWER_WHAT_OFF, .force = true, .why = "", .image = ""};
	struct store_session session = start(f);

	report(f, &session, STATE_repairing);
	refused(f, &off, id, REASON_POWER_ALIVE);
	store_session_free(&session);
}

/* It was right when it was ordered, and is not when its turn comes. */
static void test_a_repair_that_has_begun_meanwhile(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	const struct fleet_power off = {
	        .what = POWER_WHAT_OFF, .force = true, .why = "", .image = ""};

	assert_int_equal(order_with(f, &off, id, false), 1);
	struct store_session session = start(f);
	report(f, &session, STATE_unlocking);
	tick(f);
	assert_int_equal(driven.count, 0);
	is(f, id, POWER_STATE_FAILED, REASON_POWER_ALIVE);
	expect(f, STATE_unlocking, REASON_OK);
	store_session_free(&session);
}

static void test_alive(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	const struct fleet_power off = {.what = POWER_WHAT_OFF, .why = "", .image = ""},
	                         forced = {.what = POWER_WHAT_OFF,
	                                 .force = true,
	                                 .why = "",
	                                 .image = ""},
	                         on = {.what = POWER_WHAT_ON, .why = "", .image = ""};
	struct store_heard heard = {.mac = MAC, .kind = "windows", .at = now - 10 * MINUTE};

	assert_int_equal(store_begin(f->fleet.store, false), 0);
	assert_int_equal(store_heard_save(f->fleet.store, OURS, &heard), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	refused(f, &off, id, REASON_POWER_ALIVE);
	refused(f, &network, id, REASON_POWER_ALIVE);
	assert_int_equal(order_with(f, &on, id, true), 1); /* nobody loses anything */
	assert_int_equal(order_with(f, &forced, id, true), 1);
	now += 10 * MINUTE;
	assert_int_equal(order_with(f, &off, id, true), 1);
	heard.at = now - MINUTE;
	struct store_heard pxe = {.mac = MAC, .kind = "pxe", .at = now};
	assert_int_equal(store_begin(f->fleet.store, false), 0);
	assert_int_equal(store_heard_save(f->fleet.store, OURS, &heard), 0);
	assert_int_equal(store_heard_save(f->fleet.store, OURS, &pxe), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	assert_int_equal(order_with(f, &off, id, true), 1); /* it has restarted since */
}

static void test_returned_is_alive(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	const struct fleet_power off = {.what = POWER_WHAT_OFF, .why = "", .image = ""};
	struct store_session session = start(f);

	finish(f, &session, REASON_REPAIRED, "reboot");
	refused(f, &off, id, REASON_POWER_ALIVE);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "Windows"), 0);
	refused(f, &off, id, REASON_POWER_ALIVE);
	store_session_free(&session);
}

static void test_knocks_before(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct machine m = get(f);
	const struct fleet_power forced = {
	        .what = POWER_WHAT_OFF, .force = true, .why = "", .image = ""};

	(void)snprintf(m.ip, sizeof(m.ip), "10.0.0.9");
	assert_int_equal(store_machine_save(f->fleet.store, &m), 0);
	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	assert_string_equal(driven.q.knock, "10.0.0.9");
	answer(f, REASON_POWER_ALIVE);
	is(f, id, POWER_STATE_FAILED, REASON_POWER_ALIVE);
	assert_int_equal(order_with(f, &forced, id, false), 1);
	tick(f);
	assert_string_equal(driven.q.knock, "");
}

/* ---- turns ---- */

static int under_way(struct fixture *f)
{
	int64_t counts[POWER_STATES];

	assert_int_equal(store_power_counts(f->fleet.store, 0, counts), 0);
	return (int)counts[POWER_STATE_DRIVING];
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct fleet_power limited = network;
	int64_t ids[9];

	(void)server(f);
	limited.at_once = 5;
	limited.per_rack = 2;
	limited.per_feed = 3;
	/* Racks A, B, C of three; A and B on one feed. */
	for (int i = 0; i < 9; i++)
		ids[i] = another(
		        f, i, (const char *[]){"A", "B", "C"}[i / 3], i < 6 ? "F1" : "F2", 0);
	order_all(f, &limited, ids, 9);
	tick(f);
	assert_int_equal(under_way(f), 5); /* A A B (feed), C C */
	is(f, ids[2], POWER_STATE_WAITING, REASON_POWER_TURN);
	is(f, ids[4], POWER_STATE_WAITING, REASON_POWER_TURN);
	is(f, ids[8], POWER_STATE_WAITING, REASON_POWER_TURN);
	/* Driven, but its current still rushes. */
	for (int i = 0; i < 5; i++) {
		driven.q.order = driven.orders[i];
		answer(f, REASON_OK);
	}
	tick(f);
	assert_int_equal(driven.count, 5);
	now += FLEET_POWER_SETTLE_MS + SECOND;
	tick(f);
	assert_int_equal(driven.count, 9);
}

static void test_start_order(void **state)
{
	struct fixture *f = *state;
	struct fleet_power one = network;
	int64_t ids[3];

	(void)server(f);
	one.at_once = 1;
	ids[0] = another(f, 1, "", "", 0);
	ids[1] = another(f, 2, "", "", 2);
	ids[2] = another(f, 3, "", "", 1);
	order_all(f, &one, ids, 3);
	for (int i = 2; i >= 0; i--) {
		tick(f);
		is(f, ids[i], POWER_STATE_DRIVING, REASON_OK);
		answer(f, REASON_POWER_LOGIN);
	}
}

static void test_only_who_knows_the_controller(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	(void)snprintf(f->fleet.appliance, sizeof(f->fleet.appliance), "%s", "00000000000000b2");
	tick(f);
	assert_int_equal(driven.count, 0);
	(void)snprintf(f->fleet.appliance, sizeof(f->fleet.appliance), "%s", OURS);
	tick(f);
	assert_int_equal(driven.count, 1);
}

static void test_stop(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f), other = another(f, 1, "", "", 0);
	struct fleet_power one = network;
	size_t stopped = 0;

	one.at_once = 1;
	order_all(f, &one, (int64_t[]){id, other}, 2);
	tick(f);
	assert_int_equal(fleet_power_stop(f->fleet.store, &tester, NULL, 0, "enough", &stopped), 0);
	assert_int_equal(stopped, 1);
	is(f, id, POWER_STATE_DRIVING, REASON_OK); /* goes on to its end */
	is(f, other, POWER_STATE_STOPPED, REASON_OK);
	answer(f, REASON_OK);
	assert_int_equal(fleet_power_stop(f->fleet.store, &tester, &id, 1, "", &stopped), 0);
	assert_int_equal(stopped, 1);
	is(f, id, POWER_STATE_STOPPED, REASON_OK);
	assert_int_equal(order_with(f, &network, id, false), 1); /* and a new one may come */
}

static void test_of_a_campaign(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct fleet_power order = network;
	struct fleet_power_look look;
	struct machine m = get(f);
	int64_t counts[POWER_STATES];

	order.campaign = 7;
	assert_int_equal(store_begin(f->fleet.store, true), 0);
	assert_int_equal(
	        fleet_power_make(f->fleet.store, &m, &order, "campaign july", now, &look), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	struct store_power p;
	assert_int_equal(store_power_of_campaign(f->fleet.store, 7, id, &p), 0);
	store_power_free(&p);
	assert_int_equal(store_power_of_campaign(f->fleet.store, 8, id, &p), -ENOENT);
	assert_int_equal(store_begin(f->fleet.store, true), 0);
	assert_int_equal(fleet_power_stop_campaign(f->fleet.store, 8, now, "paused"), 0);
	assert_int_equal(fleet_power_stop_campaign(f->fleet.store, 7, now, "paused"), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	assert_int_equal(store_power_counts(f->fleet.store, 7, counts), 0);
	assert_int_equal(counts[POWER_STATE_STOPPED], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_refused),
	        TEST(test_a_repair_is_never_interrupted),
	        TEST(test_a_repair_that_has_begun_meanwhile),
	        TEST(test_alive),
	        TEST(test_returned_is_alive),
	        TEST(test_knocks_before),
	        TEST(test_limits),
	        TEST(test_start_order),
	        TEST(test_only_who_knows_the_controller),
	        TEST(test_stop),
	        TEST(test_of_a_campaign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
