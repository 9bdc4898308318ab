/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fixer at work while its machine comes into another campaign, or its line is stopped: nothing of
 * one campaign counts in another, and nothing is written that nobody wants written now. */
#include "tests/unit/fleet_fixture.h"

#include "appliance/fleet/campaign/campaign.h"

static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static int64_t begin_with(struct fixture *f, const char *text)
{
	const struct campaign_order order = {.verb = CAMPAIGN_VERB_START, .text = ""};
	struct plan p;
	struct error err = {0};
	int64_t id = 0, count;

	assert_int_equal(plan_parse(text, strlen(text), &p, &err), 0);
	assert_int_equal(campaign_create(f->fleet.store, &p, &tester, now, &id), 0);
	plan_clear(&p);
	assert_int_equal(campaign_act(f->fleet.store, id, &order, &tester, now, &count, &err), 0);
	assert_int_equal(campaign_tick(&f->fleet), 0);
	return id;
}

static int64_t begin(struct fixture *f, const char *name, bool dry)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "{\"name\":\"%s\",\"scope\":{\"all\":true},%s}", name,
	        dry ? "\"dry_run\":true" : "\"dry_run\":false");
	return begin_with(f, text);
}

static void act(struct fixture *f, int64_t id, enum campaign_verb verb)
{
	const struct campaign_order order = {.verb = verb, .text = ""};
	struct error err = {0};
	int64_t count;

	now += SECOND;
	assert_int_equal(campaign_act(f->fleet.store, id, &order, &tester, now, &count, &err), 0);
}

static void next_campaign(struct fixture *f, int64_t before, bool dry)
{
	act(f, before, CAMPAIGN_VERB_ABORT);
	int64_t id = begin(f, "second", dry);
	assert_int_equal(get(f).campaign, id);
}

static struct store_session again(struct fixture *f, const struct store_session *session)
{
	struct store_session now_is;

	assert_int_equal(store_session_by_id(f->fleet.store, session->id, &now_is), 0);
	return now_is;
}

static void test_no_key_of_the_campaign_before(void **state)
{
	struct fixture *f = *state;
	(void)add(f);
	int64_t first = begin(f, "first", false);
	struct store_session session = start(f);
	report(f, &session, STATE_waiting);
	next_campaign(f, first, true);

	/* Escrow was asked before; its answer comes now. */
	assert_int_equal(fleet_released(&f->fleet, &session, "{}"), 0);
	struct store_session after_it = again(f, &session);
	assert_null(after_it.released);
	store_session_free(&after_it);
	assert_int_equal(fleet_denied(&f->fleet, &session, "no"), 0);
	expect(f, STATE_waiting, REASON_OK);

	finish(f, &session, REASON_KEY_NOT_FOUND, "again");
	expect(f, STATE_seen, REASON_OK);
	assert_false(get(f).done);
	store_session_free(&session);
	/* It goes on under the one it is in now. */
	session = start(f);
	assert_int_equal(fleet_released(&f->fleet, &session, "{}"), 0);
	after_it = again(f, &session);
	assert_non_null(after_it.released);
	store_session_free(&after_it);
	finish(f, &session, REASON_WOULD_REPAIR, "reboot");
	store_session_free(&session);
}

static void test_a_dry_result_is_no_return_in_a_real_campaign(void **state)
{
	struct fixture *f = *state;
	(void)add(f);
	int64_t first = begin(f, "first", true);
	struct store_session session = start(f);
	assert_int_equal(fleet_released(&f->fleet, &session, "{}"), 0);
	next_campaign(f, first, false);
	finish(f, &session, REASON_WOULD_REPAIR, "again");
	expect(f, STATE_seen, REASON_OK);
	assert_false(get(f).done);
	store_session_free(&session);
}

static void test_a_repair_with_its_key_is_finished(void **state)
{
	struct fixture *f = *state;
	enum reason refused = REASON_OK;
	(void)add(f);
	int64_t first = begin(f, "first", false);
	struct store_session session = start(f);
	assert_int_equal(fleet_released(&f->fleet, &session, "{}"), 0);
	next_campaign(f, first, true);
	struct store_session with_key = again(f, &session);
	assert_int_equal(fleet_bundle(&f->fleet, &with_key, digest, 1, f->nothing, &refused), 0);
	finish(f, &with_key, REASON_REPAIRED, "reboot");
	expect(f, STATE_rebooting, REASON_REPAIRED);
	assert_true(get(f).done);
	store_session_free(&with_key);
	store_session_free(&session);
}

/* What it was told at its boot (whether it is a dry run) is of the campaign before. */
static void test_no_session_of_a_boot_in_another_campaign(void **state)
{
	struct fixture *f = *state;
	struct store_session session;
	char token[TOKEN_TEXT];
	(void)add(f);
	int64_t first = begin(f, "first", false);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	next_campaign(f, first, true);
	assert_int_equal(open_session(f, token, &session), -EACCES);
	expect(f, STATE_seen, REASON_OK);
	session = start(f);
	store_session_free(&session);
}

/* The fixer asks once more when the first answer was lost: it gets the same recipe. */
static void test_the_same_session_keeps_its_campaign(void **state)
{
	struct fixture *f = *state;
	struct fleet_hello hello = {.boot_id = "b", .key = "k", .volumes = "[]"};
	struct fleet_welcome welcome;
	struct error err = {0};
	char token[TOKEN_TEXT];
	(void)add(f);
	int64_t first = begin(f, "first", false);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	hello.token = token;
	(void)snprintf(hello.identity.ip, sizeof(hello.identity.ip), "10.0.0.9");
	assert_int_equal(fleet_session_open(&f->fleet, &hello, &welcome, &err), 0);
	assert_int_equal(welcome.campaign, first);
	next_campaign(f, first, true);
	assert_int_equal(fleet_session_open(&f->fleet, &hello, &welcome, &err), 0);
	assert_int_equal(welcome.campaign, first);
}

/* A machine that needs no key asks once before it writes: when it saves its repair. */
static void test_nothing_is_saved_while_the_line_stands(void **state)
{
	struct fixture *f = *state;
	enum reason refused = REASON_OK;
	struct store_bundle pending;
	int64_t id = add(f), first = begin(f, "first", false);
	struct store_session session = start(f);
	report(f, &session, STATE_saving);
	act(f, first, CAMPAIGN_VERB_PAUSE);
	assert_int_equal(
	        fleet_bundle(&f->fleet, &session, digest, 1, f->nothing, &refused), -EACCES);
	assert_int_equal(refused, REASON_CAMPAIGN_PAUSED);
	assert_int_equal(store_bundle_pending(f->fleet.store, id, &pending), -ENOENT);
	finish(f, &session, REASON_CAMPAIGN_PAUSED, "again");
	expect(f, STATE_seen, REASON_OK);
	store_session_free(&session);

	act(f, first, CAMPAIGN_VERB_RESUME);
	session = start(f);
	assert_int_equal(fleet_bundle(&f->fleet, &session, digest, 1, f->nothing, &refused), 0);
	/* It may be writing now, and is let finish: its next volume, too. */
	act(f, first, CAMPAIGN_VERB_PAUSE);
	assert_int_equal(fleet_bundle(&f->fleet, &session, digest, 1, f->nothing, &refused), 0);
	assert_int_equal(fleet_bundle(&f->fleet, &session,
	                         "ff23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	                         1, f->nothing, &refused),
	        0);
	next_campaign(f, first, true);
	finish(f, &session, REASON_REPAIRED, "reboot");
	expect(f, STATE_rebooting, REASON_REPAIRED);
	store_session_free(&session);
}

static void test_nothing_is_saved_under_another_campaign(void **state)
{
	struct fixture *f = *state;
	enum reason refused = REASON_OK;
	(void)add(f);
	int64_t first = begin(f, "first", false);
	struct store_session session = start(f);
	next_campaign(f, first, true);
	assert_int_equal(
	        fleet_bundle(&f->fleet, &session, digest, 1, f->nothing, &refused), -EACCES);
	assert_int_equal(refused, REASON_CAMPAIGN_CHANGED);
	finish(f, &session, refused, "again");
	expect(f, STATE_seen, REASON_OK);
	store_session_free(&session);
}

static void test_a_failure_is_judged_by_when_it_came(void **state)
{
	struct fixture *f = *state;
	struct store_campaign c;
	(void)add(f);
	int64_t id = begin_with(f, "{\"name\":\"one\",\"scope\":{\"all\":true},"
	                           "\"stop\":{\"failed_percent\":50,\"at_least\":1}}");
	struct store_session session = start(f);
	/* Silent: it stands in attention, which is no failure. */
	after(f, FLEET_SILENCE_MS + SECOND);
	expect(f, STATE_attention, REASON_NO_HEARTBEAT);
	now += MINUTE;
	act(f, id, CAMPAIGN_VERB_PAUSE);
	act(f, id, CAMPAIGN_VERB_RESUME);
	now += MINUTE;
	finish(f, &session, REASON_NO_DISK, "hold");
	expect(f, STATE_attention, REASON_NO_DISK);
	assert_int_equal(get(f).since, now);
	assert_int_equal(campaign_tick(&f->fleet), 0);
	assert_int_equal(store_campaign_get(f->fleet.store, id, &c), 0);
	assert_string_equal(campaign_state_name(c.state), "stopped");
	store_campaign_free(&c);
	store_session_free(&session);
}

/* The fixer tells of it in an event. */
static void test_a_failure_told_in_attention_is_new(void **state)
{
	struct fixture *f = *state;
	struct fleet_event e = {.n = 1,
	        .event = {.state = STATE_attention, .reason = REASON_NO_DISK, .numbers = "{}"}};
	int64_t ack;
	(void)add(f);
	struct store_session session = start(f);
	report(f, &session, STATE_attention);
	now += MINUTE;
	assert_int_equal(fleet_events(&f->fleet, &session, STATE_attention, &e, 1, &ack), 0);
	int64_t told = now;
	assert_int_equal(get(f).since, told);
	/* The result says the same: nothing new has failed. */
	now += MINUTE;
	finish(f, &session, REASON_NO_DISK, "hold");
	assert_int_equal(get(f).since, told);
	store_session_free(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_no_key_of_the_campaign_before),
	        TEST(test_a_dry_result_is_no_return_in_a_real_campaign),
	        TEST(test_a_repair_with_its_key_is_finished),
	        TEST(test_no_session_of_a_boot_in_another_campaign),
	        TEST(test_the_same_session_keeps_its_campaign),
	        TEST(test_nothing_is_saved_while_the_line_stands),
	        TEST(test_nothing_is_saved_under_another_campaign),
	        TEST(test_a_failure_is_judged_by_when_it_came),
	        TEST(test_a_failure_told_in_attention_is_new),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
