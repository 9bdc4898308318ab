/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lists people ask for: whole, however many, in messages no larger than they may be. */
#include "appliance/escrow/gate_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

#define START INT64_C(1721390400000)

static const struct policy_rules rules = {.approval = APPROVAL_PAIRING,
        .request_minutes = 60,
        .approval_minutes = 15,
        .machine_keys = 1};

/* A machine whose every text is as long as can be, and longer in JSON. */
static struct subject long_subject(int number)
{
	struct subject s = {.machine = number};

	memset(s.name, '"', sizeof(s.name) - 1);
	memset(s.uuid, '\\', sizeof(s.uuid) - 1);
	memset(s.serial, '"', sizeof(s.serial) - 1);
	(void)snprintf(s.mac, sizeof(s.mac), "52:54:00:00:%02x:%02x", number >> 8, number & 255);
	(void)snprintf(s.ip, sizeof(s.ip), "10.1.%d.%d", number >> 8, number & 255);
	return s;
}

static size_t size_of(const json_t *list)
{
	return json_dumpb(list, NULL, 0, JSON_COMPACT);
}

static void test_requests(void **state)
{
	enum { COUNT = 1000 };
	struct gate *g = gate_new(&rules, NULL);
	int next = 1, messages = 0;

	(void)state;
	for (int i = 1; i <= COUNT; i++) {
		struct subject s = long_subject(i);
		char session[33], expired[REQUEST_TEXT];
		const struct request *r;
		(void)snprintf(session, sizeof(session), "%032d", i);
		assert_int_equal(approvals_ask(g->approvals, session, &s, START, &r, expired),
		        REASON_WAITING_APPROVAL);
	}
	while (next <= COUNT) {
		json_t *list = gate_requests(g, (size_t)next - 1), *one;
		size_t i;
		assert_true(json_array_size(list) > 0);
		assert_true(size_of(list) < NM_ESCROW_MESSAGE_MAX - 100);
		json_array_foreach(list, i, one)
		{
			json_t *machine = json_object_get(one, "machine");
			assert_int_equal(
			        json_integer_value(json_object_get(machine, "id")), next++);
		}
		json_decref(list);
		messages++;
	}
	assert_true(messages > 1 && messages < 20);
	json_t *rest = gate_requests(g, COUNT);
	assert_int_equal(json_array_size(rest), 0);
	json_decref(rest);
	gate_free(g);
}

static void test_suspects(void **state)
{
	struct gate *g = gate_new(&rules, NULL);

	(void)state;
	for (int i = 1; i <= 2 * GATE_SUSPECTS; i++) {
		struct subject s = long_subject(i);
		struct guid one = {{1}}, two = {{2}};
		(void)anomaly_asked(g->anomaly, &s, &one, START);
		(void)anomaly_asked(g->anomaly, &s, &two, START);
	}
	json_t *list = gate_suspects(g, START);
	assert_int_equal(json_array_size(list), GATE_SUSPECTS);
	assert_true(size_of(list) < NM_ESCROW_MESSAGE_MAX - 100);
	json_decref(list);
	gate_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_requests), cmocka_unit_test(test_suspects)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
