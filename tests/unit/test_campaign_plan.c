/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans: what is taken, what is refused and how it is said, which machine goes where. */
#include "appliance/fleet/campaign/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan plan_of(const char *text)
{
	struct plan p;
	struct error err = {0};

	if (plan_parse(text, strlen(text), &p, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return p;
}

static void test_defaults(void **state)
{
	struct plan p = plan_of(
	        "{\"name\":\"july\",\"scope\":{\"all\":true},\"waves\":[{\"name\":\"a\"}]}");

	(void)state;
	assert_string_equal(p.name, "july");
	assert_string_equal(p.approval, "config");
	assert_non_null(strstr(p.recipe, "crowdstrike-291"));
	assert_true(p.scope.all && p.start_order && !p.dry_run);
	assert_int_equal(p.stop_percent, 10);
	assert_int_equal(p.stop_at_least, 2);
	assert_int_equal(p.waves[0].returned_percent, 100);
	assert_int_equal(plan_wave_count(&p), 2);
	assert_string_equal(plan_wave_name(&p, 1), "rest");
	/* What it shows reads as the same plan. */
	char *text = json_dumps(p.root, 0);
	struct plan again = plan_of(text);
	struct error err = {0};
	struct plan bare;
	assert_true(json_equal(p.root, again.root));
	free(text);
	plan_clear(&again);
	/* A call has to say all of it. */
	assert_int_equal(plan_read(p.root, true, &again, &err), 0);
	plan_clear(&again);
	(void)json_object_del(
	        json_object_get(json_array_get(json_object_get(p.root, "waves"), 0), "opens"),
	        "minutes");
	assert_int_equal(plan_read(p.root, true, &bare, &err), -EINVAL);
	assert_string_equal(err.text, "minutes: missing");
	plan_clear(&p);
}

/* Younger than the call that sends a plan: left out, nothing is driven; half of it is refused. */
static void test_power(void **state)
{
	struct plan p = plan_of("{\"name\":\"july\",\"scope\":{\"all\":true}}"), again;
	struct error err = {0};
	char words[PLAN_POWER_WORDS];

	(void)state;
	assert_false(p.power.drive);
	assert_int_equal(p.power.at_once, 20);
	assert_int_equal(p.power.per_rack, 2);
	assert_int_equal(p.power.per_feed, 0);
	plan_power_words(p.root, words);
	assert_string_equal(words, "");
	json_t *call = json_deep_copy(p.root);
	plan_clear(&p);

	assert_int_equal(json_object_del(call, "power"), 0);
	assert_int_equal(plan_read(call, true, &p, &err), 0);
	assert_false(p.power.drive);
	plan_clear(&p);
	json_t *power = json_pack("{s:b, s:i, s:i}", "drive", true, "at_once", 256, "per_feed", 7);
	assert_int_equal(json_object_set_new(call, "power", power), 0);
	assert_int_equal(plan_read(call, true, &again, &err), -EINVAL);
	assert_string_equal(err.text, "per_rack: missing");

	assert_int_equal(plan_read(call, false, &p, &err), 0);
	assert_true(p.power.drive);
	plan_power_words(p.root, words);
	assert_string_equal(words, "by their management controllers: 256 at once, 2 of a rack, 7 "
	                           "of a power feed");
	assert_int_equal(plan_read(p.root, true, &again, &err), 0);
	assert_int_equal(again.power.at_once, 256);
	assert_int_equal(again.power.per_feed, 7);
	plan_clear(&again);
	plan_clear(&p);
	json_decref(call);
}

static void test_refused(void **state)
{
#define S "\"scope\":{\"all\":true}"
	static const struct {
		const char *text, *word;
	} cases[] = {
	        {"", "plan"},
	        {"[]", "plan"},
	        {"{\"name\":\"a\",\"name\":\"b\"," S "}", "plan"},
	        {"{" S "}", "name"},
	        {"{\"name\":7," S "}", "name"},
	        {"{\"name\":\"a\\nb\"," S "}", "name"},
	        {"{\"name\":\"a\"}", "scope"},
	        {"{\"name\":\"a\",\"scope\":{}}", "scope"},
	        {"{\"name\":\"a\",\"scope\":{\"all\":1}}", "all"},
	        {"{\"name\":\"a\",\"scope\":{\"sites\":\"Bern\"}}", "scope.sites"},
	        {"{\"name\":\"a\",\"scope\":{\"sites\":[1]}}", "scope.sites"},
	        {"{\"name\":\"a\",\"scope\":{\"machines\":[0]}}", "scope.machines"},
	        {"{\"name\":\"a\",\"scope\":{\"subnets\":[\"10.0.0.0\"]}}", "subnets"},
	        {"{\"name\":\"a\",\"scope\":{\"subnets\":[\"10.0.0.0/-1\"]}}", "subnets"},
	        {"{\"name\":\"a\"," S ",\"recipe\":\"[recipe]\\nname = x\\n\"}", "line"},
	        {"{\"name\":\"a\"," S ",\"dry_run\":\"yes\"}", "dry_run"},
	        {"{\"name\":\"a\"," S ",\"until\":-1}", "until"},
	        {"{\"name\":\"a\"," S ",\"waves\":[{}]}", "waves.name"},
	        {"{\"name\":\"a\"," S ",\"waves\":[{\"name\":\"w\",\"percent\":101}]}", "percent"},
	        {"{\"name\":\"a\"," S ",\"stop\":{\"failed_percent\":101}}", "failed_percent"},
	        {"{\"name\":\"a\"," S ",\"surprise\":1}", "surprise"},
	        {"{\"name\":\"a\"," S ",\"power\":true}", "power"},
	        {"{\"name\":\"a\"," S ",\"power\":{\"drive\":1}}", "drive"},
	        {"{\"name\":\"a\"," S ",\"power\":{\"at_once\":0}}", "at_once"},
	        {"{\"name\":\"a\"," S ",\"power\":{\"at_once\":257}}", "at_once"},
	        {"{\"name\":\"a\"," S ",\"power\":{\"per_rack\":-1}}", "per_rack"},
	        {"{\"name\":\"a\"," S ",\"power\":{\"per_feed\":1001}}", "per_feed"},
	        {"{\"name\":\"a\"," S ",\"power\":{\"per_row\":1}}", "per_row"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan p;
		struct error err = {0};
		assert_int_equal(
		        plan_parse(cases[i].text, strlen(cases[i].text), &p, &err), -EINVAL);
		if (!strstr(err.text, cases[i].word))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static struct store_candidate machine(const char *site, const char *ring, const char *ip)
{
	struct store_candidate c = {.id = 7};

	(void)snprintf(c.name, sizeof(c.name), "PC07");
	(void)snprintf(c.serial, sizeof(c.serial), "S07");
	(void)snprintf(c.mac, sizeof(c.mac), "52:54:00:00:00:07");
	(void)snprintf(c.site, sizeof(c.site), "%s", site);
	(void)snprintf(c.ring, sizeof(c.ring), "%s", ring);
	(void)snprintf(c.ip, sizeof(c.ip), "%s", ip);
	return c;
}

static bool covers(const char *scope, const struct store_candidate *c)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "{\"name\":\"a\",\"scope\":%s}", scope);
	struct plan p = plan_of(text);
	bool in = plan_in_scope(&p, c);
	plan_clear(&p);
	return in;
}

static void test_scope(void **state)
{
	struct store_candidate c = machine("Bern", "canary", "10.1.2.3");

	(void)state;
	assert_true(covers("{\"all\":true}", &c));
	assert_true(covers("{\"sites\":[\"Genf\",\"bern\"]}", &c));
	assert_false(covers("{\"sites\":[\"Genf\"]}", &c));
	/* Every list given has to name it. */
	assert_true(covers("{\"sites\":[\"Bern\"],\"rings\":[\"canary\"]}", &c));
	assert_false(covers("{\"sites\":[\"Bern\"],\"rings\":[\"broad\"]}", &c));
	assert_false(covers("{\"floors\":[\"\xc3\xa9tage\"]}", &c));
	assert_true(covers("{\"subnets\":[\"10.1.0.0/16\"]}", &c));
	assert_true(covers("{\"subnets\":[\"0.0.0.0/0\"]}", &c));
	assert_false(covers("{\"subnets\":[\"10.1.2.4/32\"]}", &c));
	assert_true(covers("{\"machines\":[7]}", &c));
	assert_true(covers("{\"machines\":[\"52-54-00-00-00-07\"]}", &c));
	assert_true(covers("{\"machines\":[\"pc07\"]}", &c));
	assert_true(covers("{\"machines\":[\"S07\"]}", &c));
	assert_false(covers("{\"machines\":[8,\"PC08\"]}", &c));
	c.ip[0] = '\0';
	assert_false(covers("{\"subnets\":[\"0.0.0.0/0\"]}", &c));
}

static void test_waves(void **state)
{
	struct plan p = plan_of("{\"name\":\"a\",\"scope\":{\"all\":true},\"waves\":["
	                        "{\"name\":\"canary\",\"rings\":[\"canary\"],\"machines\":1},"
	                        "{\"name\":\"tenth\",\"percent\":10}]}");
	struct store_candidate canary = machine("", "canary", ""), other = machine("", "", "");
	int quota[WAVES_MAX] = {0};
	int64_t taken[WAVES_MAX] = {0};

	(void)state;
	for (size_t i = 0; i < plan_wave_count(&p); i++)
		quota[i] = plan_quota(&p, i, 95);
	assert_int_equal(quota[0], 1);
	assert_int_equal(quota[1], 10); /* rounded up */
	assert_int_equal(quota[2], 0);
	assert_int_equal(plan_quota(&p, 1, 0), 1);
	assert_int_equal(plan_wave_of(&p, &canary, quota, taken), 0);
	assert_int_equal(plan_wave_of(&p, &other, quota, taken), 1);
	taken[0] = 1;
	assert_int_equal(plan_wave_of(&p, &canary, quota, taken), 1);
	taken[1] = 10;
	assert_int_equal(plan_wave_of(&p, &canary, quota, taken), 2);
	plan_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_defaults),
	        cmocka_unit_test(test_power),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_scope),
	        cmocka_unit_test(test_waves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
