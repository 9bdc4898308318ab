/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders to controllers: several appliances, machines that change while their order waits. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/identify.h"
#include "appliance/fleet/power_show.h"
#include "tests/unit/power_fixture.h"

#define THEIRS "00000000000000b2"

static const struct fleet_power off = {.what = POWER_WHAT_OFF, .why = "", .image = ""},
                                forced = {.what = POWER_WHAT_OFF,
                                        .force = true,
                                        .why = "",
                                        .image = ""};

/* ---- two appliances on one store ---- */

/* Its clock is not quite ours. */
static int64_t slow_clock(void)
{
	return now - 5 * SECOND;
}

static struct fleet second_appliance(struct fixture *f)
{
	struct fleet second = f->fleet;
	struct error err = {0};
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/.db", f->dir);
	assert_int_equal(store_open(store_place_again(path), &second.store, &err), 0);
	(void)snprintf(second.appliance, sizeof(second.appliance), "%s", THEIRS);
	second.clock = slow_clock;
	return second;
}

static void test_two_appliances_drive_once(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct fleet second = second_appliance(f);

	give_bmc(f, id, THEIRS);
	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	assert_int_equal(fleet_power_tick(&second, drive, NULL), 0);
	assert_int_equal(driven.count, 1);
	is(f, id, POWER_STATE_DRIVING, REASON_OK);
	assert_string_equal(last(f, id).appliance, OURS);
	answer(f, REASON_OK);
	assert_int_equal(fleet_power_tick(&second, drive, NULL), 0);
	assert_int_equal(driven.count, 1);
	is(f, id, POWER_STATE_BOOTING, REASON_OK);
	/* Whoever hears the machine, both know. */
	now += MINUTE;
	assert_int_equal(store_mac_answered(second.store, MAC, slow_clock()), 0);
	tick(f);
	is(f, id, POWER_STATE_DONE, REASON_OK);
	store_close(second.store);
}

static void test_their_limits_are_one(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f), other = another(f, 1, "", "", 0);
	struct fleet second = second_appliance(f);
	struct fleet_power one = network;

	one.at_once = 1;
	give_bmc(f, other, THEIRS);
	order_all(f, &one, (int64_t[]){id, other}, 2);
	now += 10 * SECOND; /* the other's clock has come to that time, too */
	tick(f);
	assert_int_equal(fleet_power_tick(&second, drive, NULL), 0);
	assert_int_equal(driven.count, 1);
	is(f, other, POWER_STATE_WAITING, REASON_POWER_TURN);
	answer(f, REASON_POWER_LOGIN);
	assert_int_equal(fleet_power_tick(&second, drive, NULL), 0);
	assert_int_equal(driven.count, 2);
	assert_string_equal(last(f, other).appliance, THEIRS);
	store_close(second.store);
}

/* ---- a repair that its state does not show ---- */

static void test_held_in_the_middle(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct store_session session = start(f);

	report(f, &session, STATE_repairing);
	assert_int_equal(decide(f, DEED_HOLD, id), 0);
	expect(f, STATE_held, REASON_HELD);
	now += 30 * SECOND;
	report(f, &session, STATE_repairing); /* it talks, and writes */
	refused(f, &forced, id, REASON_POWER_ALIVE);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	expect(f, STATE_seen, REASON_OK);
	refused(f, &forced, id, REASON_POWER_ALIVE);
	now += FLEET_SILENCE_MS + SECOND;
	assert_int_equal(order_with(f, &forced, id, true), 1);
	store_session_free(&session);
}

static void test_loading(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	char token[TOKEN_TEXT];

	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	expect(f, STATE_booting, REASON_OK);
	now += MINUTE;
	refused(f, &network, id, REASON_POWER_ALIVE);
	assert_int_equal(order_with(f, &forced, id, true), 1);
	after(f, FLEET_BOOT_MS);
	expect(f, STATE_attention, REASON_BOOT_STALLED);
	assert_int_equal(order_with(f, &network, id, true), 1);
}

static void test_silent_in_the_middle(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct store_session session = start(f);

	report(f, &session, STATE_repairing);
	after(f, FLEET_SILENCE_MS + SECOND);
	expect(f, STATE_attention, REASON_NO_HEARTBEAT);
	refused(f, &off, id, REASON_POWER_ALIVE);
	refused(f, &network, id, REASON_POWER_ALIVE);
	assert_int_equal(order_with(f, &forced, id, true), 1);
	now += 15 * MINUTE;
	assert_int_equal(order_with(f, &network, id, true), 1);
	store_session_free(&session);
}

static void test_silent_before_anything_is_written(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct store_session session = start(f);

	report(f, &session, STATE_planning);
	after(f, FLEET_SILENCE_MS + SECOND);
	expect(f, STATE_attention, REASON_NO_HEARTBEAT);
	assert_int_equal(order_with(f, &network, id, true), 1);
	store_session_free(&session);
}

/* ---- what has changed when its turn comes ---- */

/* An order that waits, as another one is driven; ended by let_go(). */
static int64_t waits(struct fixture *f, int64_t id)
{
	int64_t first = another(f, 1, "", "", 1);
	struct fleet_power one = network;

	one.at_once = 1;
	order_all(f, &one, (int64_t[]){first, id}, 2);
	tick(f);
	is(f, first, POWER_STATE_DRIVING, REASON_OK);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_TURN);
	return first;
}

static void let_go(struct fixture *f)
{
	answer(f, REASON_POWER_LOGIN);
	tick(f);
}

static void test_it_has_come_by_itself(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	char token[TOKEN_TEXT];

	(void)waits(f, id);
	now += MINUTE;
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	let_go(f);
	is(f, id, POWER_STATE_DONE, REASON_OK);
	assert_int_equal(driven.count, 1);
	expect(f, STATE_booting, REASON_OK);
}

/* After the 15 minutes, but before it is switched off for the second try. */
static void test_it_has_come_late(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	now += 15 * MINUTE;
	assert_int_equal(fleet_power_tick(&f->fleet, NULL, NULL), 0);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_NO_BOOT);
	assert_int_equal(store_mac_answered(f->fleet.store, MAC, now), 0);
	tick(f);
	is(f, id, POWER_STATE_DONE, REASON_OK);
	assert_int_equal(driven.count, 1);
}

static void test_windows_in_the_place_of_its_boot(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct store_heard heard = {.mac = MAC, .kind = "windows"};

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	heard.at = now + 5 * MINUTE;
	now += 15 * MINUTE;
	assert_int_equal(store_begin(f->fleet.store, false), 0);
	assert_int_equal(store_heard_save(f->fleet.store, OURS, &heard), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	tick(f);
	is(f, id, POWER_STATE_FAILED, REASON_POWER_NO_BOOT);
	assert_int_equal(driven.count, 1);
	assert_non_null(strstr(last(f, id).text, "Windows"));
}

static void test_a_persons_word_while_it_waits(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	(void)waits(f, id);
	assert_int_equal(decide(f, DEED_HOLD, id), 0);
	let_go(f);
	is(f, id, POWER_STATE_STOPPED, REASON_HELD);
	expect(f, STATE_held, REASON_HELD);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	assert_int_equal(order_with(f, &network, id, false), 1);
	assert_int_equal(decide(f, DEED_REMOVE, id), 0);
	tick(f);
	is(f, id, POWER_STATE_STOPPED, REASON_NOT_IN_SCOPE);
	expect(f, STATE_ignored, REASON_NOT_IN_SCOPE);
	assert_int_equal(driven.count, 1);
}

static void test_its_record_is_taken_away(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);

	(void)waits(f, id);
	assert_int_equal(store_bmc_remove(f->fleet.store, OURS, id), 0);
	tick(f);
	is(f, id, POWER_STATE_FAILED, REASON_POWER_NO_BMC);
	expect(f, STATE_attention, REASON_POWER_NO_BMC);
}

/* What was switched on all the same counts for its rack. */
static void test_a_failure_settles(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f), other = another(f, 1, "", "", 1);
	const struct fleet_power one = {
	        .what = POWER_WHAT_ON, .why = "", .image = "", .at_once = 1};

	order_all(f, &one, (int64_t[]){other, id}, 2);
	tick(f);
	answer(f, REASON_POWER_STUCK);
	is(f, other, POWER_STATE_FAILED, REASON_POWER_STUCK);
	tick(f);
	assert_int_equal(driven.count, 1);
	now += FLEET_POWER_SETTLE_MS + SECOND;
	tick(f);
	assert_int_equal(driven.count, 2);
}

/* What is full is full for all of its rack, and for no other one. */
static void test_racks_one_after_the_other(void **state)
{
	struct fixture *f = *state;
	struct fleet_power one = network;
	int64_t ids[60];

	(void)server(f);
	one.per_rack = 1;
	for (int i = 0; i < 60; i++) {
		char rack[8];
		(void)snprintf(rack, sizeof(rack), "R%d", i % 20);
		ids[i] = another(f, i, rack, i % 2 ? "F1" : "F2", 0);
	}
	order_all(f, &one, ids, 60);
	for (int round = 1; round <= 3; round++) {
		tick(f);
		assert_int_equal(driven.count, round * 20);
		for (int i = 0; i < 20; i++) {
			driven.q.order = driven.orders[(round - 1) * 20 + i];
			answer(f, REASON_OK);
		}
		tick(f);
		assert_int_equal(driven.count, round * 20);
		now += FLEET_POWER_SETTLE_MS + SECOND;
	}
}

/* ---- two rows that are one machine, and one that is gone ---- */

static void test_merged(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f), other = another(f, 1, "", "", 0), open = 0;
	struct machine from = get(f), into;
	struct store_bmc bmc;
	int64_t counts[POWER_STATES];

	order_all(f, &network, (int64_t[]){id, other}, 2);
	assert_int_equal(store_bmc_remove(f->fleet.store, OURS, other), 0);
	assert_int_equal(store_begin(f->fleet.store, false), 0);
	assert_int_equal(store_machine_get(f->fleet.store, other, &into), 0);
	assert_int_equal(identify_merge(f->fleet.store, &from, &into, now), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	assert_int_equal(store_bmc_get(f->fleet.store, other, OURS, &bmc), 0);
	assert_string_equal(bmc.address, "10.9.0.1");
	assert_int_equal(store_power_counts(f->fleet.store, 0, counts), 0);
	for (int i = POWER_STATE_WAITING; i <= POWER_STATE_BOOTING; i++)
		open += counts[i];
	assert_int_equal(open, 1);
	assert_int_equal(counts[POWER_STATE_STOPPED], 1);
	tick(f);
	assert_int_equal(driven.count, 1);
	assert_true(driven.q.machine.id == other);
}

static void test_deleted(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f), count = 0;

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	assert_int_equal(store_begin(f->fleet.store, false), 0);
	assert_int_equal(store_machine_delete(f->fleet.store, id), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	answer(f, REASON_OK); /* of an order that is not there any more */
	tick(f);
	assert_int_equal(store_bmc_count(f->fleet.store, &count), 0);
	assert_int_equal(count, 0);
}

static const struct fleet_power from_image = {
        .what = POWER_WHAT_MEDIA, .why = "", .image = "http://10.9.0.1/netmend.iso"};

static int64_t server_with_media(struct fixture *f)
{
	int64_t id = server(f);

	give_bmc_of(f, id, OURS, "redfish");
	return id;
}

/* Said before anything is ordered; what type it is may still be to be found out. */
static void test_no_image_without_virtual_media(void **state)
{
	static const struct {
		const char *type;
		enum reason reason;
	} cases[] = {{"ipmi", REASON_POWER_UNSUPPORTED}, {"amt", REASON_POWER_UNSUPPORTED},
	        {"auto", REASON_OK}, {"redfish", REASON_OK}};
	struct fixture *f = *state;
	int64_t id = server(f);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		give_bmc_of(f, id, OURS, cases[i].type);
		(void)order_with(f, &from_image, id, true);
		assert_int_equal(told_look.reason, cases[i].reason);
		(void)order_with(f, &network, id, true);
		assert_int_equal(told_look.reason, REASON_OK);
	}
	assert_int_equal(store_bmc_remove(f->fleet.store, OURS, id), 0);
	(void)order_with(f, &from_image, id, true);
	assert_int_equal(told_look.reason, REASON_POWER_NO_BMC);
}

/* The image is taken out ten minutes after the machine has started from it, also while its repair
 * runs. */
static void test_the_image_is_taken_out(void **state)
{
	struct fixture *f = *state;
	int64_t id = server_with_media(f);
	char token[TOKEN_TEXT];

	assert_int_equal(order_with(f, &from_image, id, false), 1);
	tick(f);
	assert_string_equal(driven.q.image, "http://10.9.0.1/netmend.iso");
	answer(f, REASON_OK);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	struct store_session session;
	assert_int_equal(open_session(f, token, &session), 0);
	tick(f);
	assert_int_equal(last(f, id).what, POWER_WHAT_EJECT);
	now += FLEET_POWER_EJECT_MS - SECOND;
	report(f, &session, STATE_repairing);
	tick(f);
	assert_int_equal(driven.count, 1);
	now += SECOND;
	tick(f);
	assert_int_equal(driven.count, 2);
	assert_int_equal(driven.q.what, POWER_WHAT_EJECT);
	answer(f, REASON_OK);
	is(f, id, POWER_STATE_DONE, REASON_OK);
	store_session_free(&session);
}

/* What is still to be done by itself hides nothing of what a person has ordered, and is not stopped
 * with the orders of people. */
static void test_the_image_hides_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t id = server_with_media(f);
	struct store_power shown;
	char token[TOKEN_TEXT];
	size_t stopped = 1;

	assert_int_equal(order_with(f, &from_image, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	tick(f);
	assert_int_equal(power_latest(f->fleet.store, id, &shown), 0);
	assert_int_equal(shown.what, POWER_WHAT_MEDIA);
	assert_int_equal(shown.state, POWER_STATE_DONE);
	assert_non_null(strstr(shown.text, "taken out ten minutes later"));
	store_power_free(&shown);
	assert_int_equal(fleet_power_stop(f->fleet.store, &tester, NULL, 0, "", &stopped), 0);
	assert_int_equal(stopped, 0);
	is(f, id, POWER_STATE_WAITING, REASON_POWER_TURN);
}

static void test_the_image_of_a_failure_too(void **state)
{
	struct fixture *f = *state;
	int64_t id = server_with_media(f);

	assert_int_equal(order_with(f, &from_image, id, false), 1);
	tick(f);
	answer(f, REASON_POWER_RIGHTS);
	expect(f, STATE_attention, REASON_POWER_RIGHTS);
	now += SECOND;
	tick(f);
	assert_int_equal(driven.q.what, POWER_WHAT_EJECT);
	answer(f, REASON_POWER_RIGHTS); /* the machine's own reason stays */
	is(f, id, POWER_STATE_FAILED, REASON_POWER_RIGHTS);
	tick(f);
	assert_int_equal(driven.count, 2);
}

static void test_the_image_gives_way(void **state)
{
	struct fixture *f = *state;
	int64_t id = server_with_media(f);
	char token[TOKEN_TEXT];

	assert_int_equal(order_with(f, &from_image, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	tick(f);
	assert_int_equal(last(f, id).what, POWER_WHAT_EJECT);
	const struct fleet_power switched = {
	        .what = POWER_WHAT_OFF, .force = true, .why = "", .image = ""};
	assert_int_equal(order_with(f, &switched, id, false), 1);
	assert_int_equal(last(f, id).what, POWER_WHAT_OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_no_image_without_virtual_media),
	        TEST(test_the_image_is_taken_out),
	        TEST(test_the_image_hides_nothing),
	        TEST(test_the_image_of_a_failure_too),
	        TEST(test_the_image_gives_way),
	        TEST(test_two_appliances_drive_once),
	        TEST(test_their_limits_are_one),
	        TEST(test_held_in_the_middle),
	        TEST(test_loading),
	        TEST(test_silent_in_the_middle),
	        TEST(test_silent_before_anything_is_written),
	        TEST(test_it_has_come_by_itself),
	        TEST(test_it_has_come_late),
	        TEST(test_windows_in_the_place_of_its_boot),
	        TEST(test_a_persons_word_while_it_waits),
	        TEST(test_its_record_is_taken_away),
	        TEST(test_a_failure_settles),
	        TEST(test_racks_one_after_the_other),
	        TEST(test_merged),
	        TEST(test_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
