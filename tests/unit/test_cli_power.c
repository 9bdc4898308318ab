/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What escrow says of a controller, as `netmend power check` takes and orders it. */
#include "appliance/cli/power_look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct power_look taken(const char *text)
{
	struct power_look look = {.reason = REASON_INTERNAL, .address = "10.9.0.1", .type = "auto"};
	json_t *answer = json_loads(text, 0, NULL);

	assert_non_null(answer);
	cli_power_look_take(&look, answer);
	json_decref(answer);
	return look;
}

static void test_good(void **state)
{
	(void)state;
	struct power_look look =
	        taken("{\"ok\":true,\"reason\":\"OK\",\"text\":\"fine\",\"type\":\"ipmi\","
	              "\"address\":\"10.9.0.2\",\"power\":\"on\",\"boot\":\"network "
	              "once, UEFI\",\"bmc\":{\"product\":\"X11\",\"firmware\":\"1.2\"}}");
	assert_int_equal(look.reason, REASON_OK);
	assert_string_equal(look.type, "ipmi");
	assert_string_equal(look.address, "10.9.0.2");
	assert_string_equal(look.power, "on");
	assert_string_equal(look.boot, "network once, UEFI");
	assert_string_equal(look.version, "X11 1.2");
}

/* Nothing but a clear yes is one; what is known stays where the answer has nothing. */
static void test_bad(void **state)
{
	static const struct {
		const char *text;
		enum reason reason;
	} cases[] = {
	        {"{\"ok\":false,\"reason\":\"POWER_LOGIN\",\"text\":\"no\",\"type\":\"\","
	         "\"address\":"
	         "\"\"}",
	                REASON_POWER_LOGIN},
	        {"{\"ok\":false,\"reason\":\"OK\"}", REASON_INTERNAL},
	        {"{\"ok\":1,\"reason\":\"OK\"}", REASON_INTERNAL},
	        {"{\"ok\":true,\"reason\":\"NO_SUCH_REASON\"}", REASON_INTERNAL},
	        {"{\"ok\":true}", REASON_INTERNAL},
	        {"{\"ok\":true,\"reason\":7,\"bmc\":[],\"power\":null,\"boot\":{}}",
	                REASON_INTERNAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct power_look look = taken(cases[i].text);
		assert_int_equal(look.reason, cases[i].reason);
		assert_string_equal(look.address, "10.9.0.1");
		assert_string_equal(look.type, "auto");
		assert_string_equal(look.version, "");
	}
}

static void test_long(void **state)
{
	char name[2000], text[3000];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "{\"ok\":true,\"reason\":\"OK\",\"boot\":\"%s\"}", name);
	struct power_look look = taken(text);
	assert_int_equal(strlen(look.boot), sizeof(look.boot) - 1);
}

static void add(struct power_looks *l, const char *name, enum reason reason)
{
	struct power_look *look = cli_power_looks_add(l, json_object());

	assert_non_null(look);
	(void)snprintf(look->name, sizeof(look->name), "%s", name);
	look->reason = reason;
}

static void test_bad_ones_first(void **state)
{
	static const char *const wanted[] = {"b2", "b10", "c", "a", "d"};
	struct power_looks l = {0};

	(void)state;
	add(&l, "a", REASON_POWER_BUSY);
	add(&l, "b10", REASON_POWER_LOGIN);
	add(&l, "d", REASON_OK);
	add(&l, "c", REASON_POWER_UNREACHABLE);
	add(&l, "b2", REASON_POWER_LOGIN);
	cli_power_looks_sort(&l);
	for (size_t i = 0; i < l.count; i++)
		assert_string_equal(l.all[i].name, wanted[i]);
	cli_power_looks_free(&l);
	assert_int_equal(l.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),
	        cmocka_unit_test(test_bad),
	        cmocka_unit_test(test_long),
	        cmocka_unit_test(test_bad_ones_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
