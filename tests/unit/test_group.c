/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/group.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_each_is_in_its_group(void **state)
{
	static const struct {
		enum machine_state state;
		enum reason reason;
		const char *group;
	} machines[] = {
	        {STATE_seen, REASON_OK, "new"},
	        {STATE_booting, REASON_OK, "running"},
	        {STATE_repairing, REASON_OK, "running"},
	        {STATE_repairing, REASON_NOT_RETURNED, "action"},
	        {STATE_waiting, REASON_KEY_NOT_FOUND, "waiting"},
	        {STATE_waiting, REASON_WAITING_APPROVAL, "approval"},
	        {STATE_waiting, REASON_WAITING_SECOND_PERSON, "approval"},
	        {STATE_waiting, REASON_APPROVAL_EXPIRED, "approval"},
	        {STATE_repaired, REASON_REPAIRED, "restarting"},
	        {STATE_rebooting, REASON_REPAIRED, "restarting"},
	        {STATE_rebooting, REASON_NOT_RETURNED, "action"},
	        {STATE_returned, REASON_RETURNED, "back"},
	        {STATE_attention, REASON_OK, "action"},
	        {STATE_attention, REASON_NTFS_HIBERNATED, "action"},
	        /* Whatever happened to it: nobody has to do anything. */
	        {STATE_held, REASON_RELAPSED, "held"},
	        {STATE_ignored, REASON_NOT_IN_SCOPE, "ignored"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		enum machine_group group = machine_group(machines[i].state, machines[i].reason);
		assert_string_equal(machine_group_name(group), machines[i].group);
		assert_int_equal(machine_group_parse(machines[i].group), group);
	}
	assert_int_equal(machine_group_parse("all"), -EINVAL);
	assert_int_equal(machine_group_parse(""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_is_in_its_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
