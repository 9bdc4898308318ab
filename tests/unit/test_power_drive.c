/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a machine is made to start from elsewhere: each way it goes, each lie, each failure. */
#include "power_case.h"

/* --- start from the network -------------------------------------------------------------------
 */

static void machine_that_is_on_is_switched_off_first(void **state)
{
	(void)state;
	drive();
	assert_reason(OK);
	assert_changes("off boot:network on");
	assert_false(fake.boot_set_while_on);
	assert_int_equal(fake.started_from.device, POWER_DEVICE_NETWORK);
	assert_int_equal(result.power, POWER_ON);
	assert_true(result.boot_known);
	assert_int_equal(result.boot.device, POWER_DEVICE_NETWORK);
	assert_string_equal(result.type, "redfish");
	assert_string_equal(result.identity.vendor, "Example");
	assert_true(step("off")->ok && step("off")->ms >= 3000);
	assert_true(step("on")->ok);
}

static void machine_that_is_off_is_switched_on(void **state)
{
	(void)state;
	fake.power = POWER_OFF;
	drive();
	assert_reason(OK);
	assert_changes("boot:network on");
	assert_int_equal(fake.started_from.device, POWER_DEVICE_NETWORK);
}

static void slow_off_is_waited_for(void **state)
{
	(void)state;
	fake.off_ms = 30000;
	drive();
	assert_reason(OK);
	assert_changes("off off boot:network on");
	assert_false(fake.boot_set_while_on);
}

static void off_that_leads_nowhere_becomes_a_cycle(void **state)
{
	(void)state;
	fake.offs_ignored = FAKE_ALWAYS;
	drive();
	assert_reason(OK);
	assert_changes("off off boot:network cycle");
	assert_int_equal(fake.started_from.device, POWER_DEVICE_NETWORK);
	assert_false(step("off")->ok);
	assert_says(step("off")->text, "power is on still");
}

static void off_that_is_refused_becomes_a_cycle(void **state)
{
	static const enum reason reasons[] = {
	        REASON_POWER_REFUSED, REASON_POWER_UNSUPPORTED, REASON_POWER_BUSY};

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(begin(state), 0);
		fake_fail(FAKE_OFF, reasons[i], FAKE_ALWAYS);
		drive();
		assert_reason(OK);
		assert_non_null(strstr(fake_changes(), "boot:network cycle"));
	}
}

static void power_that_never_changes_is_stuck(void **state)
{
	(void)state;
	fake.offs_ignored = FAKE_ALWAYS;
	fake_fail(FAKE_CYCLE, REASON_POWER_REFUSED, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_STUCK);
	assert_says(step("cycle")->text, "it says no");
	assert_int_equal(result.power, POWER_ON);
}

static void off_whose_answer_was_lost_is_not_repeated(void **state)
{
	(void)state;
	fake.faults[FAKE_OFF] = (struct fake_fault){REASON_POWER_UNREACHABLE, 1, true};
	drive();
	assert_reason(OK);
	assert_changes("off boot:network on");
}

static void silence_while_waiting_is_waited_out(void **state)
{
	(void)state;
	fake_fail(FAKE_ON, REASON_POWER_REFUSED, 4); /* Dell, for a while after ForceOff */
	drive();
	assert_reason(OK);
	assert_changes("off boot:network on on on on on");

	assert_int_equal(begin(state), 0);
	fake.power = POWER_OFF;
	fake_fail(FAKE_ON, REASON_POWER_UNREACHABLE, 1);
	drive();
	assert_reason(OK);
	assert_changes("boot:network on on");
}

static void on_that_never_comes_is_stuck(void **state)
{
	(void)state;
	fake.ons_ignored = FAKE_ALWAYS;
	drive();
	assert_reason(POWER_STUCK);
	assert_says(result.text, "power is off still");
	assert_int_equal(result.power, POWER_OFF);

	assert_int_equal(begin(state), 0);
	fake_fail(FAKE_ON, REASON_POWER_REFUSED, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_REFUSED);
	assert_says(result.text, "it says no");
}

static void losing_rights_ends_it_at_once(void **state)
{
	static const enum reason reasons[] = {
	        REASON_POWER_LOGIN, REASON_POWER_RIGHTS, REASON_POWER_CERTIFICATE};

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(begin(state), 0);
		fake_fail(FAKE_OFF, reasons[i], FAKE_ALWAYS);
		drive();
		assert_int_equal(result.reason, reasons[i]);
		assert_null(strstr(fake.trace, "off off"));
		assert_null(strstr(fake.trace, "boot:"));
	}
}

static void status_that_says_nothing_proves_nothing(void **state)
{
	(void)state;
	fake.status_unknown = true;
	drive();
	assert_reason(POWER_STUCK);
	assert_int_equal(result.power, POWER_UNKNOWN);
}

/* --- what is read back ----------------------------------------------------------------------- */

static void order_that_is_not_kept_is_given_once_more(void **state)
{
	(void)state;
	fake.boots_dropped = 1;
	drive();
	assert_reason(OK);
	assert_changes("off boot:network boot:network on");
	assert_int_equal(fake.started_from.device, POWER_DEVICE_NETWORK);
}

static void order_that_is_never_kept_is_told(void **state)
{
	(void)state;
	fake.boots_dropped = FAKE_ALWAYS;
	drive();
	assert_reason(POWER_BOOT_FLAG);
	assert_changes("off boot:network boot:network on");
	assert_int_equal(result.power, POWER_ON);
	assert_says(result.text, "switched on again");

	/* One that was off stays off. */
	assert_int_equal(begin(state), 0);
	fake.power = POWER_OFF;
	fake.boots_dropped = FAKE_ALWAYS;
	drive();
	assert_reason(POWER_BOOT_FLAG);
	assert_changes("boot:network boot:network");
	assert_int_equal(fake.power, POWER_OFF);
}

static void controller_that_cannot_tell_is_believed_and_said(void **state)
{
	static const enum reason reasons[] = {REASON_POWER_UNSUPPORTED, REASON_POWER_RIGHTS,
	        REASON_POWER_REFUSED, REASON_POWER_ANSWER_BAD};

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(begin(state), 0);
		fake_fail(FAKE_BOOT_GET, reasons[i], FAKE_ALWAYS);
		drive();
		assert_reason(OK);
		assert_changes("off boot:network on");
		assert_false(result.boot_known);
		assert_int_equal(result.boot.device, POWER_DEVICE_OTHER);
		assert_says(result.text, "cannot tell");
	}
}

static void what_is_kept_otherwise_is_said(void **state)
{
	(void)state;
	fake.keeps_persistent = true;
	drive();
	assert_reason(OK);
	assert_true(result.boot.persistent);
	assert_says(result.text, "network always");

	assert_int_equal(begin(state), 0);
	job.firmware = POWER_FIRMWARE_UEFI;
	fake.keeps_legacy = true;
	drive();
	assert_reason(OK);
	assert_changes("off boot:network boot:network on");
	assert_says(result.text, "legacy");

	/* Nobody asked for UEFI. */
	assert_int_equal(begin(state), 0);
	fake.keeps_legacy = true;
	drive();
	assert_reason(OK);
	assert_changes("off boot:network on");
	assert_null(strstr(result.text, "instead"));
}

static void boot_order_that_is_refused_leaves_the_machine_on(void **state)
{
	(void)state;
	fake_fail(FAKE_BOOT_SET, REASON_POWER_REFUSED, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_REFUSED);
	assert_changes("off boot:network on");
	assert_int_equal(fake.power, POWER_ON);
	assert_says(result.text, "it says no");
	assert_says(result.text, "switched on again");

	assert_int_equal(begin(state), 0);
	fake_fail(FAKE_BOOT_SET, REASON_POWER_REFUSED, FAKE_ALWAYS);
	fake_fail(FAKE_ON, REASON_POWER_REFUSED, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_REFUSED);
	assert_says(result.text, "it may be OFF now");
}

/* --- the second try -------------------------------------------------------------------------- */

static void other_method_is_a_cycle(void **state)
{
	(void)state;
	job.other_method = true;
	drive();
	assert_reason(OK);
	assert_changes("boot:network cycle");
	assert_int_equal(fake.started_from.device, POWER_DEVICE_NETWORK);
	assert_says(step("cycle")->text, "power was off");

	assert_int_equal(begin(state), 0);
	job.other_method = true;
	fake.power = POWER_OFF;
	drive();
	assert_reason(OK);
	assert_changes("boot:network on");
}

static void other_method_that_is_refused_while_on_goes_by_off(void **state)
{
	(void)state;
	job.other_method = true;
	fake_fail(FAKE_BOOT_SET, REASON_POWER_REFUSED, 1); /* HPE, during POST */
	drive();
	assert_reason(OK);
	assert_changes("boot:network off boot:network on");

	assert_int_equal(begin(state), 0);
	job.other_method = true;
	fake_fail(FAKE_CYCLE, REASON_POWER_UNSUPPORTED, FAKE_ALWAYS);
	drive();
	assert_reason(OK);
	assert_changes("boot:network cycle off boot:network on");

	/* It can set nothing at all: nobody is switched off for that. */
	assert_int_equal(begin(state), 0);
	job.other_method = true;
	fake_fail(FAKE_BOOT_SET, REASON_POWER_UNSUPPORTED, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_UNSUPPORTED);
	assert_changes("boot:network");
}

/* --- cycle ----------------------------------------------------------------------------------- */

static void cycle_that_was_not_seen_says_so(void **state)
{
	(void)state;
	job.order = POWER_ORDER_CYCLE;
	fake.cycle_unseen = true;
	drive();
	assert_reason(OK);
	assert_changes("cycle");
	assert_says(result.text, "not seen off");
}

static void cycle_that_stays_off_is_switched_on(void **state)
{
	(void)state;
	job.order = POWER_ORDER_CYCLE;
	fake.cycle_stays_off = true;
	drive();
	assert_reason(OK);
	assert_changes("cycle on");
	assert_int_equal(fake.power, POWER_ON);
	assert_false(step("cycle")->ok);
}

static void cycle_whose_answer_was_lost_is_not_repeated(void **state)
{
	(void)state;
	job.order = POWER_ORDER_CYCLE;
	fake.faults[FAKE_CYCLE] = (struct fake_fault){REASON_POWER_UNREACHABLE, 1, true};
	fake.off_ms = 15000;
	drive();
	assert_reason(OK);
	assert_changes("cycle");
	assert_int_equal(fake.cycles_taken, 1);

	/* It was lost itself: power never went off. */
	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_CYCLE;
	fake_fail(FAKE_CYCLE, REASON_POWER_UNREACHABLE, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_UNREACHABLE);
	assert_changes("cycle");
}

static void cycle_that_cannot_be_is_off_and_on(void **state)
{
	(void)state;
	job.order = POWER_ORDER_CYCLE;
	fake_fail(FAKE_CYCLE, REASON_POWER_UNSUPPORTED, FAKE_ALWAYS);
	drive();
	assert_reason(OK);
	assert_changes("cycle off on");

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_CYCLE;
	fake.power = POWER_OFF;
	drive();
	assert_reason(OK);
	assert_changes("on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(machine_that_is_on_is_switched_off_first, begin),
	        cmocka_unit_test_setup(machine_that_is_off_is_switched_on, begin),
	        cmocka_unit_test_setup(slow_off_is_waited_for, begin),
	        cmocka_unit_test_setup(off_that_leads_nowhere_becomes_a_cycle, begin),
	        cmocka_unit_test_setup(off_that_is_refused_becomes_a_cycle, begin),
	        cmocka_unit_test_setup(power_that_never_changes_is_stuck, begin),
	        cmocka_unit_test_setup(off_whose_answer_was_lost_is_not_repeated, begin),
	        cmocka_unit_test_setup(silence_while_waiting_is_waited_out, begin),
	        cmocka_unit_test_setup(on_that_never_comes_is_stuck, begin),
	        cmocka_unit_test_setup(losing_rights_ends_it_at_once, begin),
	        cmocka_unit_test_setup(status_that_says_nothing_proves_nothing, begin),
	        cmocka_unit_test_setup(order_that_is_not_kept_is_given_once_more, begin),
	        cmocka_unit_test_setup(order_that_is_never_kept_is_told, begin),
	        cmocka_unit_test_setup(controller_that_cannot_tell_is_believed_and_said, begin),
	        cmocka_unit_test_setup(what_is_kept_otherwise_is_said, begin),
	        cmocka_unit_test_setup(boot_order_that_is_refused_leaves_the_machine_on, begin),
	        cmocka_unit_test_setup(other_method_is_a_cycle, begin),
	        cmocka_unit_test_setup(other_method_that_is_refused_while_on_goes_by_off, begin),
	        cmocka_unit_test_setup(cycle_that_was_not_seen_says_so, begin),
	        cmocka_unit_test_setup(cycle_that_stays_off_is_switched_on, begin),
	        cmocka_unit_test_setup(cycle_whose_answer_was_lost_is_not_repeated, begin),
	        cmocka_unit_test_setup(cycle_that_cannot_be_is_off_and_on, begin),
	};

	return cmocka_run_group_tests(tests, make_password, drop_password);
}
