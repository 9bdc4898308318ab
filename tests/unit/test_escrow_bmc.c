/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders to management controllers, as escrow takes them and as netmend-power answers them. */
#include "appliance/escrow/bmc/answer.h"
#include "appliance/escrow/bmc/limit.h"
#include "appliance/escrow/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#define UUID "063EA4E1-220C-4293-BA01-4754620A96E7"
#define MACHINE                                             \
	"{\"id\":7,\"name\":\"PC\\u0007\",\"uuid\":\"" UUID \
	"\",\"serial\":\"s\",\"macs\":[\"52:54:00:12:34:56\"]}"
#define POWER(order, machine, rest)                                                       \
	"{\"v\":1,\"id\":3,\"op\":\"power\",\"order\":\"" order "\",\"machine\":" machine \
	",\"firmware\":\"auto\",\"other\":false,\"by\":\"anna\",\"why\":\"july\"," rest "}"
#define NO_IMAGE "\"image\":\"\""

static struct message *parsed(const char *text, int wanted)
{
	struct message *m = NULL;
	struct error err = {0};
	int r = message_parse(text, strlen(text), &m, &err);

	if (r != wanted)
		fail_msg("%d instead of %d: %s: %s", r, wanted, text, err.text);
	return m;
}

static void test_question(void **state)
{
	struct message *m = parsed(POWER("boot", MACHINE, NO_IMAGE), 0);

	(void)state;
	assert_int_equal(m->op, MESSAGE_POWER);
	assert_false(m->root_only);
	assert_int_equal(m->power->order, BMC_BOOT);
	assert_int_equal(m->power->subject.number, 7);
	assert_string_equal(m->power->subject.name, "PC?");
	assert_string_equal(m->power->subject.machine.uuid, UUID);
	assert_string_equal(m->power->subject.machine.macs[0], "52:54:00:12:34:56");
	assert_string_equal(m->power->firmware, "auto");
	assert_string_equal(m->power->by, "anna");
	assert_string_equal(m->power->why, "july");
	message_free(m);
	m = parsed(POWER("media", MACHINE, "\"image\":\"http://10.0.0.1/a.iso\""), 0);
	assert_string_equal(m->power->image, "http://10.0.0.1/a.iso");
	message_free(m);
}

static void test_what_is_no_question(void **state)
{
	static const char *const bad[] = {
	        POWER("melt", MACHINE, NO_IMAGE),
	        POWER("boot", MACHINE, "\"image\":\"http://10.0.0.1/a.iso\""),
	        POWER("media", MACHINE, NO_IMAGE),
	        POWER("boot", MACHINE, NO_IMAGE ",\"address\":\"10.0.0.1\""),
	        POWER("boot", "{\"id\":7,\"name\":\"\",\"uuid\":\"x\",\"serial\":\"\",\"macs\":[]}",
	                NO_IMAGE),
	        POWER("boot", "{\"id\":-1,\"name\":\"\",\"uuid\":\"\",\"serial\":\"\",\"macs\":[]}",
	                NO_IMAGE),
	        POWER("boot", "{\"id\":1,\"name\":\"\",\"uuid\":\"\",\"serial\":\"\",\"macs\":[1]}",
	                NO_IMAGE),
	        POWER("boot",
	                "{\"id\":1,\"name\":\"\",\"uuid\":\"\",\"serial\":\"\",\"macs\":[\"\",\"\","
	                "\"\",\"\",\"\"]}",
	                NO_IMAGE),
	        "{\"v\":1,\"id\":3,\"op\":\"bmc_known\",\"machines\":{}}",
	        "{\"v\":1,\"id\":3,\"op\":\"bmc_known\",\"machines\":[7]}",
	        "{\"v\":1,\"id\":3,\"op\":\"bmcs\",\"after\":-1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct message *m = parsed(bad[i], -EBADMSG);
		assert_true(m->has_id);
		assert_null(m->power);
		assert_null(m->bmcs);
		message_free(m);
	}
}

static void test_lists(void **state)
{
	struct message *m = parsed("{\"v\":1,\"id\":3,\"op\":\"bmc_known\",\"machines\":[" MACHINE
	                           "," MACHINE "]}",
	        0);

	(void)state;
	assert_int_equal(m->bmcs->count, 2);
	assert_int_equal(m->bmcs->items[1].number, 7);
	assert_false(m->root_only);
	message_free(m);
	m = parsed("{\"v\":1,\"id\":3,\"op\":\"bmcs\",\"after\":9}", 0);
	assert_int_equal(m->after, 9);
	assert_true(m->root_only);
	message_free(m);
}

/* --- what netmend-power says -------------------------------------------------------------------
 */

#define BMC                                                                                  \
	"\"bmc\":{\"vendor\":\"v\\u001b\",\"product\":\"\",\"firmware\":\"\",\"uuid\":\"\"," \
	"\"serial\":\"\",\"console\":\"\"}"
#define ANSWER(reason, rest)                                       \
	"{\"v\":1,\"id\":3,\"reason\":\"" reason                   \
	"\",\"text\":\"t\\n\",\"type\":\"ipmi\",\"power\":\"on\"," \
	"\"boot\":\"network once\"," rest "}"
#define STEPS "\"steps\":[{\"step\":\"off\",\"ms\":12,\"ok\":true,\"text\":\"\"}]"
#define PIN   "\"pin\":\"\""

static int answer(const char *text, bool console, struct bmc_answer *a)
{
	json_t *j = json_loads(text, 0, NULL);
	int r = bmc_answer_parse(j, console, a);

	assert_non_null(j);
	json_decref(j);
	return r;
}

static void test_answer(void **state)
{
	struct bmc_answer a;

	(void)state;
	assert_int_equal(answer(ANSWER("POWER_STUCK", PIN "," BMC "," STEPS), false, &a), 0);
	assert_int_equal(a.reason, REASON_POWER_STUCK);
	assert_string_equal(a.text, "t?");
	assert_string_equal(a.type, "ipmi");
	assert_string_equal(
	        json_string_value(json_object_get(json_object_get(a.more, "bmc"), "vendor")), "v?");
	assert_int_equal(json_array_size(json_object_get(a.more, "steps")), 1);
	bmc_answer_drop(&a);
	/* It says nothing about recovery keys. */
	assert_int_equal(answer(ANSWER("KEY_NOT_FOUND", PIN "," BMC "," STEPS), false, &a), 0);
	assert_int_equal(a.reason, REASON_INTERNAL);
	bmc_answer_drop(&a);
}

static void test_screen(void **state)
{
	struct bmc_answer a;

	(void)state;
	assert_int_equal(answer("{\"v\":1,\"id\":3,\"reason\":\"OK\",\"text\":\"\",\"columns\":80,"
	                        "\"rows\":[\"login:\",\"\"],\"seen\":5}",
	                         true, &a),
	        0);
	assert_int_equal(json_array_size(json_object_get(a.more, "rows")), 2);
	bmc_answer_drop(&a);
	assert_int_equal(answer(ANSWER("OK", PIN "," BMC "," STEPS), true, &a), -EBADMSG);
}

static void test_what_is_no_answer(void **state)
{
	static const char *const bad[] = {
	        "{}",
	        ANSWER("OK", BMC "," STEPS),
	        ANSWER("OK", "\"pin\":\"0\"," BMC "," STEPS),
	        ANSWER("OK", PIN "," STEPS ",\"bmc\":{}"),
	        ANSWER("OK", PIN "," BMC ",\"steps\":[{}]"),
	        ANSWER("OK", PIN "," BMC ",\"steps\":{}"),
	        ANSWER("OK", PIN "," BMC "," STEPS ",\"password\":\"\""),
	};
	struct bmc_answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(answer(bad[i], false, &a), -EBADMSG);
}

static void test_limit(void **state)
{
	struct bmc_limit *l = bmc_limit_new();
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < NM_POWER_MACHINE_HOUR; i++)
		assert_int_equal(bmc_limit_take(l, 1, now + i), REASON_OK);
	assert_int_equal(bmc_limit_take(l, 1, now + 3000000), REASON_POWER_REFUSED);
	assert_int_equal(bmc_limit_take(l, 2, now + 3000000), REASON_OK);
	now += 3600000 + NM_POWER_MACHINE_HOUR;
	assert_int_equal(bmc_limit_take(l, 1, now), REASON_OK);
	for (int i = 1; i < NM_POWER_PER_MINUTE; i++)
		assert_int_equal(bmc_limit_take(l, 100 + i, now), REASON_OK);
	assert_int_equal(bmc_limit_take(l, 99, now + 59999), REASON_POWER_BUSY);
	assert_int_equal(bmc_limit_take(l, 99, now + 60000), REASON_OK);
	bmc_limit_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_question),
	        cmocka_unit_test(test_what_is_no_question),
	        cmocka_unit_test(test_lists),
	        cmocka_unit_test(test_answer),
	        cmocka_unit_test(test_screen),
	        cmocka_unit_test(test_what_is_no_answer),
	        cmocka_unit_test(test_limit),
	};

	return secrets_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
