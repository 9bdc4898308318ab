/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON of netmend-power's socket, both ways. */
#include "appliance/power/message.h"

#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char good[] =
        "{\"v\":1,\"id\":7,\"order\":\"boot\",\"type\":\"ipmi\",\"address\":\"10.9.0.5\","
        "\"port\":6230,\"user\":\"netmend\",\"password\":\"s3cret-word\",\"pin\":\"\","
        "\"machine\":{\"name\":\"PC01\",\"uuid\":\"4c4c4544-0044-3510-8058-b7c04f4b4d32\","
        "\"serial\":\"ABC\"},\"firmware\":\"uefi\",\"other\":true,\"image\":\"\","
        "\"seconds\":90}";

static struct power_message message;
static struct error err;

/* The good message, with value (JSON) for key; NULL: without it. */
static int parse_with(const char *key, const char *value)
{
	json_t *j = json_loads(good, 0, NULL);

	if (value)
		assert_int_equal(
		        json_object_set_new(j, key, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
	else if (key)
		assert_int_equal(json_object_del(j, key), 0);
	char *text = json_dumps(j, JSON_COMPACT);
	err = (struct error){0};
	int r = power_message_parse(text, strlen(text), &message, &err);
	free(text);
	json_decref(j);
	if (r < 0) {
		assert_int_equal(err.code, r);
		assert_null(strstr(err.text, "s3cret"));
		assert_null(message.password);
	}
	return r;
}

static void message_as_it_should_be(void **state)
{
	(void)state;
	assert_int_equal(parse_with(NULL, NULL), 0);
	assert_int_equal(message.id, 7);
	assert_false(message.console);
	assert_int_equal(message.job.order, POWER_ORDER_BOOT);
	assert_string_equal(message.job.type, "ipmi");
	assert_string_equal(message.job.target.address, "10.9.0.5");
	assert_int_equal(message.job.target.port, 6230);
	assert_string_equal(message.job.target.user, "netmend");
	assert_string_equal((const char *)message.job.target.password->data, "s3cret-word");
	assert_int_equal(message.job.target.password->len, sizeof("s3cret-word"));
	assert_string_equal(message.job.uuid, "4c4c4544-0044-3510-8058-b7c04f4b4d32");
	assert_string_equal(message.job.serial, "ABC");
	assert_int_equal(message.job.firmware, POWER_FIRMWARE_UEFI);
	assert_true(message.job.other_method && message.job.target.other_form);
	assert_int_equal(message.seconds, 90);
	power_message_clear(&message);
	assert_null(message.password);
}

static void each_order_by_its_name(void **state)
{
	enum power_order order;
	char quoted[32];

	(void)state;
	for (int i = POWER_ORDER_STATUS; i <= POWER_ORDER_CYCLE; i++) {
		const char *name = power_order_name((enum power_order)i);
		assert_int_equal(power_order_parse(name, &order), 0);
		assert_int_equal(order, i);
		if (i == POWER_ORDER_MEDIA)
			continue; /* wants an image */
		(void)snprintf(quoted, sizeof(quoted), "\"%s\"", name);
		assert_int_equal(parse_with("order", quoted), 0);
		assert_int_equal(message.job.order, i);
		power_message_clear(&message);
	}
	assert_null(power_order_name((enum power_order)99));
	assert_int_equal(parse_with("order", "\"console\""), 0);
	assert_true(message.console);
	power_message_clear(&message);
}

static void what_is_not_taken(void **state)
{
	static const struct {
		const char *key, *value;
	} bad[] = {{"v", "2"}, {"v", NULL}, {"id", NULL}, {"id", "0"}, {"id", "\"7\""},
	        {"order", "\"explode\""}, {"order", NULL}, {"order", "\"media\""},
	        {"type", "\"telnet\""}, {"address", "\"\""}, {"address", "\"10.9.0.5/x\""},
	        {"address", "\"a b\""}, {"address", "\"-oProxy\""}, {"address", "\"u@host\""},
	        {"port", "-1"}, {"port", "65536"}, {"port", "4294967296"}, {"port", "\"623\""},
	        {"user", "\"a\\nb\""}, {"user", "1"}, {"password", "1"}, {"password", NULL},
	        {"pin", "\"abcd\""},
	        {"pin", "\"GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG\""},
	        {"machine", "{}"}, {"machine", "\"PC01\""},
	        {"machine", "{\"name\":\"\",\"uuid\":\"no uuid\",\"serial\":\"\"}"},
	        {"machine", "{\"name\":\"\",\"uuid\":\"\",\"serial\":\"\",\"mac\":\"\"}"},
	        {"firmware", "\"bios\""}, {"other", "1"}, {"image", "\"http://10.0.0.5/x.iso\""},
	        {"seconds", "4"}, {"seconds", "601"}, {"seconds", "true"}, {"more", "1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_with(bad[i].key, bad[i].value) != -EBADMSG)
			fail_msg("%s: %s is taken", bad[i].key,
			        bad[i].value ? bad[i].value : "none");
	/* The refusal finds its question, where there is one. */
	assert_int_equal(parse_with("type", "\"telnet\""), -EBADMSG);
	assert_int_equal(message.id, 7);
	assert_int_equal(parse_with("id", NULL), -EBADMSG);
	assert_int_equal(message.id, 0);
	assert_int_equal(power_message_parse("{\"v\":1", 6, &message, &err), -EBADMSG);
	assert_int_equal(power_message_parse("[]", 2, &message, &err), -EBADMSG);
	assert_int_equal(power_message_parse("", 0, &message, &err), -EBADMSG);
}

static void password_at_its_limit(void **state)
{
	char text[NM_MAX_PASSPHRASE + 4];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = text[NM_MAX_PASSPHRASE + 1] = '"';
	text[NM_MAX_PASSPHRASE + 2] = 0;
	assert_int_equal(parse_with("password", text), 0);
	assert_int_equal(message.password->len, NM_MAX_PASSPHRASE + 1);
	power_message_clear(&message);
	memcpy(text + NM_MAX_PASSPHRASE + 1, "x\"", 3);
	assert_int_equal(parse_with("password", text), -EBADMSG);
	assert_int_equal(parse_with("password", "\"\""), 0);
	power_message_clear(&message);
}

static void images(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} urls[] = {{"http://10.0.0.5/media.iso", true},
	        {"https://netmend.example/media.iso", true},
	        {"http://[2001:db8::5]/a%20b.iso?x=1", true}, {"http://", false},
	        {"http:///x", false}, {"ftp://x/y", false}, {"file:///etc/passwd", false},
	        {"http://x/a b", false}, {"http://x/\"", false}, {"http://x/\\", false},
	        {"http://x/\xc3\xbc", false}, {"HTTP://x/", false}, {"", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (power_message_image_good(urls[i].url) != urls[i].good)
			fail_msg("%s", urls[i].url);
}

static void answer_has_every_field(void **state)
{
	struct power_result r = {.reason = REASON_POWER_STUCK,
	        .text = "10.9.0.5: told twice",
	        .type = "ipmi",
	        .power = POWER_ON,
	        .boot = {.device = POWER_DEVICE_NETWORK, .firmware = POWER_FIRMWARE_UEFI},
	        .boot_known = true,
	        .identity = {.vendor = "Example", .pin = "ab", .console = "serial over LAN"},
	        .count = 1,
	        .steps = {{.name = "off", .ms = 1200, .ok = true, .text = "power is off"}}};

	(void)state;
	json_t *j = power_message_answer(7, &r);
	char *text = json_dumps(j, JSON_COMPACT);
	assert_string_equal(text,
	        "{\"v\":1,\"id\":7,\"reason\":\"POWER_STUCK\",\"text\":\"10.9.0.5: told "
	        "twice\",\"type\":\"ipmi\",\"power\":\"on\",\"boot\":\"network once, "
	        "UEFI\",\"pin\":\"ab\",\"bmc\":{\"vendor\":\"Example\",\"product\":\"\","
	        "\"firmware\":\"\",\"uuid\":\"\",\"serial\":\"\",\"console\":\"serial over "
	        "LAN\"},\"steps\":[{\"step\":\"off\",\"ms\":1200,\"ok\":true,\"text\":\"power is "
	        "off\"}]}");
	free(text);
	json_decref(j);
}

static void boot_in_words(void **state)
{
	static const struct {
		struct power_boot boot;
		bool known;
		const char *words;
	} boots[] = {{{POWER_DEVICE_NETWORK, POWER_FIRMWARE_AUTO, false}, true, "network once"},
	        {{POWER_DEVICE_NETWORK, POWER_FIRMWARE_LEGACY, true}, true,
	                "network always, legacy"},
	        {{POWER_DEVICE_CD, POWER_FIRMWARE_UEFI, false}, true, "CD once, UEFI"},
	        {{POWER_DEVICE_NONE, POWER_FIRMWARE_UEFI, false}, true, "as set up"},
	        {{POWER_DEVICE_OTHER, POWER_FIRMWARE_AUTO, true}, true, "another device always"},
	        {{POWER_DEVICE_OTHER, POWER_FIRMWARE_AUTO, false}, false, ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(boots) / sizeof(boots[0]); i++) {
		struct power_result r = {.boot = boots[i].boot, .boot_known = boots[i].known};
		json_t *j = power_message_answer(1, &r);
		assert_string_equal(json_string_value(json_object_get(j, "boot")), boots[i].words);
		json_decref(j);
	}
}

static void refusal_is_an_answer_like_any(void **state)
{
	(void)state;
	struct power_message m = {.id = 3};
	json_t *j = power_message_refusal(&m, REASON_POWER_BUSY, "an order is under way");
	assert_string_equal(json_string_value(json_object_get(j, "reason")), "POWER_BUSY");
	assert_string_equal(json_string_value(json_object_get(j, "type")), "");
	assert_string_equal(json_string_value(json_object_get(j, "power")), "unknown");
	assert_string_equal(json_string_value(json_object_get(j, "boot")), "");
	assert_int_equal(json_array_size(json_object_get(j, "steps")), 0);
	assert_int_equal(json_object_size(j), 10);
	json_decref(j);
	m.console = true;
	j = power_message_refusal(&m, REASON_POWER_BUSY, "an order is under way");
	assert_string_equal(json_string_value(json_object_get(j, "reason")), "POWER_BUSY");
	assert_int_equal(json_array_size(json_object_get(j, "rows")), POWER_SCREEN_ROWS);
	assert_int_equal(json_integer_value(json_object_get(j, "columns")), 80);
	assert_int_equal(json_integer_value(json_object_get(j, "seen")), 0);
	assert_int_equal(json_object_size(j), 7);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(message_as_it_should_be),
	        cmocka_unit_test(each_order_by_its_name),
	        cmocka_unit_test(what_is_not_taken),
	        cmocka_unit_test(password_at_its_limit),
	        cmocka_unit_test(images),
	        cmocka_unit_test(answer_has_every_field),
	        cmocka_unit_test(boot_in_words),
	        cmocka_unit_test(refusal_is_an_answer_like_any),
	};

	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
