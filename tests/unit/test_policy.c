/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scope, window, total and rates of the release policy, with a clock of the test's own. */
#include "appliance/escrow/policy/spelling.h"
#include "appliance/escrow/policy/policy.h"
#include "appliance/escrow/policy/span.h"
#include "fixer/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

#define START  INT64_C(1721390400000) /* 2024-07-19T12:00:00Z */
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static char text[200];

static struct subject machine(int64_t number, const char *ip)
{
	struct subject s = {.machine = number};

	(void)snprintf(s.ip, sizeof(s.ip), "%s", ip);
	return s;
}

static enum reason take(struct policy *p, int64_t number, const char *ip, int64_t now)
{
	struct subject s = machine(number, ip);

	return policy_take(p, &s, now, text, sizeof(text));
}

static enum reason covers(struct policy *p, const struct subject *s, int64_t now)
{
	(void)snprintf(text, sizeof(text), "unset");
	return policy_covers(p, s, now, text, sizeof(text));
}

/* --- who it is -----------------------------------------------------------------------------------
 */

static void test_identities(void **state)
{
	static const char *const nobody[] = {"", " ", "0", "To be filled by O.E.M.",
	        "To Be Filled By O.E.M", "Default string", "System Serial Number", "None", "N/A",
	        "Not Specified", "00000000", "FFFFFFFF", "....", "xxxxxxxx", "0123456789"};
	char ret[SPELLING_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		if (spelling_serial(nobody[i], ret) || ret[0])
			fail_msg("%s identifies", nobody[i]);
	}
	assert_true(spelling_serial("  pf-2abc9 \t", ret));
	assert_string_equal(ret, "PF-2ABC9");
	assert_true(spelling_uuid("{4c4c4544-0042-3510-8052-b4c04f564433}", ret));
	assert_string_equal(ret, "4C4C454400423510"
	                         "8052B4C04F564433");
	assert_false(spelling_uuid("00000000-0000-0000-0000-000000000000", ret));
	assert_false(spelling_uuid("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", ret));
	assert_false(spelling_uuid("03000200-0400-0500-0006-000700080009", ret));
	assert_false(spelling_uuid("4c4c4544-0042-3510-8052-b4c04f56443", ret));
	assert_false(spelling_uuid("4c4c4544-0042-3510-8052-b4c04f5644331", ret));
	assert_true(spelling_mac("52-54-00-AB-cd-01", ret));
	assert_string_equal(ret, "525400ABCD01");
	assert_true(spelling_mac("5254.00ab.cd01", ret));
	assert_false(spelling_mac("00:00:00:00:00:00", ret));
	assert_false(spelling_mac("ff:ff:ff:ff:ff:ff", ret));
	assert_false(spelling_mac("52:54:00:ab:cd", ret));
}

static void test_subnets(void **state)
{
	struct policy_rules rules = {
	        .subnet_count = 2, .subnets = {{0x0a010000, 0xffff0000}, {0xc0a80100, 0xffffff00}}};
	struct policy *p = policy_new(&rules);
	struct subject in = machine(1, "10.1.255.255"), out = machine(2, "10.2.0.0");
	struct subject other = machine(3, "192.168.1.0"), none = machine(4, ""),
	               v6 = machine(5, "fe80::1");

	(void)state;
	assert_int_equal(covers(p, &in, START), REASON_OK);
	assert_string_equal(text, "");
	assert_int_equal(covers(p, &other, START), REASON_OK);
	assert_int_equal(covers(p, &out, START), REASON_CAMPAIGN_SCOPE);
	assert_string_equal(text, "10.2.0.0 is in none of the subnets");
	assert_int_equal(covers(p, &none, START), REASON_CAMPAIGN_SCOPE);
	assert_int_equal(covers(p, &v6, START), REASON_CAMPAIGN_SCOPE);
	policy_free(p);
}

static void test_inventory(void **state)
{
	struct policy_item items[] = {
	        {.uuid = "4C4C4544-0042-3510-8052-B4C04F564433", .serial = "Default string"},
	        {.serial = "PF2ABC9"}, {.mac = "52:54:00:ab:cd:01"}, {.mac = "00:00:00:00:00:00"}};
	struct policy_rules rules = {.has_inventory = true, .item_count = 4, .items = items};
	struct policy *p = policy_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	assert_int_equal(covers(p, &s, START), REASON_CAMPAIGN_SCOPE);
	(void)snprintf(s.uuid, sizeof(s.uuid), "4c4c4544-0042-3510-8052-b4c04f564433");
	assert_int_equal(covers(p, &s, START), REASON_OK);
	(void)snprintf(s.uuid, sizeof(s.uuid), "4c4c4544-0042-3510-8052-b4c04f564434");
	assert_int_equal(covers(p, &s, START), REASON_CAMPAIGN_SCOPE);
	(void)snprintf(s.serial, sizeof(s.serial), " pf2abc9 ");
	assert_int_equal(covers(p, &s, START), REASON_OK);
	/* The inventory has that text, too: of a machine that has no serial number. */
	(void)snprintf(s.serial, sizeof(s.serial), "Default string");
	assert_int_equal(covers(p, &s, START), REASON_CAMPAIGN_SCOPE);
	assert_non_null(strstr(text, "placeholder"));
	(void)snprintf(s.mac, sizeof(s.mac), "52-54-00-AB-CD-01");
	assert_int_equal(covers(p, &s, START), REASON_OK);
	(void)snprintf(s.mac, sizeof(s.mac), "00:00:00:00:00:00");
	assert_int_equal(covers(p, &s, START), REASON_CAMPAIGN_SCOPE);
	policy_free(p);
}

static void test_either(void **state)
{
	struct policy_item item = {.serial = "PF2ABC9"};
	struct policy_rules rules = {.has_inventory = true,
	        .item_count = 1,
	        .items = &item,
	        .subnet_count = 1,
	        .subnets = {{0x0a010000, 0xffff0000}}};
	struct policy *p = policy_new(&rules);
	struct subject near = machine(1, "10.1.0.1"), far = machine(2, "10.9.0.1");

	(void)state;
	assert_int_equal(covers(p, &near, START), REASON_OK);
	assert_int_equal(covers(p, &far, START), REASON_CAMPAIGN_SCOPE);
	(void)snprintf(far.serial, sizeof(far.serial), "PF2ABC9");
	assert_int_equal(covers(p, &far, START), REASON_OK);
	policy_free(p);

	/* An empty inventory covers nobody. */
	rules = (struct policy_rules){.has_inventory = true};
	p = policy_new(&rules);
	assert_int_equal(covers(p, &near, START), REASON_CAMPAIGN_SCOPE);
	policy_free(p);
	rules = (struct policy_rules){0};
	p = policy_new(&rules);
	assert_int_equal(covers(p, &near, START), REASON_OK);
	policy_free(p);
}

/* --- window and total ----------------------------------------------------------------------------
 */

static void test_spans(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} spans[] = {{0, "0 seconds"}, {1, "1 second"}, {1000, "1 second"}, {1001, "2 seconds"},
	        {119000, "119 seconds"}, {119001, "120 seconds"}, {120000, "2 minutes"},
	        {2 * HOUR - 1, "120 minutes"}, {3 * HOUR, "3 hours"}, {47 * HOUR, "47 hours"},
	        {48 * HOUR, "2 days"}, {48 * HOUR + 1, "3 days"}};
	char span[SPAN_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		span_text(spans[i].ms, span);
		assert_string_equal(span, spans[i].text);
	}
}

static void test_window(void **state)
{
	struct policy_rules rules = {.from = START + 6 * HOUR, .until = START + 8 * HOUR};
	struct policy *p = policy_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	assert_int_equal(covers(p, &s, START + 3 * HOUR), REASON_CAMPAIGN_WINDOW);
	assert_string_equal(text, "opens at 2024-07-19T18:00:00Z, in 3 hours");
	assert_int_equal(covers(p, &s, START + 6 * HOUR - 1), REASON_CAMPAIGN_WINDOW);
	assert_int_equal(covers(p, &s, START + 6 * HOUR), REASON_OK);
	assert_int_equal(take(p, 1, "10.1.0.1", START + 8 * HOUR - 1), REASON_OK);
	assert_int_equal(take(p, 1, "10.1.0.1", START + 8 * HOUR), REASON_CAMPAIGN_WINDOW);
	assert_int_equal(covers(p, &s, START + 56 * HOUR), REASON_CAMPAIGN_WINDOW);
	assert_string_equal(text, "closed at 2024-07-19T20:00:00Z, 2 days ago");
	/* It was closed: a clock that is set back does not open it. */
	assert_int_equal(covers(p, &s, START + 7 * HOUR), REASON_CAMPAIGN_WINDOW);
	assert_non_null(strstr(text, "the clock has gone back"));
	assert_int_equal(covers(p, &s, START), REASON_CAMPAIGN_WINDOW);
	policy_free(p);

	rules = (struct policy_rules){.from = INT64_MAX};
	p = policy_new(&rules);
	assert_int_equal(covers(p, &s, START), REASON_CAMPAIGN_WINDOW);
	assert_non_null(strstr(text, "opens at 2262-"));
	policy_free(p);
}

static void test_total(void **state)
{
	struct policy_rules rules = {.total = 3};
	struct policy *p = policy_new(&rules);
	struct subject s = machine(1, "10.1.0.1");
	struct policy_figures figures;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(p, 1, "10.1.0.1", START + i * HOUR), REASON_OK);
	assert_int_equal(take(p, 2, "10.1.0.2", START + 100 * HOUR), REASON_CAMPAIGN_TOTAL);
	assert_string_equal(text, "3 of 3");
	/* Given back: another one may. */
	policy_give_back(p, &s, START);
	assert_int_equal(take(p, 2, "10.1.0.2", START + 100 * HOUR), REASON_OK);
	policy_figures(p, START + 100 * HOUR, &figures);
	assert_int_equal(figures.released, 3);
	assert_int_equal(figures.last_minute, 1);
	policy_free(p);
}

/* --- rates ---------------------------------------------------------------------------------------
 */

static void test_per_minute(void **state)
{
	struct policy_rules rules = {.per_minute = 2};
	struct policy *p = policy_new(&rules);
	struct subject s = machine(9, "10.1.0.9");

	(void)state;
	assert_int_equal(take(p, 1, "10.1.0.1", START), REASON_OK);
	assert_int_equal(take(p, 2, "10.1.0.2", START + 1000), REASON_OK);
	assert_int_equal(covers(p, &s, START + 1000), REASON_RATE_CAMPAIGN);
	assert_string_equal(text, "2 within the minute; the next in 59 seconds");
	assert_int_equal(take(p, 9, "10.1.0.9", START + MINUTE - 1), REASON_RATE_CAMPAIGN);
	assert_string_equal(text, "2 within the minute; the next in 1 second");
	assert_int_equal(take(p, 9, "10.1.0.9", START + MINUTE), REASON_OK);
	assert_int_equal(covers(p, &s, START + MINUTE), REASON_RATE_CAMPAIGN);
	assert_string_equal(text, "2 within the minute; the next in 1 second");
	assert_int_equal(covers(p, &s, START + MINUTE + 1000), REASON_OK);
	policy_free(p);
}

static void test_per_subnet(void **state)
{
	struct policy_rules rules = {.subnet_minute = 2, .subnet_prefix = 24};
	struct policy *p = policy_new(&rules);

	(void)state;
	assert_int_equal(take(p, 1, "10.1.0.1", START), REASON_OK);
	assert_int_equal(take(p, 2, "10.1.0.255", START + 10), REASON_OK);
	assert_int_equal(take(p, 3, "10.1.0.3", START + 20), REASON_RATE_SUBNET);
	assert_string_equal(text, "2 in 10.1.0.0/24 within the minute; the next in 60 seconds");
	assert_int_equal(take(p, 4, "10.1.1.0", START + 30), REASON_OK);
	/* What has no address is one subnet together. */
	assert_int_equal(take(p, 5, "", START + 40), REASON_OK);
	assert_int_equal(take(p, 6, "fe80::1", START + 40), REASON_OK);
	assert_int_equal(take(p, 7, "fe80::2", START + 40), REASON_RATE_SUBNET);
	assert_int_equal(take(p, 3, "10.1.0.3", START + MINUTE), REASON_OK);
	assert_int_equal(take(p, 3, "10.1.0.3", START + MINUTE), REASON_RATE_SUBNET);
	policy_free(p);
}

static void test_per_machine(void **state)
{
	struct policy_rules rules = {.machine_hour = 2};
	struct policy *p = policy_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	assert_int_equal(take(p, 1, "10.1.0.1", START), REASON_OK);
	assert_int_equal(take(p, 1, "10.1.0.1", START + 10 * MINUTE), REASON_OK);
	/* Another address is the same machine. */
	assert_int_equal(take(p, 1, "10.1.7.1", START + 20 * MINUTE), REASON_RATE_MACHINE);
	assert_string_equal(text, "2 times within the hour; the next is possible in 40 minutes");
	assert_int_equal(take(p, 2, "10.1.0.2", START + 20 * MINUTE), REASON_OK);
	assert_int_equal(covers(p, &s, START + HOUR - 1), REASON_RATE_MACHINE);
	assert_int_equal(take(p, 1, "10.1.0.1", START + HOUR), REASON_OK);
	assert_int_equal(covers(p, &s, START + HOUR), REASON_RATE_MACHINE);
	assert_string_equal(text, "2 times within the hour; the next is possible in 10 minutes");
	policy_free(p);
}

/* Each refusal when several apply: the first of the order in the header. */
static void test_order(void **state)
{
	struct policy_rules rules = {.until = START + HOUR,
	        .total = 1,
	        .per_minute = 1,
	        .subnet_minute = 1,
	        .subnet_prefix = 24,
	        .machine_hour = 1,
	        .subnet_count = 1,
	        .subnets = {{0x0a010000, 0xffff0000}}};
	struct policy *p = policy_new(&rules);
	struct subject s = machine(1, "10.1.0.1"), out = machine(1, "10.2.0.1");

	(void)state;
	assert_int_equal(take(p, 1, "10.1.0.1", START), REASON_OK);
	assert_int_equal(covers(p, &out, START), REASON_CAMPAIGN_SCOPE);
	assert_int_equal(covers(p, &s, START), REASON_CAMPAIGN_TOTAL);
	rules.total = 0;
	assert_int_equal(covers(p, &s, START), REASON_RATE_MACHINE);
	rules.machine_hour = 0;
	assert_int_equal(covers(p, &s, START), REASON_RATE_SUBNET);
	rules.subnet_minute = 0;
	assert_int_equal(covers(p, &s, START), REASON_RATE_CAMPAIGN);
	assert_int_equal(covers(p, &s, START + HOUR), REASON_CAMPAIGN_WINDOW);
	policy_free(p);
}

static void test_give_back(void **state)
{
	struct policy_rules rules = {.machine_hour = 2, .per_minute = 3};
	struct policy *p = policy_new(&rules);
	struct subject one = machine(1, "10.1.0.1"), two = machine(2, "10.1.0.2");

	(void)state;
	assert_int_equal(take(p, 1, "10.1.0.1", START), REASON_OK);
	assert_int_equal(take(p, 2, "10.1.0.2", START), REASON_OK);
	assert_int_equal(take(p, 1, "10.1.0.1", START + 1), REASON_OK);
	assert_int_equal(take(p, 1, "10.1.0.1", START + 2), REASON_RATE_MACHINE);
	policy_give_back(p, &one, START + 1);
	assert_int_equal(take(p, 1, "10.1.0.1", START + 2), REASON_OK);
	policy_give_back(p, &two, START);
	/* What is given back after its minute, or never taken, changes no rate. */
	assert_int_equal(take(p, 3, "10.1.0.3", START + MINUTE), REASON_OK);
	policy_give_back(p, &one, START);
	policy_give_back(p, &two, START + 5);
	assert_int_equal(take(p, 4, "10.1.0.4", START + MINUTE), REASON_OK);
	assert_int_equal(take(p, 5, "10.1.0.5", START + MINUTE), REASON_RATE_CAMPAIGN);
	policy_free(p);
}

static void test_restart(void **state)
{
	struct policy_rules rules = {.total = 4, .machine_hour = 2, .per_minute = 2};
	struct policy *p = policy_new(&rules);
	struct subject one = machine(1, "10.1.0.1"), two = machine(2, "10.1.0.2");
	struct policy_figures figures;

	(void)state;
	policy_remember(p, &one, START - 100 * HOUR);
	policy_remember(p, &one, START - 30 * MINUTE);
	policy_remember(p, &one, START - 10);
	assert_int_equal(covers(p, &one, START), REASON_RATE_MACHINE);
	assert_int_equal(covers(p, &two, START), REASON_OK);
	assert_int_equal(take(p, 2, "10.1.0.2", START), REASON_OK);
	assert_int_equal(take(p, 3, "10.1.0.3", START + HOUR), REASON_CAMPAIGN_TOTAL);
	policy_figures(p, START + HOUR, &figures);
	assert_int_equal(figures.released, 4);
	assert_int_equal(figures.last_minute, 0);
	policy_free(p);
}

/* A clock that goes back: no time has passed, whichever way it is looked at. */
static void test_clock_back(void **state)
{
	struct policy_rules rules = {.per_minute = 1, .machine_hour = 1};
	struct policy *p = policy_new(&rules);
	struct subject one = machine(1, "10.1.0.1"), two = machine(2, "10.1.0.2");

	(void)state;
	assert_int_equal(take(p, 1, "10.1.0.1", START), REASON_OK);
	assert_int_equal(covers(p, &two, START - 24 * HOUR), REASON_RATE_CAMPAIGN);
	assert_int_equal(covers(p, &two, START - 24 * HOUR + MINUTE - 1), REASON_RATE_CAMPAIGN);
	/* And it does not stay shut for a day. */
	assert_int_equal(covers(p, &two, START - 24 * HOUR + MINUTE), REASON_OK);
	assert_int_equal(covers(p, &one, START - 24 * HOUR + HOUR - 1), REASON_RATE_MACHINE);
	assert_int_equal(covers(p, &one, START - 24 * HOUR + HOUR), REASON_OK);
	policy_free(p);
}

/* Threads that bring what they read before they waited for the lock: no time passes by that. */
static void test_late_readings(void **state)
{
	struct policy_rules rules = {.per_minute = 1, .machine_hour = 1};
	struct policy *p = policy_new(&rules);
	struct subject one = machine(1, "10.1.0.1"), two = machine(2, "10.1.0.2");

	(void)state;
	assert_int_equal(take(p, 1, "10.1.0.1", START), REASON_OK);
	for (int64_t i = 0; i < 100000; i++) {
		assert_int_equal(covers(p, &two, START + 100), REASON_RATE_CAMPAIGN);
		assert_int_equal(covers(p, &one, START + 50), REASON_RATE_MACHINE);
	}
	assert_int_equal(covers(p, &two, START + MINUTE), REASON_OK);
	policy_free(p);
}

/* 20,000 machines in an hour, at random times, against a count by hand. */
static void test_many(void **state)
{
	enum { COUNT = 20000 };
	struct policy_rules rules = {.per_minute = 300};
	struct policy *p = policy_new(&rules);
	static int64_t taken[COUNT];
	size_t count = 0, refused = 0;
	uint32_t seed = 1;
	int64_t now = START;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		char ip[24];
		size_t within = 0;
		seed = seed * 1664525 + 1013904223;
		now += seed >> 24;
		for (size_t k = count; k > 0 && now - taken[k - 1] < MINUTE; k--)
			within++;
		(void)snprintf(ip, sizeof(ip), "10.%d.%d.1", i >> 8, i & 255);
		enum reason reason = take(p, i + 1, ip, now);
		assert_int_equal(reason, within < 300 ? REASON_OK : REASON_RATE_CAMPAIGN);
		if (reason == REASON_OK)
			taken[count++] = now;
		else
			refused++;
	}
	assert_true(refused > 1000 && count > 5000);
	policy_free(p);
}

/* More machines, or more releases, than are remembered: refused, and not for ever. */
static void test_full(void **state)
{
	struct policy_rules rules = {0};
	struct policy *p = policy_new(&rules);

	(void)state;
	for (int i = 0; i < POLICY_MACHINES_MAX; i++)
		assert_int_equal(take(p, i + 1, "10.1.0.1", START + i / 100), REASON_OK);
	assert_int_equal(take(p, 999999, "10.1.0.1", START + MINUTE), REASON_RATE_CAMPAIGN);
	assert_non_null(strstr(text, "remember"));
	for (int i = POLICY_MACHINES_MAX; i < POLICY_RELEASES_MAX; i++)
		assert_int_equal(take(p, 1 + i % 1000, "10.1.0.1", START + MINUTE), REASON_OK);
	assert_int_equal(take(p, 1, "10.1.0.1", START + MINUTE), REASON_RATE_CAMPAIGN);
	assert_int_equal(take(p, 999999, "10.1.0.1", START + HOUR + MINUTE), REASON_OK);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_identities),
	        cmocka_unit_test(test_subnets), cmocka_unit_test(test_inventory),
	        cmocka_unit_test(test_either), cmocka_unit_test(test_spans),
	        cmocka_unit_test(test_window), cmocka_unit_test(test_total),
	        cmocka_unit_test(test_per_minute), cmocka_unit_test(test_per_subnet),
	        cmocka_unit_test(test_per_machine), cmocka_unit_test(test_order),
	        cmocka_unit_test(test_give_back), cmocka_unit_test(test_restart),
	        cmocka_unit_test(test_clock_back), cmocka_unit_test(test_late_readings),
	        cmocka_unit_test(test_many), cmocka_unit_test(test_full)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
