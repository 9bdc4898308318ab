/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The circuit breaker: who becomes suspect, who does not, and when everything stops. */
#include "appliance/escrow/policy/anomaly.h"
#include "fixer/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

#define START  INT64_C(1721390400000)
#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static const struct policy_rules rules = {
        .machine_keys = 16, .machine_mismatches = 6, .suspects = 5};
static char text[300];

static struct subject machine(int64_t number, const char *ip)
{
	struct subject s = {.machine = number};

	(void)snprintf(s.name, sizeof(s.name), "PC%02d", (int)number);
	(void)snprintf(s.ip, sizeof(s.ip), "%s", ip);
	return s;
}

static struct guid protector(uint64_t n)
{
	struct guid g = {0};

	put_le64(g.bytes, n);
	return g;
}

/* Reports protectors first to last, one a millisecond: the worst that came of it. */
static enum reason report_many(struct anomaly *a,
        enum reason (*what)(struct anomaly *, const struct subject *, const struct guid *, int64_t),
        const struct subject *s, uint64_t first, uint64_t last, int64_t now)
{
	enum reason worst = REASON_OK;

	for (uint64_t n = first; n <= last; n++) {
		struct guid g = protector(n);
		enum reason r = what(a, s, &g, now + (int64_t)(n - first));
		if (r != REASON_OK)
			worst = r;
	}
	return worst;
}

static enum reason check(const struct anomaly *a, const struct subject *s, int64_t now)
{
	(void)snprintf(text, sizeof(text), "unset");
	return anomaly_check(a, s, now, text, sizeof(text));
}

static void test_many_keys(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1"), other = machine(2, "10.1.0.1");

	(void)state;
	assert_int_equal(report_many(a, anomaly_asked, &s, 1, 16, START), REASON_OK);
	/* The same again, as a machine that waits asks, is nothing new. */
	assert_int_equal(report_many(a, anomaly_asked, &s, 1, 16, START + MINUTE), REASON_OK);
	assert_int_equal(check(a, &s, START + MINUTE), REASON_OK);
	assert_string_equal(text, "");
	assert_int_equal(report_many(a, anomaly_asked, &s, 17, 17, START + 2 * MINUTE),
	        REASON_MACHINE_SUSPECT);
	assert_int_equal(check(a, &s, START + 2 * MINUTE), REASON_MACHINE_SUSPECT);
	assert_string_equal(
	        text, "it asked for more than 16 keys within an hour; it is over in 60 minutes");
	/* Another machine of that address is none of it. */
	assert_int_equal(check(a, &other, START + 2 * MINUTE), REASON_OK);
	assert_int_equal(check(a, &s, START + 62 * MINUTE - 1), REASON_MACHINE_SUSPECT);
	assert_int_equal(check(a, &s, START + 62 * MINUTE), REASON_OK);
	anomaly_free(a);
}

/* 16 an hour, spread over hours, are allowed: each counts for an hour since it was last asked. */
static void test_keys_slide(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	assert_int_equal(report_many(a, anomaly_asked, &s, 1, 16, START), REASON_OK);
	assert_int_equal(report_many(a, anomaly_asked, &s, 101, 101, START + HOUR), REASON_OK);
	assert_int_equal(
	        report_many(a, anomaly_asked, &s, 102, 102, START + HOUR), REASON_MACHINE_SUSPECT);
	anomaly_free(a);
}

static void test_mismatches(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	/* One stale record, however often the machine starts over. */
	for (int i = 0; i < 100; i++)
		assert_int_equal(report_many(a, anomaly_mismatch, &s, 1, 1, START + i), REASON_OK);
	assert_int_equal(report_many(a, anomaly_mismatch, &s, 2, 6, START), REASON_OK);
	assert_int_equal(report_many(a, anomaly_mismatch, &s, 7, 7, START), REASON_MACHINE_SUSPECT);
	assert_int_equal(check(a, &s, START), REASON_MACHINE_SUSPECT);
	assert_non_null(strstr(text, "no key in escrow opens 7"));
	anomaly_free(a);
}

/* A key that opens the blob after all (imported meanwhile) takes the mismatch back. */
static void test_opened_after_all(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1");
	struct guid g = protector(1);

	(void)state;
	assert_int_equal(report_many(a, anomaly_mismatch, &s, 1, 6, START), REASON_OK);
	anomaly_opened(a, &s, &g, START);
	assert_int_equal(report_many(a, anomaly_mismatch, &s, 7, 7, START), REASON_OK);
	assert_int_equal(check(a, &s, START), REASON_OK);
	anomaly_free(a);
}

/* One host, 10,000 GUIDs, as many machines as it likes: it is stopped, and nobody else is. */
static void test_probes(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject victim = machine(1, "10.1.0.1"), bystander = machine(2, "10.1.0.2");
	unsigned asked = 0, stopped = 0;

	(void)state;
	for (uint64_t n = 0; n < 10000; n++) {
		struct subject s = machine(1000 + (int64_t)(n / 10), "10.1.0.66");
		struct guid g = protector(n);
		int64_t now = START + (int64_t)n * 100;
		if (check(a, &s, now) != REASON_OK)
			continue;
		asked++;
		enum reason r = anomaly_asked(a, &s, &g, now);
		assert_int_equal(r, REASON_OK);
		stopped += anomaly_not_found(a, &s, &g, now) != REASON_OK;
	}
	assert_int_equal(asked, 8 * 16 + 1);
	assert_int_equal(stopped, 1);
	assert_false(anomaly_stopped(a, text, sizeof(text)));
	assert_int_equal(check(a, &victim, START + 20 * MINUTE), REASON_OK);
	assert_int_equal(check(a, &bystander, START + 20 * MINUTE), REASON_OK);
	anomaly_free(a);
}

/* Many machines of one address that are each suspect: one origin, no stop. */
static void test_many_suspects_of_one_address(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject bystander = machine(2, "10.1.0.2");

	(void)state;
	for (int64_t n = 1; n <= 50; n++) {
		struct subject s = machine(n + 10, "10.1.0.66");
		assert_int_equal(
		        report_many(a, anomaly_asked, &s, 1, 17, START), REASON_MACHINE_SUSPECT);
	}
	assert_int_equal(check(a, &bystander, START), REASON_OK);
	anomaly_free(a);
}

static enum reason suspect_at(struct anomaly *a, int64_t number, int64_t now)
{
	char ip[24];

	(void)snprintf(ip, sizeof(ip), "10.1.0.%d", (int)number);
	struct subject s = machine(number, ip);
	return report_many(a, anomaly_asked, &s, 1, 17, now);
}

static void test_stop(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject bystander = machine(200, "10.1.0.200"), first = machine(1, "10.1.0.1");

	(void)state;
	for (int64_t n = 1; n <= 4; n++)
		assert_int_equal(suspect_at(a, n, START), REASON_MACHINE_SUSPECT);
	assert_false(anomaly_stopped(a, text, sizeof(text)));
	/* Ten minutes later they are suspect still, and count no more for the stop. */
	assert_int_equal(suspect_at(a, 5, START + 10 * MINUTE + 16), REASON_MACHINE_SUSPECT);
	for (int64_t n = 6; n <= 8; n++)
		assert_int_equal(suspect_at(a, n, START + 11 * MINUTE), REASON_MACHINE_SUSPECT);
	assert_int_equal(suspect_at(a, 9, START + 12 * MINUTE), REASON_RELEASES_STOPPED);
	assert_int_equal(check(a, &bystander, START + 12 * MINUTE), REASON_RELEASES_STOPPED);
	assert_non_null(strstr(text, "5 suspects within 10 minutes"));
	assert_non_null(strstr(text, "PC09 at 10.1.0.9"));
	/* It does not end by itself. */
	assert_int_equal(check(a, &bystander, START + 100 * HOUR), REASON_RELEASES_STOPPED);
	anomaly_resume(a);
	assert_int_equal(check(a, &bystander, START + 12 * MINUTE), REASON_OK);
	/* Who was suspect stays so, and five others are needed for another stop. */
	assert_int_equal(check(a, &first, START + 12 * MINUTE), REASON_MACHINE_SUSPECT);
	for (int64_t n = 11; n <= 14; n++)
		assert_int_equal(suspect_at(a, n, START + 13 * MINUTE), REASON_MACHINE_SUSPECT);
	assert_int_equal(suspect_at(a, 15, START + 13 * MINUTE), REASON_RELEASES_STOPPED);
	anomaly_free(a);
}

static void test_never_stop(void **state)
{
	struct policy_rules never = rules;
	struct anomaly *a = anomaly_new(&never);

	(void)state;
	never.suspects = 0;
	for (int64_t n = 1; n <= 250; n++)
		assert_int_equal(suspect_at(a, n, START), REASON_MACHINE_SUSPECT);
	assert_false(anomaly_stopped(a, text, sizeof(text)));
	anomaly_free(a);
}

/* 500 real machines behind one address: two keys each, one machine in ten without any in escrow. */
static void test_shared_address(void **state)
{
	struct anomaly *a = anomaly_new(&rules);

	(void)state;
	for (int64_t n = 1; n <= 500; n++) { /* all at once: nothing has been opened yet */
		struct subject s = machine(n, "10.1.0.254");
		uint64_t key = (uint64_t)n * 10;
		assert_int_equal(
		        report_many(a, anomaly_asked, &s, key, key + 1, START + n), REASON_OK);
	}
	for (int64_t n = 1; n <= 500; n++) {
		struct subject s = machine(n, "10.1.0.254");
		struct guid g = protector((uint64_t)n * 10), h = protector((uint64_t)n * 10 + 1);
		if (n % 10 == 3) {
			assert_int_equal(anomaly_not_found(a, &s, &g, START + MINUTE), REASON_OK);
			assert_int_equal(anomaly_not_found(a, &s, &h, START + MINUTE), REASON_OK);
		} else if (n % 50 == 7) {
			assert_int_equal(anomaly_mismatch(a, &s, &g, START + MINUTE), REASON_OK);
		} else {
			anomaly_opened(a, &s, &g, START + MINUTE);
		}
		assert_int_equal(check(a, &s, START + MINUTE), REASON_OK);
	}
	anomaly_free(a);
}

/* A proxy and an empty vault: after some hundred it looks like a probe, until a person says no. */
static void test_vouched(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject proxy = {.ip = "10.1.0.254"}, one = machine(1, "10.1.0.254");
	unsigned refused = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int64_t n = 1; n <= 500; n++) {
			struct subject s = machine(n, "10.1.0.254");
			struct guid g = protector((uint64_t)n);
			if (check(a, &s, START + n) != REASON_OK)
				refused++;
			else
				(void)anomaly_not_found(a, &s, &g, START + n);
		}
		assert_int_equal(refused, 500 - 8 * 16 - 1); /* of the first round only */
		assert_int_equal(anomaly_trust(a, &proxy), round == 0);
	}
	/* It stays so. */
	anomaly_resume(a);
	assert_int_equal(report_many(a, anomaly_not_found, &one, 1, 900, START), REASON_OK);
	anomaly_free(a);
}

static void test_trust_machine(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	assert_false(anomaly_trust(a, &s));
	assert_int_equal(report_many(a, anomaly_asked, &s, 1, 17, START), REASON_MACHINE_SUSPECT);
	assert_true(anomaly_trust(a, &s));
	assert_false(anomaly_trust(a, &s));
	assert_int_equal(check(a, &s, START + MINUTE), REASON_OK);
	/* What it asked for goes on; it has as much again, not everything. */
	assert_int_equal(report_many(a, anomaly_asked, &s, 1, 17, START + MINUTE), REASON_OK);
	assert_int_equal(report_many(a, anomaly_asked, &s, 101, 115, START + MINUTE), REASON_OK);
	assert_int_equal(report_many(a, anomaly_asked, &s, 117, 117, START + MINUTE),
	        REASON_MACHINE_SUSPECT);
	anomaly_free(a);
}

/* --- tokens --------------------------------------------------------------------------------------
 */

static void test_noise(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject real = machine(1, "10.1.0.1"), liar = machine(1, "10.1.0.66");

	(void)state;
	for (int i = 0; i < 5000; i++) {
		enum reason misuse = i % 2 ? REASON_TOKEN_INVALID : REASON_TOKEN_EXPIRED;
		assert_int_equal(anomaly_token(a, &liar, misuse, START + i), REASON_OK);
		assert_int_equal(anomaly_token(a, &real, misuse, START + i), REASON_OK);
	}
	assert_int_equal(check(a, &real, START + MINUTE), REASON_OK);
	assert_int_equal(check(a, &liar, START + MINUTE), REASON_OK);
	assert_int_equal(report_many(a, anomaly_not_found, &liar, 1, 200, START + MINUTE),
	        REASON_MACHINE_SUSPECT);
	assert_int_equal(check(a, &liar, START + MINUTE), REASON_MACHINE_SUSPECT);
	assert_non_null(strstr(text, "5000 unknown boot tokens"));
	assert_int_equal(check(a, &real, START + MINUTE), REASON_OK);
	anomaly_free(a);
}

static void test_stolen_tokens(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject victim = machine(1, "10.1.0.1"), thief = machine(1, "10.1.0.66");
	static const enum reason kinds[] = {
	        REASON_TOKEN_USED, REASON_TOKEN_OTHER_ADDRESS, REASON_SESSION_REPLACED};

	(void)state;
	for (int i = 0; i < ANOMALY_TOKENS; i++)
		assert_int_equal(anomaly_token(a, &thief, kinds[i % 3], START), REASON_OK);
	assert_int_equal(
	        anomaly_token(a, &thief, kinds[0], START + 59 * MINUTE), REASON_MACHINE_SUSPECT);
	assert_int_equal(check(a, &thief, START + 59 * MINUTE), REASON_MACHINE_SUSPECT);
	assert_non_null(strstr(text, "its address 10.1.0.66"));
	/* The machine whose tokens they were is not suspect at its own address. */
	assert_int_equal(check(a, &victim, START + 59 * MINUTE), REASON_OK);
	anomaly_free(a);
}

/* What is counted of an address counts for an hour at least, and for 65 minutes at most. */
static void test_tokens_slide(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(anomaly_token(a, &s, REASON_TOKEN_USED, START + i * 17 * MINUTE),
		        REASON_OK);
	anomaly_free(a);
	a = anomaly_new(&rules);
	enum reason worst = REASON_OK;
	for (int i = 0; i < 5; i++) {
		enum reason r =
		        anomaly_token(a, &s, REASON_TOKEN_USED, START + i * 15 * MINUTE - 1);
		worst = r == REASON_OK ? worst : r;
	}
	assert_int_equal(worst, REASON_MACHINE_SUSPECT);
	anomaly_free(a);
}

/* --- by a person, and by accident ----------------------------------------------------------------
 */

static void test_by_a_person(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1");

	(void)state;
	anomaly_stop(a, "ransomware on floor 3", START);
	assert_int_equal(check(a, &s, START), REASON_RELEASES_STOPPED);
	assert_string_equal(text, "ransomware on floor 3");
	anomaly_resume(a);
	assert_int_equal(check(a, &s, START), REASON_OK);
	anomaly_stop(a, "", START);
	assert_true(anomaly_stopped(a, text, sizeof(text)));
	assert_string_equal(text, "by a person");
	anomaly_free(a);
}

static void count_suspect(void *context, const char *what, const char *why)
{
	char *list = context;
	size_t len = strlen(list);

	(void)snprintf(list + len, 300 - len, "%s: %s\n", what, why);
}

static void test_list(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(7, "10.1.0.1");
	char list[300] = "";

	(void)state;
	(void)snprintf(s.mac, sizeof(s.mac), "52:54:00:00:00:07");
	(void)report_many(a, anomaly_asked, &s, 1, 17, START);
	anomaly_suspects(a, START + HOUR, count_suspect, list);
	assert_string_equal(list, "PC07 (number 7, 52:54:00:00:00:07): it asked for more than 16 "
	                          "keys within an hour\n");
	list[0] = '\0';
	anomaly_suspects(a, START + 2 * HOUR, count_suspect, list);
	assert_string_equal(list, "");
	anomaly_free(a);
}

static void test_clock_back(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject s = machine(1, "10.1.0.1"), other = machine(2, "10.1.0.2");
	struct guid g = protector(1);

	(void)state;
	(void)report_many(a, anomaly_asked, &s, 1, 17, START);
	assert_int_equal(anomaly_asked(a, &other, &g, START - 24 * HOUR), REASON_OK);
	assert_int_equal(check(a, &s, START - 24 * HOUR + 59 * MINUTE), REASON_MACHINE_SUSPECT);
	assert_int_equal(check(a, &s, START - 24 * HOUR + HOUR), REASON_OK);
	anomaly_free(a);
}

/* As many others as one likes do not push a suspect out, and keep the memory bounded. */
static void test_full(void **state)
{
	struct anomaly *a = anomaly_new(&rules);
	struct subject bad = machine(1, "10.1.0.66");

	(void)state;
	(void)report_many(a, anomaly_asked, &bad, 1, 17, START);
	for (int64_t n = 2; n < 3 * ANOMALY_WATCHED; n++) {
		struct subject s = machine(n, "10.1.0.2");
		struct guid g = protector(1);
		assert_int_equal(anomaly_asked(a, &s, &g, START + 1000), REASON_OK);
	}
	assert_int_equal(check(a, &bad, START + MINUTE), REASON_MACHINE_SUSPECT);
	anomaly_free(a);
}

/* Suspects only, as many as are remembered: who cannot be watched gets nothing. */
static void test_full_of_suspects(void **state)
{
	struct policy_rules never = rules;
	struct anomaly *a = anomaly_new(&never);
	struct subject next = machine(ANOMALY_WATCHED + 1, "");
	struct guid g = protector(1);

	(void)state;
	never.suspects = 0;
	for (int64_t n = 1; n <= ANOMALY_WATCHED; n++) {
		struct subject s = machine(n, "");
		assert_int_equal(
		        report_many(a, anomaly_asked, &s, 1, 17, START), REASON_MACHINE_SUSPECT);
	}
	assert_false(anomaly_stopped(a, text, sizeof(text)));
	assert_int_equal(anomaly_asked(a, &next, &g, START + MINUTE), REASON_RELEASES_STOPPED);
	assert_int_equal(check(a, &next, START + MINUTE), REASON_RELEASES_STOPPED);
	assert_non_null(strstr(text, "more suspects than can be remembered"));
	/* An hour later they are suspect no more, and give way. */
	anomaly_resume(a);
	assert_int_equal(anomaly_asked(a, &next, &g, START + 2 * HOUR), REASON_OK);
	assert_int_equal(check(a, &next, START + 2 * HOUR), REASON_OK);
	anomaly_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_keys),
	        cmocka_unit_test(test_keys_slide), cmocka_unit_test(test_mismatches),
	        cmocka_unit_test(test_opened_after_all), cmocka_unit_test(test_probes),
	        cmocka_unit_test(test_many_suspects_of_one_address), cmocka_unit_test(test_stop),
	        cmocka_unit_test(test_never_stop), cmocka_unit_test(test_shared_address),
	        cmocka_unit_test(test_vouched), cmocka_unit_test(test_trust_machine),
	        cmocka_unit_test(test_noise), cmocka_unit_test(test_stolen_tokens),
	        cmocka_unit_test(test_tokens_slide), cmocka_unit_test(test_by_a_person),
	        cmocka_unit_test(test_list), cmocka_unit_test(test_clock_back),
	        cmocka_unit_test(test_full), cmocka_unit_test(test_full_of_suspects)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
