/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machines a filter means: each key, several words of one, several keys; what is refused. */
#include "appliance/fleet/filter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const struct machine sample = {.id = 7,
        .name = "PC-Zürich-01",
        .mac = "52:54:00:12:34:56",
        .ip = "10.1.2.3",
        .uuid = "4C4C4544-0036-3510-8052-B4C04F564433",
        .serial = "CZC9",
        .state = STATE_attention,
        .reason = REASON_RELAPSED,
        .first_seen = 5,
        .campaign = 3,
        .wave = 2,
        .appliance = "00112233aabbccdd",
        .listed = true,
        .site = "Bern",
        .floor = "2",
        .owner = "Sales",
        .ring = "canary",
        .conflict = "serial is another"};

static bool fits(const struct machine *m, const char *json)
{
	struct machine_filter f = {0};
	struct error err = {0};
	json_t *object = json_loads(json, 0, NULL);

	assert_non_null(object);
	assert_int_equal(filter_from_json(&f, object, &err), 0);
	bool matches = machine_matches(&f, m);
	filter_free(&f);
	json_decref(object);
	return matches;
}

static void test_each_key(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		bool fits;
	} cases[] = {
	        {"{}", true},
	        {"{\"state\":[\"attention\"]}", true},
	        {"{\"state\":[\"seen\"]}", false},
	        {"{\"state\":[\"seen\",\"attention\"]}", true},
	        {"{\"reason\":\"RELAPSED\"}", true},
	        {"{\"reason\":\"OK\"}", false},
	        {"{\"severity\":\"fail\"}", true},
	        {"{\"severity\":\"ok\"}", false},
	        {"{\"group\":\"action\"}", true},
	        {"{\"group\":[\"back\",\"held\"]}", false},
	        {"{\"site\":\"bern\"}", true},
	        {"{\"site\":\"Ber\"}", false},
	        {"{\"site\":\"\"}", false},
	        {"{\"floor\":\"2\"}", true},
	        {"{\"floor\":\"3\"}", false},
	        {"{\"owner\":\"sales\"}", true},
	        {"{\"owner\":\"IT\"}", false},
	        {"{\"ring\":\"canary\"}", true},
	        {"{\"ring\":\"broad\"}", false},
	        {"{\"campaign\":[3]}", true},
	        {"{\"campaign\":[30,0]}", false},
	        {"{\"wave\":\"2\"}", true},
	        {"{\"wave\":1}", false},
	        {"{\"appliance\":\"00112233aabbccdd\"}", true},
	        {"{\"appliance\":\"\"}", false},
	        {"{\"text\":\"zürich\"}", true},
	        {"{\"text\":\"ZÜRICH\"}", false}, /* only ASCII is the same in any case */
	        {"{\"text\":\"Zürich\"}", true},
	        {"{\"text\":\"00:12:34\"}", true},
	        {"{\"text\":\"czc\"}", true},
	        {"{\"text\":\"b4c0\"}", true},
	        {"{\"text\":\"10.1.2\"}", true},
	        {"{\"text\":\"10.1.9\"}", false},
	        {"{\"unknown\":true}", false},
	        {"{\"conflict\":1}", true},
	        {"{\"missing\":true}", false},
	        {"{\"site\":\"Bern\",\"state\":\"attention\",\"wave\":[1,2]}", true},
	        {"{\"site\":\"Bern\",\"state\":\"attention\",\"wave\":[1]}", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (fits(&sample, cases[i].json) != cases[i].fits)
			fail_msg("%s", cases[i].json);
}

static void test_in_the_inventory_or_not(void **state)
{
	(void)state;
	struct machine m = sample;

	m.listed = false;
	assert_true(fits(&m, "{\"unknown\":true}"));
	m.first_seen = 0;
	assert_false(fits(&m, "{\"unknown\":true}")); /* added by hand, not seen yet */
	assert_false(fits(&m, "{\"missing\":true}"));
	m.listed = true;
	assert_true(fits(&m, "{\"missing\":true}"));
	m.conflict[0] = 0;
	assert_false(fits(&m, "{\"conflict\":true}"));
	assert_false(fits(&m, "{\"network_first\":true}"));
	m.boot_order = MACHINE_BOOT_ORDER_DISK;
	assert_false(fits(&m, "{\"network_first\":true}"));
	m.boot_order = MACHINE_BOOT_ORDER_NETWORK;
	assert_true(fits(&m, "{\"network_first\":true}"));
	for (enum machine_safe_mode mode = 0; mode <= MACHINE_SAFE_MODE_DSREPAIR; mode++) {
		m.safe_mode = mode;
		assert_int_equal(
		        fits(&m, "{\"safe_mode\":true}"), mode >= MACHINE_SAFE_MODE_MINIMAL);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"[]", "{\"sites\":\"Bern\"}", "{\"state\":\"broken\"}",
	        "{\"reason\":\"ok\"}", "{\"severity\":\"bad\"}", "{\"group\":\"all\"}",
	        "{\"wave\":\"two\"}", "{\"wave\":-1}", "{\"wave\":\"\"}",
	        "{\"campaign\":99999999999999999999}", "{\"unknown\":false}",
	        "{\"missing\":\"yes\"}", "{\"site\":[]}", "{\"site\":null}",
	        "{\"site\":[[\"Bern\"]]}", "{\"site\":{}}"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct machine_filter f = {0};
		struct error err = {0};
		json_t *object = json_loads(bad[i], 0, NULL);

		if (!object)
			continue; /* a number no JSON integer holds */
		if (filter_from_json(&f, object, &err) != -EINVAL || err.reason != REASON_VALUE_BAD)
			fail_msg("%s", bad[i]);
		filter_free(&f);
		json_decref(object);
	}
}

static void test_bounded(void **state)
{
	(void)state;
	struct machine_filter f = {0};
	struct error err = {0};
	char word[16];

	assert_true(filter_is_empty(&f));
	for (int i = 0; i < FILTER_WORDS_MAX; i++) {
		(void)snprintf(word, sizeof(word), "site %d", i);
		assert_int_equal(filter_add(&f, "site", word, &err), 0);
	}
	assert_int_equal(filter_add(&f, "site", "one more", &err), -EINVAL);
	assert_false(filter_is_empty(&f));
	filter_free(&f);
	assert_true(filter_is_empty(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_key),
	        cmocka_unit_test(test_in_the_inventory_or_not),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
