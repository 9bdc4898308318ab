/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests that wait for people, with a clock of the test's own. */
#include "appliance/escrow/policy/approvals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define START   INT64_C(1721390400000)
#define MINUTE  INT64_C(60000)
#define SESSION "00112233445566778899aabbccddeeff"
#define OTHER   "ffeeddccbbaa99887766554433221100"

static const struct policy_rules pairing = {
        .approval = APPROVAL_PAIRING, .request_minutes = 60, .approval_minutes = 15};
static const struct policy_rules two_person = {
        .approval = APPROVAL_TWO_PERSON, .request_minutes = 60, .approval_minutes = 15};

static struct subject someone = {.machine = 7, .name = "PC07", .ip = "10.1.0.7"};
static char expired_id[REQUEST_TEXT];

static enum reason ask(
        struct approvals *a, const char *session, int64_t now, const struct request **ret)
{
	return approvals_ask(a, session, &someone, now, ret, expired_id);
}

/* The id of the session's request, asked for now. */
static const char *request_of(struct approvals *a, const char *session, int64_t now)
{
	static char id[REQUEST_TEXT];
	const struct request *r;

	(void)ask(a, session, now, &r);
	assert_non_null(r);
	(void)snprintf(id, sizeof(id), "%s", r->id);
	return id;
}

static enum reason decide(
        struct approvals *a, const char *request, const char *who, bool approve, int64_t now)
{
	struct request ret;

	return approvals_decide(a, request, who, approve, now, &ret);
}

static void none(void *context, const struct request *r)
{
	(void)context;
	fail_msg("request %s", r->id);
}

static void append(void *context, const struct request *r)
{
	char *list = context;
	size_t len = strlen(list);

	(void)snprintf(list + len, 200 - len, "%.4s ", r->session);
}

static void test_auto(void **state)
{
	static const struct policy_rules rules = {.approval = APPROVAL_AUTO};
	struct approvals *a = approvals_new(&rules);
	const struct request *r;

	(void)state;
	assert_int_equal(approvals_needed(&rules, &someone), 0);
	assert_int_equal(approvals_needed(&pairing, &someone), 1);
	assert_int_equal(approvals_needed(&two_person, &someone), 2);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_OK);
	assert_null(r);
	assert_int_equal(approvals_count(a), 0);
	approvals_free(a);
}

static void test_pairing(void **state)
{
	struct approvals *a = approvals_new(&pairing);
	const struct request *r;
	struct request copy;
	char id[REQUEST_TEXT];

	(void)state;
	assert_int_equal(ask(a, SESSION, START, &r), REASON_WAITING_APPROVAL);
	assert_string_equal(expired_id, "");
	assert_int_equal(strlen(r->id), 16);
	assert_int_equal(strspn(r->id, "0123456789abcdef"), 16);
	assert_string_equal(r->session, SESSION);
	assert_int_equal(r->subject.machine, 7);
	assert_int_equal(r->since, START);
	assert_int_equal(r->expires, START + 60 * MINUTE);
	assert_string_equal(r->code, "");
	memcpy(id, r->id, sizeof(id));
	assert_true(approvals_tick(a, START, none, NULL));
	assert_false(approvals_tick(a, START, none, NULL));
	approvals_set_code(a, id, "K7Q2MF");
	approvals_set_code(a, "0000000000000000", "K7Q2MF");
	assert_true(approvals_tick(a, START, none, NULL));
	/* The same request whenever it asks. */
	assert_int_equal(ask(a, SESSION, START + MINUTE, &r), REASON_WAITING_APPROVAL);
	assert_string_equal(r->id, id);
	assert_string_equal(r->code, "K7Q2MF");
	assert_int_equal(
	        decide(a, "0000000000000000", "anna", true, START + MINUTE), REASON_REQUEST_GONE);
	assert_int_equal(approvals_decide(a, id, "anna", true, START + MINUTE, &copy), REASON_OK);
	assert_int_equal(copy.approved_count, 1);
	assert_string_equal(copy.approved[0], "anna");
	assert_string_equal(copy.session, SESSION);
	assert_int_equal(approvals_count(a), 0);
	assert_int_equal(ask(a, SESSION, START + 2 * MINUTE, &r), REASON_OK);
	assert_string_equal(r->approved[0], "anna");
	/* Good for one release. */
	approvals_used(a, SESSION);
	assert_int_equal(decide(a, id, "bert", false, START + 2 * MINUTE), REASON_REQUEST_GONE);
	assert_int_equal(ask(a, SESSION, START + 2 * MINUTE, &r), REASON_WAITING_APPROVAL);
	assert_string_not_equal(r->id, id);
	approvals_free(a);
}

static void test_two_persons(void **state)
{
	struct approvals *a = approvals_new(&two_person);
	const struct request *r;

	(void)state;
	const char *id = request_of(a, SESSION, START);
	assert_int_equal(decide(a, id, "anna", true, START), REASON_OK);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_WAITING_SECOND_PERSON);
	assert_int_equal(decide(a, id, "anna", true, START), REASON_APPROVER_TWICE);
	assert_int_equal(decide(a, id, "ANNA", true, START), REASON_APPROVER_TWICE);
	assert_int_equal(approvals_count(a), 1);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_WAITING_SECOND_PERSON);
	assert_int_equal(decide(a, id, "anna2", true, START), REASON_OK);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_OK);
	assert_int_equal(r->approved_count, 2);
	/* A third changes nothing, but may still say no. */
	assert_int_equal(decide(a, id, "carl", true, START), REASON_OK);
	assert_int_equal(r->approved_count, 2);
	assert_int_equal(decide(a, id, "carl", false, START), REASON_OK);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_RELEASE_DENIED);
	approvals_free(a);
}

/* One of two persons has approved; the other one, or himself, may deny. */
static void test_denied(void **state)
{
	struct approvals *a = approvals_new(&two_person);
	const struct request *r;

	(void)state;
	const char *id = request_of(a, SESSION, START);
	assert_int_equal(decide(a, id, "anna", true, START), REASON_OK);
	assert_int_equal(decide(a, id, "anna", false, START), REASON_OK);
	assert_int_equal(approvals_count(a), 0);
	assert_int_equal(decide(a, id, "bert", true, START), REASON_REQUEST_GONE);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_RELEASE_DENIED);
	assert_string_equal(r->denied_by, "anna");
	/* For good: no expiry, no silence, no use ends it. A new session may ask. */
	assert_false(approvals_tick(a, START, none, NULL) &&
	             approvals_tick(a, START + 600 * MINUTE, none, NULL));
	approvals_used(a, SESSION);
	assert_int_equal(ask(a, SESSION, START + 600 * MINUTE, &r), REASON_RELEASE_DENIED);
	assert_int_equal(ask(a, OTHER, START + 600 * MINUTE, &r), REASON_WAITING_APPROVAL);
	approvals_free(a);
}

/* Asks every minute from the last minute asked to this one. */
static enum reason keep_asking(struct approvals *a, int from, int to)
{
	const struct request *r;
	enum reason reason = REASON_INTERNAL;

	for (int i = from; i <= to; i++)
		reason = ask(a, SESSION, START + i * MINUTE, &r);
	return reason;
}

static void test_not_approved_in_time(void **state)
{
	struct approvals *a = approvals_new(&two_person);
	char id[REQUEST_TEXT], list[200] = "";

	(void)state;
	memcpy(id, request_of(a, SESSION, START), sizeof(id));
	assert_int_equal(decide(a, id, "anna", true, START + MINUTE), REASON_OK);
	assert_int_equal(keep_asking(a, 1, 59), REASON_WAITING_SECOND_PERSON);
	(void)approvals_tick(a, START + 60 * MINUTE - 1, none, NULL);
	/* Too late, whether or not the tick has come by. */
	assert_int_equal(decide(a, id, "bert", true, START + 60 * MINUTE), REASON_REQUEST_GONE);
	assert_true(approvals_tick(a, START + 60 * MINUTE, append, list));
	assert_string_equal(list, "0011 ");
	assert_int_equal(keep_asking(a, 60, 60), REASON_WAITING_APPROVAL);
	assert_string_equal(expired_id, "");
	/* And without a tick. */
	memcpy(id, request_of(a, SESSION, START + 61 * MINUTE), sizeof(id));
	assert_int_equal(keep_asking(a, 61, 119), REASON_WAITING_APPROVAL);
	assert_int_equal(keep_asking(a, 120, 120), REASON_WAITING_APPROVAL);
	assert_string_equal(expired_id, id);
	approvals_free(a);
}

static void test_approval_not_used(void **state)
{
	struct approvals *a = approvals_new(&pairing);

	(void)state;
	assert_int_equal(
	        decide(a, request_of(a, SESSION, START), "anna", true, START + MINUTE), REASON_OK);
	assert_int_equal(keep_asking(a, 1, 15), REASON_OK);
	/* Nobody is to blame that it was not approved: not told as expired. */
	assert_false(approvals_tick(a, START + 16 * MINUTE, none, NULL) &&
	             approvals_tick(a, START + 16 * MINUTE, none, NULL));
	assert_int_equal(keep_asking(a, 16, 16), REASON_WAITING_APPROVAL);
	approvals_free(a);
}

static void test_silence(void **state)
{
	struct approvals *a = approvals_new(&pairing);
	const char *id = request_of(a, SESSION, START);

	(void)state;
	(void)approvals_tick(a, START + REQUEST_SILENCE - 1, none, NULL);
	assert_int_equal(approvals_count(a), 1);
	/* It is gone: nobody approves what nobody waits for. */
	assert_int_equal(decide(a, id, "anna", true, START + REQUEST_SILENCE), REASON_REQUEST_GONE);
	assert_true(approvals_tick(a, START + REQUEST_SILENCE, none, NULL));
	assert_int_equal(approvals_count(a), 0);
	approvals_free(a);
}

/* A clock that is set back does not keep an approval alive. */
static void test_clock_back(void **state)
{
	struct approvals *a = approvals_new(&pairing);
	const struct request *r;
	int64_t back = START - 1440 * MINUTE;

	(void)state;
	assert_int_equal(decide(a, request_of(a, SESSION, START), "anna", true, START), REASON_OK);
	for (int i = 0; i < 15; i++)
		assert_int_equal(ask(a, SESSION, back + i * MINUTE, &r), REASON_OK);
	assert_int_equal(ask(a, SESSION, back + 15 * MINUTE, &r), REASON_WAITING_APPROVAL);
	approvals_free(a);
}

static void test_list(void **state)
{
	struct approvals *a = approvals_new(&pairing);
	char list[200] = "", session[33];
	const struct request *r;

	(void)state;
	for (int i = 0; i < 6; i++) {
		(void)snprintf(session, sizeof(session), "%04d%028d", i, 0);
		assert_int_equal(ask(a, session, START + i, &r), REASON_WAITING_APPROVAL);
		if (i == 2)
			assert_int_equal(decide(a, r->id, "anna", true, START + i), REASON_OK);
		if (i == 3)
			assert_int_equal(decide(a, r->id, "anna", false, START + i), REASON_OK);
	}
	/* Who asks again keeps his place. */
	(void)snprintf(session, sizeof(session), "%04d%028d", 0, 0);
	(void)ask(a, session, START + 10, &r);
	approvals_list(a, append, list);
	assert_string_equal(list, "0000 0001 0004 0005 ");
	assert_int_equal(approvals_count(a), 4);
	approvals_free(a);
}

/* As many as there may be, quickly; then no more; a denied one gives way. */
static void test_full(void **state)
{
	struct approvals *a = approvals_new(&pairing);
	const struct request *r;
	char session[33], first[REQUEST_TEXT] = "";

	(void)state;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < NM_MAX_CASES; i++) {
			(void)snprintf(session, sizeof(session), "%032d", i);
			assert_int_equal(
			        ask(a, session, START + round, &r), REASON_WAITING_APPROVAL);
			if (i == 5)
				memcpy(first, r->id, sizeof(first));
		}
	}
	assert_int_equal(approvals_count(a), NM_MAX_CASES);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_OUT_OF_MEMORY);
	assert_null(r);
	assert_int_equal(decide(a, first, "anna", false, START), REASON_OK);
	assert_int_equal(ask(a, SESSION, START, &r), REASON_WAITING_APPROVAL);
	assert_int_equal(ask(a, OTHER, START, &r), REASON_OUT_OF_MEMORY);
	assert_int_equal(approvals_count(a), NM_MAX_CASES);
	approvals_free(a);
}

/* A campaign asks for more people than the policy, or tries to ask for fewer. */
static void test_campaigns_only_add(void **state)
{
	static const struct policy_rules automatic = {
	        .approval = APPROVAL_AUTO, .request_minutes = 60, .approval_minutes = 15};
	struct subject strict = someone, loose = someone;
	struct approvals *a = approvals_new(&automatic), *two = approvals_new(&two_person);
	const struct request *r;

	(void)state;
	strict.approval = APPROVAL_PAIRING;
	assert_int_equal(approvals_needed(&automatic, &strict), 1);
	assert_int_equal(approvals_needed(&two_person, &strict), 2);
	loose.approval = APPROVAL_AUTO;
	assert_int_equal(approvals_ask(two, SESSION, &loose, START, &r, expired_id),
	        REASON_WAITING_APPROVAL);
	assert_int_equal(r->needs, 2);

	assert_int_equal(
	        approvals_ask(a, SESSION, &strict, START, &r, expired_id), REASON_WAITING_APPROVAL);
	assert_int_equal(r->needs, 1);
	/* Said otherwise, it still waits for whom it asked. */
	assert_int_equal(
	        approvals_ask(a, SESSION, &loose, START, &r, expired_id), REASON_WAITING_APPROVAL);
	char id[REQUEST_TEXT];
	memcpy(id, r->id, sizeof(id));
	assert_int_equal(decide(a, id, "anna", true, START), REASON_OK);
	assert_int_equal(approvals_count(a), 0);
	/* And what one approved is not enough any more when two are asked for. */
	strict.approval = APPROVAL_TWO_PERSON;
	assert_int_equal(approvals_ask(a, SESSION, &strict, START, &r, expired_id),
	        REASON_WAITING_SECOND_PERSON);
	assert_int_equal(approvals_count(a), 1);
	assert_int_equal(decide(a, id, "bert", true, START), REASON_OK);
	assert_int_equal(approvals_ask(a, SESSION, &loose, START, &r, expired_id), REASON_OK);
	approvals_free(a);
	approvals_free(two);
}

/* Whoever becomes root is one person at most: two are named. */
static void test_root_is_none_of_two(void **state)
{
	struct subject machine = someone;
	struct approvals *a = approvals_new(&pairing), *two = approvals_new(&two_person);
	const struct request *r;
	char id[REQUEST_TEXT];

	(void)state;
	const char *whole = request_of(two, SESSION, START);
	assert_int_equal(decide(two, whole, "root", true, START), REASON_APPROVER_UNKNOWN);
	assert_int_equal(decide(two, whole, "anna", true, START), REASON_OK);
	assert_int_equal(decide(two, whole, "Root", true, START), REASON_APPROVER_UNKNOWN);
	assert_int_equal(ask(two, SESSION, START, &r), REASON_WAITING_SECOND_PERSON);
	assert_int_equal(decide(two, whole, "root", false, START), REASON_OK); /* may say no */

	/* One was enough when root approved; then its campaign asks for two. */
	memcpy(id, request_of(a, SESSION, START), sizeof(id));
	assert_int_equal(decide(a, id, "root", true, START), REASON_OK);
	machine.approval = APPROVAL_TWO_PERSON;
	assert_int_equal(approvals_ask(a, SESSION, &machine, START, &r, expired_id),
	        REASON_WAITING_APPROVAL);
	assert_int_equal(decide(a, id, "root", true, START), REASON_APPROVER_UNKNOWN);
	assert_int_equal(decide(a, id, "anna", true, START), REASON_OK);
	assert_int_equal(decide(a, id, "bert", true, START), REASON_OK);
	assert_int_equal(approvals_ask(a, SESSION, &machine, START, &r, expired_id), REASON_OK);
	approvals_free(a);
	approvals_free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_auto),
	        cmocka_unit_test(test_root_is_none_of_two),
	        cmocka_unit_test(test_campaigns_only_add), cmocka_unit_test(test_pairing),
	        cmocka_unit_test(test_two_persons), cmocka_unit_test(test_denied),
	        cmocka_unit_test(test_not_approved_in_time),
	        cmocka_unit_test(test_approval_not_used), cmocka_unit_test(test_silence),
	        cmocka_unit_test(test_clock_back), cmocka_unit_test(test_list),
	        cmocka_unit_test(test_full)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
