/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other orders, whose controller it is, which kind answers, and chance. */
#include "power_case.h"

#define UUID        "4c4c4544-0044-3510-8058-b7c04f4b4d32"
#define UUID_TURNED "44454c4c-4400-1035-8058-b7c04f4b4d32"
#define OTHER_UUID  "4c4c4544-0044-3510-8058-b7c04f4b4d33"

/* --- the other orders ------------------------------------------------------------------------ */

static void media_are_inserted_while_it_is_off(void **state)
{
	(void)state;
	job.order = POWER_ORDER_MEDIA;
	(void)snprintf(job.image, sizeof(job.image), "http://10.0.0.5/media.iso");
	drive();
	assert_reason(OK);
	assert_changes("off insert boot:cd on");
	assert_int_equal(fake.started_from.device, POWER_DEVICE_CD);

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_MEDIA;
	(void)snprintf(job.image, sizeof(job.image), "http://10.0.0.5/media.iso");
	fake_fail(FAKE_INSERT, REASON_POWER_REFUSED, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_REFUSED);
	assert_changes("off insert on");
	assert_int_equal(fake.power, POWER_ON);

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_MEDIA;
	job.type = fake.types = "ipmi";
	drive();
	assert_reason(POWER_UNSUPPORTED);
	assert_changes("");
}

static void eject_takes_all_back_and_leaves_the_power(void **state)
{
	(void)state;
	job.order = POWER_ORDER_EJECT;
	fake.boot.device = POWER_DEVICE_CD;
	drive();
	assert_reason(OK);
	assert_changes("eject boot:none");
	assert_int_equal(fake.boot.device, POWER_DEVICE_NONE);

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_EJECT;
	fake_fail(FAKE_EJECT, REASON_POWER_REFUSED, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_REFUSED);
	assert_changes("eject boot:none");

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_EJECT;
	job.type = fake.types = "ipmi";
	drive();
	assert_reason(OK);
	assert_changes("boot:none");
}

static void what_is_so_already_is_not_ordered(void **state)
{
	(void)state;
	job.order = POWER_ORDER_ON;
	drive();
	assert_reason(OK);
	assert_changes("");

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_OFF;
	fake.power = POWER_OFF;
	drive();
	assert_reason(OK);
	assert_changes("");
}

static void on_and_off_are_checked(void **state)
{
	(void)state;
	job.order = POWER_ORDER_OFF;
	drive();
	assert_reason(OK);
	assert_changes("off");
	assert_int_equal(result.power, POWER_OFF);

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_OFF;
	fake.offs_ignored = FAKE_ALWAYS;
	drive();
	assert_reason(POWER_STUCK);
	assert_changes("off off");

	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_ON;
	fake.power = POWER_OFF;
	drive();
	assert_reason(OK);
	assert_changes("on");
}

static void looking_changes_nothing(void **state)
{
	static const enum power_order orders[] = {POWER_ORDER_STATUS, POWER_ORDER_CHECK};

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(begin(state), 0);
		job.order = orders[i];
		fake.boot.device = POWER_DEVICE_NETWORK;
		drive();
		assert_reason(OK);
		assert_changes("");
		assert_int_equal(result.boot.device, POWER_DEVICE_NETWORK);
		assert_int_equal(result.power, POWER_ON);
	}
	assert_int_equal(begin(state), 0);
	job.order = POWER_ORDER_STATUS;
	fake_fail(FAKE_STATUS, REASON_POWER_ANSWER_BAD, FAKE_ALWAYS);
	drive();
	assert_reason(POWER_ANSWER_BAD);
}

/* --- whose it is ----------------------------------------------------------------------------- */

static const struct {
	const char *is_uuid, *want_uuid, *is_serial, *want_serial;
	bool refused;
} pairs[] = {
        {UUID, UUID, "", "", false},
        {UUID, "4C4C4544-0044-3510-8058-B7C04F4B4D32", "", "", false},
        {UUID, UUID_TURNED, "", "", false},
        {UUID, OTHER_UUID, "", "", true},
        {UUID, OTHER_UUID, "SAME", "SAME", true},
        {UUID, UUID, "ONE", "TWO", false}, /* the board was changed, or its label is not told */
        {"", UUID, "ONE", "TWO", true},
        {"", UUID, "ABC123 ", "abc123", false},
        {"", UUID, "", "TWO", false},
        {"00000000-0000-0000-0000-000000000000", UUID, "ONE", "TWO", true},
        {"ffffffff-ffff-ffff-ffff-ffffffffffff", UUID, "", "", false},
        {"no uuid", UUID, "ONE", "ONE", false},
        {"", "", "To be filled by O.E.M.", "TWO", false},
        {"", "", "ONE", "Default string", false},
        {"", "", "0000000", "TWO", false},
        {"", "", "ABC", "ABCD", true},
        {"", "", "", "", false},
};

static void another_machine_is_not_touched(void **state)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(begin(state), 0);
		(void)snprintf(fake.identity.uuid, 40, "%s", pairs[i].is_uuid);
		(void)snprintf(fake.identity.serial, NM_MAX_NAME, "%s", pairs[i].is_serial);
		(void)snprintf(job.uuid, sizeof(job.uuid), "%s", pairs[i].want_uuid);
		(void)snprintf(job.serial, sizeof(job.serial), "%s", pairs[i].want_serial);
		drive();
		if (result.reason != (pairs[i].refused ? REASON_POWER_WRONG_MACHINE : REASON_OK))
			fail_msg("pair %zu: %s", i, result.text);
		assert_changes(pairs[i].refused ? "" : "off boot:network on");
	}
}

static void controller_that_does_not_say_whose_it_is(void **state)
{
	static const struct {
		enum reason reason;
		bool ends;
	} cases[] = {{REASON_POWER_UNSUPPORTED, false}, {REASON_POWER_REFUSED, false},
	        {REASON_POWER_RIGHTS, false}, {REASON_POWER_UNREACHABLE, true},
	        {REASON_POWER_ANSWER_BAD, true}, {REASON_POWER_LOGIN, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(begin(state), 0);
		(void)snprintf(job.uuid, sizeof(job.uuid), "%s", UUID);
		fake_fail(FAKE_IDENTIFY, cases[i].reason, FAKE_ALWAYS);
		drive();
		assert_int_equal(result.reason, cases[i].ends ? cases[i].reason : REASON_OK);
		assert_changes(cases[i].ends ? "" : "off boot:network on");
	}
}

/* --- which kind answers ---------------------------------------------------------------------- */

static void kinds_are_tried_in_turn(void **state)
{
	(void)state;
	job.type = "auto";
	fake.types = "amt";
	drive();
	assert_reason(OK);
	assert_string_equal(result.type, "amt");
	assert_non_null(strstr(fake.trace, "open:redfish open:ipmi open:amt identify"));

	assert_int_equal(begin(state), 0);
	job.type = "auto";
	fake.types = "ipmi amt";
	drive();
	assert_string_equal(result.type, "ipmi");

	assert_int_equal(begin(state), 0);
	job.type = "auto";
	fake.types = "";
	drive();
	assert_reason(POWER_UNREACHABLE);
	assert_null(result.type);
	assert_int_equal(fake.opened, 0);
	assert_says(result.text, "nothing answers");
}

static void refused_login_ends_the_search(void **state)
{
	static const enum reason reasons[] = {
	        REASON_POWER_LOGIN, REASON_POWER_CERTIFICATE, REASON_POWER_RIGHTS};

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(begin(state), 0);
		job.type = "auto";
		fake.types = "redfish ipmi amt";
		fake_fail(FAKE_OPEN, reasons[i], FAKE_ALWAYS);
		drive();
		assert_int_equal(result.reason, reasons[i]);
		assert_string_equal(fake.trace, "open:redfish");
	}
	/* Something else is behind that port. */
	assert_int_equal(begin(state), 0);
	job.type = "auto";
	fake.types = "redfish ipmi";
	fake_fail(FAKE_OPEN, REASON_POWER_ANSWER_BAD, 1);
	drive();
	assert_reason(OK);
	assert_string_equal(result.type, "ipmi");
}

static void pinned_controller_is_not_asked_without_a_certificate(void **state)
{
	(void)state;
	job.type = "auto";
	fake.types = "ipmi";
	memset(job.target.pin, 'a', POWER_PIN - 1);
	drive();
	assert_reason(POWER_UNREACHABLE);
	assert_null(strstr(fake.trace, "open:ipmi"));
	assert_non_null(strstr(fake.trace, "open:redfish open:amt"));
}

static void type_nobody_drives(void **state)
{
	(void)state;
	job.type = "telnet";
	drive();
	assert_reason(POWER_UNSUPPORTED);
	assert_string_equal(fake.trace, "");
}

/* --- its console ----------------------------------------------------------------------------- */

static struct power_screen screen;

static void look_at_console(void)
{
	job.deadline = fake.now + 10000;
	power_console(&job, &result, &screen);
	assert_int_equal(fake.closed, fake.opened);
	assert_true(result.text[0]);
	assert_changes(strstr(fake.trace, "console") ? "console" : "");
}

static void console_of_the_right_machine(void **state)
{
	(void)state;
	job.type = "auto";
	fake.types = "redfish ipmi";
	fake.words = "s3cret-word";
	look_at_console();
	assert_reason(OK);
	assert_string_equal(result.type, "ipmi");
	assert_string_equal(fake.trace, "open:ipmi identify close console");
	assert_string_equal(screen.rows[23], "login: ***********");
	assert_string_equal(screen.rows[0], "");
	assert_int_equal(screen.seen, 1785672000000);
}

static void console_of_another_is_not_read(void **state)
{
	(void)state;
	job.type = fake.types = "ipmi";
	(void)snprintf(fake.identity.uuid, 40, "%s", UUID);
	(void)snprintf(job.uuid, sizeof(job.uuid), "%s", OTHER_UUID);
	look_at_console();
	assert_reason(POWER_WRONG_MACHINE);
	assert_int_equal(screen.seen, 0);

	/* Not without the certificate that is known; not of a kind without one. */
	assert_int_equal(begin(state), 0);
	job.type = "auto";
	fake.types = "ipmi";
	memset(job.target.pin, 'a', POWER_PIN - 1);
	look_at_console();
	assert_reason(POWER_UNSUPPORTED);
	assert_string_equal(fake.trace, "");
	assert_int_equal(begin(state), 0);
	look_at_console();
	assert_reason(POWER_UNSUPPORTED);
	assert_string_equal(fake.trace, "");

	assert_int_equal(begin(state), 0);
	job.type = fake.types = "ipmi";
	fake_fail(FAKE_CONSOLE, REASON_POWER_BUSY, FAKE_ALWAYS);
	look_at_console();
	assert_reason(POWER_BUSY);
}

/* --- time, words, chance --------------------------------------------------------------------- */

static void slow_controller_is_given_up_in_time(void **state)
{
	static const int64_t calls[] = {2000, 5000, 9000, 20000, 70000};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(begin(state), 0);
		fake.call_ms = calls[i];
		drive_for(30); /* it looks at the time */
		assert_int_not_equal(result.reason, REASON_POWER_STUCK);
	}
}

static void password_that_is_echoed_is_not_told(void **state)
{
	(void)state;
	fake.words = "bad words for netmend:s3cret-word, s3cret-words3cret-word";
	fake_fail(FAKE_BOOT_SET, REASON_POWER_REFUSED, FAKE_ALWAYS);
	(void)snprintf(fake.identity.product, NM_MAX_NAME, "BMC s3cret-word");
	drive();
	assert_reason(POWER_REFUSED);
	assert_says(result.text, "netmend:***********,");
	assert_string_equal(result.identity.product, "BMC ***********");
}

static uint32_t chance_state;

static uint32_t chance(uint32_t below)
{
	chance_state = chance_state * 1664525u + 1013904223u;
	return (chance_state >> 8) % below;
}

static void random_behaviour(void)
{
	static const enum reason reasons[] = {REASON_POWER_UNREACHABLE, REASON_POWER_LOGIN,
	        REASON_POWER_RIGHTS, REASON_POWER_BUSY, REASON_POWER_UNSUPPORTED,
	        REASON_POWER_REFUSED, REASON_POWER_ANSWER_BAD, REASON_POWER_CERTIFICATE};

	for (int i = 0; i < FAKE_CALLS; i++)
		if (chance(5) == 0)
			fake_fail((enum fake_call)i, reasons[chance(8)],
			        chance(3) ? (int)chance(4) : FAKE_ALWAYS);
	for (int i = 0; i < FAKE_CALLS; i++)
		if (fake.faults[i].reason == REASON_POWER_UNREACHABLE)
			fake.faults[i].done_anyway = chance(2) == 0;
	fake.power = chance(2) ? POWER_ON : POWER_OFF;
	fake.call_ms = 1 + chance(chance(4) ? 500 : 8000);
	fake.off_ms = chance(40000);
	fake.on_ms = chance(20000);
	fake.offs_ignored = chance(4) ? 0 : (int)chance(5);
	fake.ons_ignored = chance(4) ? 0 : (int)chance(5);
	fake.boots_dropped = chance(4) ? 0 : (int)chance(4);
	fake.keeps_persistent = chance(8) == 0;
	fake.keeps_legacy = chance(8) == 0;
	fake.status_unknown = chance(16) == 0;
	fake.cycle_stays_off = chance(8) == 0;
	fake.cycle_unseen = chance(8) == 0;
	job.order = (enum power_order)chance(POWER_ORDER_CYCLE + 1);
	job.type = chance(2) ? "auto" : "redfish";
	job.other_method = chance(3) == 0;
	job.firmware = (enum power_firmware)chance(3);
}

/* Whatever a controller does: drive_for() holds, nothing is called done that is not, and what was
 * on is not left off in silence. */
static void no_behaviour_makes_it_lie(void **state)
{
	for (unsigned i = 0; i < 20000; i++) {
		assert_int_equal(begin(state), 0);
		chance_state = i * 2654435761u;
		random_behaviour();
		bool was_on = fake.power == POWER_ON;
		bool starts = job.order == POWER_ORDER_BOOT || job.order == POWER_ORDER_MEDIA;
		drive_for(5 + chance(200));
		if (result.reason == REASON_OK && starts) {
			assert_int_equal(fake.power, POWER_ON);
			assert_non_null(strstr(fake.trace, "boot:"));
			assert_true(strstr(fake.trace, " on") || strstr(fake.trace, " cycle"));
		}
		if (result.reason == REASON_OK && job.order == POWER_ORDER_ON)
			assert_int_equal(fake.power, POWER_ON);
		if (result.reason == REASON_OK && job.order == POWER_ORDER_OFF)
			assert_int_equal(fake.power, POWER_OFF);
		if (starts && was_on && fake.power == POWER_OFF)
			assert_true(
			        result.reason != REASON_OK &&
			        (strstr(result.text, "off") || strstr(result.text, "OFF") ||
			                strstr(fake.trace, " on") || strstr(fake.trace, " cycle")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(media_are_inserted_while_it_is_off, begin),
	        cmocka_unit_test_setup(eject_takes_all_back_and_leaves_the_power, begin),
	        cmocka_unit_test_setup(what_is_so_already_is_not_ordered, begin),
	        cmocka_unit_test_setup(on_and_off_are_checked, begin),
	        cmocka_unit_test_setup(looking_changes_nothing, begin),
	        cmocka_unit_test_setup(another_machine_is_not_touched, begin),
	        cmocka_unit_test_setup(controller_that_does_not_say_whose_it_is, begin),
	        cmocka_unit_test_setup(kinds_are_tried_in_turn, begin),
	        cmocka_unit_test_setup(refused_login_ends_the_search, begin),
	        cmocka_unit_test_setup(pinned_controller_is_not_asked_without_a_certificate, begin),
	        cmocka_unit_test_setup(type_nobody_drives, begin),
	        cmocka_unit_test_setup(console_of_the_right_machine, begin),
	        cmocka_unit_test_setup(console_of_another_is_not_read, begin),
	        cmocka_unit_test_setup(slow_controller_is_given_up_in_time, begin),
	        cmocka_unit_test_setup(password_that_is_echoed_is_not_told, begin),
	        cmocka_unit_test_setup(no_behaviour_makes_it_lie, begin),
	};

	return cmocka_run_group_tests(tests, make_password, drop_password);
}
