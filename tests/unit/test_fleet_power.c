/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines switched through their controllers: who may be, in which turn, and what counts as
 * success. */
#include "appliance/fleet/power.h"
#include "appliance/store/inventory.h"
#include "appliance/store/wire.h"
#include "tests/unit/fleet_fixture.h"

#define OURS "00000000000000a1"

static const struct fleet_power network = {.what = POWER_WHAT_BOOT, .why = "july", .image = ""};

/* What went out last, and how often. */
static struct {
	struct fleet_power_question q;
	int count, refuse;
	int64_t orders[64];
} driven;

static int drive(void *context, const struct fleet_power_question *q)
{
	(void)context;
	if (driven.refuse)
		return -EAGAIN;
	driven.q = *q;
	driven.orders[driven.count++ % 64] = q->order;
	return 0;
}

static void give_bmc(struct fixture *f, int64_t id, const char *appliance)
{
	struct store_bmc bmc = {.machine = id};

	(void)snprintf(bmc.appliance, sizeof(bmc.appliance), "%s", appliance);
	(void)snprintf(bmc.type, sizeof(bmc.type), "ipmi");
	(void)snprintf(bmc.address, sizeof(bmc.address), "10.9.0.%d", (int)id);
	assert_int_equal(store_bmc_set(f->fleet.store, &bmc), 0);
}

/* The machine, in scope, with a controller. */
static int64_t server(struct fixture *f)
{
	int64_t id = add(f);

	(void)snprintf(f->fleet.appliance, sizeof(f->fleet.appliance), "%s", OURS);
	give_bmc(f, id, OURS);
	memset(&driven, 0, sizeof(driven));
	return id;
}

static struct fleet_power_look told_look;

static void told(int64_t machine, const struct fleet_power_look *look, void *context)
{
	(void)machine;
	(void)context;
	told_look = *look;
}

static size_t order_with(
        struct fixture *f, const struct fleet_power *order, int64_t id, bool dry_run)
{
	const struct fleet_power_many many = {.order = order,
	        .machines = &id,
	        .count = 1,
	        .chosen = "",
	        .dry_run = dry_run,
	        .told = told};
	size_t done = 0;

	assert_int_equal(fleet_power_order(f->fleet.store, &tester, &many, &done), 0);
	return done;
}

static void refused(struct fixture *f, const struct fleet_power *order, int64_t id, enum reason why)
{
	assert_int_equal(order_with(f, order, id, true), 0);
	assert_string_equal(reason_code(told_look.reason), reason_code(why));
	assert_string_equal(told_look.deed, "");
	assert_int_equal(order_with(f, order, id, false), 0);
	assert_string_equal(reason_code(told_look.reason), reason_code(why));
	assert_true(told_look.text[0] != 0);
}

static void tick(struct fixture *f)
{
	assert_int_equal(fleet_power_tick(&f->fleet, drive, NULL), 0);
}

static void answer(struct fixture *f, enum reason reason)
{
	const struct fleet_power_answer a = {.reason = reason,
	        .text = "as it says",
	        .type = "ipmi",
	        .address = "10.9.0.1",
	        .power = "on",
	        .boot = "network once",
	        .steps = "[{\"step\":\"off\"}]"};

	assert_int_equal(fleet_power_answered(&f->fleet, driven.q.order, &a), 0);
}

static struct store_power last(struct fixture *f, int64_t id)
{
	struct store_power p;

	assert_int_equal(store_power_of_machine(f->fleet.store, id, &p), 0);
	store_power_free(&p);
	return p;
}

static void is(struct fixture *f, int64_t id, enum power_progress state, enum reason reason)
{
	struct store_power p = last(f, id);

	assert_string_equal(power_progress_name(p.state), power_progress_name(state));
	assert_string_equal(reason_code(p.reason), reason_code(reason));
}

/* ---- success ---- */

static void test_success_is_its_own_question(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	char token[TOKEN_TEXT];

	assert_int_equal(order_with(f, &network, id, true), 1);
	assert_string_equal(told_look.bmc, "ipmi 10.9.0.1");
	assert_non_null(strstr(told_look.deed, "start from the network"));
	assert_int_equal(order_with(f, &network, id, false), 1);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_TURN);
	assert_int_equal(driven.count, 0);
	tick(f);
	is(f, id, POWER_STATE_DRIVING, REASON_OK);
	assert_int_equal(driven.count, 1);
	assert_string_equal(driven.q.by, "anna");
	assert_string_equal(driven.q.why, "july");
	assert_string_equal(driven.q.macs[0], MAC);
	assert_string_equal(driven.q.macs[1], "");
	assert_false(driven.q.other);
	tick(f);
	assert_int_equal(driven.count, 1);
	answer(f, REASON_OK);
	/* The controller's word is not enough. */
	is(f, id, POWER_STATE_BOOTING, REASON_OK);
	now += 5 * MINUTE;
	tick(f);
	is(f, id, POWER_STATE_BOOTING, REASON_OK);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	tick(f);
	is(f, id, POWER_STATE_DONE, REASON_OK);
	struct store_power p;
	assert_int_equal(store_power_of_machine(f->fleet.store, id, &p), 0);
	assert_string_equal(p.steps, "[{\"step\":\"off\"}]");
	assert_string_equal(p.power, "on");
	assert_int_equal(p.tries, 1);
	store_power_free(&p);
}

/* Its DHCP question, before the controller has answered that it is on. */
static void test_faster_than_its_controller(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	now += 20 * SECOND;
	assert_int_equal(store_mac_answered(f->fleet.store, MAC, now), 0);
	now += 20 * SECOND;
	answer(f, REASON_OK);
	is(f, id, POWER_STATE_BOOTING, REASON_OK);
	tick(f);
	is(f, id, POWER_STATE_DONE, REASON_OK);
}

static void test_a_boot_of_before_does_not_count(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(store_mac_answered(f->fleet.store, MAC, now), 0);
	now += SECOND;
	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	now += MINUTE;
	tick(f);
	is(f, id, POWER_STATE_BOOTING, REASON_OK);
}

static void test_others_are_done_when_they_are_driven(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	const struct fleet_power off = {.what = POWER_WHAT_OFF, .why = "", .image = ""};

	assert_int_equal(order_with(f, &off, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	is(f, id, POWER_STATE_DONE, REASON_OK);
}

/* ---- failure ---- */

static void test_second_try_the_other_way(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	now += 15 * MINUTE + SECOND;
	tick(f);
	assert_int_equal(driven.count, 2); /* in the same tick: nobody else waits */
	assert_true(driven.q.other);
	is(f, id, POWER_STATE_DRIVING, REASON_OK);
	answer(f, REASON_OK);
	now += 15 * MINUTE + SECOND;
	tick(f);
	is(f, id, POWER_STATE_FAILED, REASON_POWER_NO_BOOT);
	expect(f, STATE_attention, REASON_POWER_NO_BOOT);
	assert_int_equal(last(f, id).tries, 2);
	/* It comes at last: its repair goes its way. */
	char token[TOKEN_TEXT];
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	expect(f, STATE_booting, REASON_OK);
}

static void test_a_refusal_is_tried_the_other_way(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_POWER_BOOT_FLAG);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_BOOT_FLAG);
	now += SECOND;
	tick(f);
	assert_true(driven.q.other);
	answer(f, REASON_POWER_STUCK);
	is(f, id, POWER_STATE_FAILED, REASON_POWER_STUCK);
	expect(f, STATE_attention, REASON_POWER_STUCK);
}

static void test_a_wrong_login_is_not_tried_again(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_POWER_LOGIN);
	is(f, id, POWER_STATE_FAILED, REASON_POWER_LOGIN);
	now += 30 * MINUTE;
	tick(f);
	assert_int_equal(driven.count, 1);
}

static void test_later(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	for (int i = 0; i < 20; i++) {
		tick(f);
		assert_int_equal(driven.count, i + 1);
		assert_false(driven.q.other);
		answer(f, REASON_POWER_BUSY);
		is(f, id, POWER_STATE_WAITING, REASON_POWER_BUSY);
		now += 29 * SECOND;
		tick(f);
		assert_int_equal(driven.count, i + 1);
		now += SECOND;
	}
	tick(f);
	answer(f, REASON_POWER_BUSY);
	tick(f);
	assert_true(driven.q.other);
	assert_int_equal(last(f, id).tries, 2);
	answer(f, REASON_OK);
	is(f, id, POWER_STATE_BOOTING, REASON_OK);
}

static void test_a_locked_vault_waits_for_a_person(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	for (int i = 0; i < 100; i++) {
		tick(f);
		answer(f, REASON_VAULT_LOCKED);
		now += 30 * SECOND;
	}
	is(f, id, POWER_STATE_WAITING, REASON_VAULT_LOCKED);
	assert_int_equal(last(f, id).tries, 1);
}

static void test_nobody_takes_it(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	driven.refuse = 1;
	tick(f);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_BUSY);
	driven.refuse = 0;
	now += 30 * SECOND;
	tick(f);
	is(f, id, POWER_STATE_DRIVING, REASON_OK);
	assert_int_equal(fleet_power_answered(&f->fleet, driven.q.order, NULL), 0);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_BUSY);
}

/* Killed while it was driven: the same appliance, and another one that never comes back. */
static void test_killed_in_the_middle(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	now += SECOND;
	f->fleet.started = now;
	tick(f);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_BUSY);
	now += 30 * SECOND;
	tick(f);
	assert_int_equal(driven.count, 2);
	(void)snprintf(f->fleet.appliance, sizeof(f->fleet.appliance), "%s", "00000000000000b2");
	give_bmc(f, id, f->fleet.appliance);
	now += 2 * MINUTE;
	tick(f);
	is(f, id, POWER_STATE_DRIVING, REASON_OK);
	answer(f, REASON_OK); /* of an order that is another's */
	is(f, id, POWER_STATE_DRIVING, REASON_OK);
	now += 10 * MINUTE;
	tick(f);
	assert_int_equal(driven.count, 3);
	assert_string_equal(last(f, id).appliance, "00000000000000b2");
}

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

static int64_t another(struct fixture *f, int n, const char *rack, const char *feed, int rank)
{
	struct inventory_line line = {.rank = rank};
	char mac[MAC_TEXT];
	int64_t id = 0;

	(void)snprintf(mac, sizeof(mac), "52:54:00:00:00:%02X", n);
	(void)snprintf(line.rack, sizeof(line.rack), "%s", rack);
	(void)snprintf(line.feed, sizeof(line.feed), "%s", feed);
	assert_int_equal(fleet_add(f->fleet.store, &tester, mac, "srv", &id), 0);
	line.machine = id;
	assert_int_equal(store_inventory_set(f->fleet.store, &line), 0);
	give_bmc(f, id, OURS);
	return id;
}

static int under_way(struct fixture *f)
{
	int64_t counts[POWER_STATES];

	assert_int_equal(store_power_counts(f->fleet.store, 0, counts), 0);
	return (int)counts[POWER_STATE_DRIVING];
}

static void order_all(
        struct fixture *f, const struct fleet_power *order, int64_t *ids, size_t count)
{
	const struct fleet_power_many many = {
	        .order = order, .machines = ids, .count = count, .chosen = "rack"};
	size_t done = 0;

	assert_int_equal(fleet_power_order(f->fleet.store, &tester, &many, &done), 0);
	assert_int_equal(done, count);
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
	        TEST(test_success_is_its_own_question),
	        TEST(test_faster_than_its_controller),
	        TEST(test_a_boot_of_before_does_not_count),
	        TEST(test_others_are_done_when_they_are_driven),
	        TEST(test_second_try_the_other_way),
	        TEST(test_a_refusal_is_tried_the_other_way),
	        TEST(test_a_wrong_login_is_not_tried_again),
	        TEST(test_later),
	        TEST(test_a_locked_vault_waits_for_a_person),
	        TEST(test_nobody_takes_it),
	        TEST(test_killed_in_the_middle),
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
