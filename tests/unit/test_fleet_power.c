/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of an order to a controller: success is the machine's own question for its boot. */
#include "tests/unit/power_fixture.h"

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
	is(f, id, POWER_STATE_FAILED, REASON_POWER_BUSY);
	assert_string_equal(last(f, id).text, "given up after 21 answers: as it says");
	now += MINUTE;
	tick(f);
	assert_int_equal(driven.count, 21);
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

/* However often: nothing was done, so that neither tries nor the look for a Windows are used up. */
static void test_nobody_takes_it(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	struct machine m = get(f);

	(void)snprintf(m.ip, sizeof(m.ip), "10.0.0.9");
	assert_int_equal(store_machine_save(f->fleet.store, &m), 0);
	assert_int_equal(order_with(f, &network, id, false), 1);
	driven.refuse = 1;
	for (int i = 0; i < 100; i++) {
		tick(f);
		is(f, id, POWER_STATE_WAITING, REASON_POWER_TURN);
		now += 30 * SECOND;
	}
	driven.refuse = 0;
	tick(f);
	is(f, id, POWER_STATE_DRIVING, REASON_OK);
	assert_int_equal(last(f, id).tries, 1);
	assert_string_equal(driven.q.knock, "10.0.0.9");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
