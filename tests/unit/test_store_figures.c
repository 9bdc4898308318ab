/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is counted, learnt and told to webhooks. */
#include "tests/unit/store_fixture.h"

#include "appliance/store/counts.h"
#include "appliance/store/hooks.h"
#include "appliance/store/learnt.h"

#include <errno.h>

static int64_t machine(
        struct fixture *f, const char *mac, enum machine_state state, int attempt, int64_t since)
{
	struct machine m;
	int64_t id;

	assert_int_equal(store_begin(f->store, false), 0);
	assert_int_equal(store_machine_add(f->store, mac, &id), 0);
	assert_int_equal(store_machine_get(f->store, id, &m), 0);
	m.state = state;
	m.attempt = attempt;
	m.since = m.last_seen = since;
	assert_int_equal(store_machine_save(f->store, &m), 0);
	assert_int_equal(store_commit(f->store), 0);
	return id;
}

static int64_t event(struct fixture *f, int64_t id, int64_t at, enum machine_state state,
        enum reason reason, const char *step)
{
	struct store_event e = {
	        .at = at, .attempt = 1, .state = state, .reason = reason, .numbers = "{}"};
	int64_t seq;

	(void)snprintf(e.step, sizeof(e.step), "%s", step);
	assert_int_equal(store_begin(f->store, false), 0);
	assert_int_equal(store_event_add(f->store, id, 0, 0, &e, &seq), 0);
	assert_int_equal(store_commit(f->store), 0);
	return seq;
}

static int sum(const struct store_count *count, void *context)
{
	int64_t *all = context;

	assert_true(count->state == STATE_seen || count->state == STATE_returned);
	assert_string_equal(count->campaign, "");
	*all += count->machines;
	return 0;
}

static int never(const struct store_count *count, void *context)
{
	(void)count;
	(void)context;
	fail();
	return -EIO;
}

static void test_counts(void **state)
{
	struct fixture *f = *state;
	int64_t all = 0, n, by_state[STATE_COUNT];

	machine(f, "52:54:00:00:00:01", STATE_seen, 2, 1);
	machine(f, "52:54:00:00:00:02", STATE_returned, 3, 1);
	machine(f, "52:54:00:00:00:03", STATE_returned, 0, 1);
	assert_int_equal(store_counts(f->store, sum, &all), 0);
	assert_int_equal(all, 3);
	assert_int_equal(store_attempts(f->store, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(store_state_counts(f->store, by_state), 0);
	assert_int_equal(by_state[STATE_returned], 2);
	assert_int_equal(by_state[STATE_seen], 1);
	assert_int_equal(by_state[STATE_held], 0);
	assert_int_equal(store_campaign_counts(f->store, never, NULL), 0);
	assert_int_equal(store_appliances_since(f->store, 0, &n), 0);
	assert_int_equal(n, 0);
}

/* Handed out at 1000, session at 4000, result at 9000, Windows at 20000. */
static void test_durations(void **state)
{
	struct fixture *f = *state;
	int64_t id = machine(f, MAC, STATE_returned, 1, 20000), session;
	const struct store_session opened = {.machine = id,
	        .attempt = 1,
	        .created = 4000,
	        .volumes = (char *)(uintptr_t) "[]",
	        .key = "k",
	        .ip = "10.0.0.9"};
	int64_t ms[LEARNT_SAMPLES_MAX];
	static const int64_t expected[LEARNT_PARTS] = {3000, 5000, 11000};
	size_t count;

	for (int i = 0; i < LEARNT_PARTS; i++) {
		assert_int_equal(store_durations(f->store, (enum learnt_step)i, ms, &count), 0);
		assert_int_equal(count, 0);
	}
	event(f, id, 1000, STATE_booting, REASON_OK, "boot");
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_token_add(f->store, TOKEN, id, "10.0.0.9", "", 1000), 0);
	assert_int_equal(store_session_add(f->store, "secret", TOKEN, &opened, &session), 0);
	assert_int_equal(store_result_add(f->store, id, session, 9000, "{}", "reboot"), 0);
	assert_int_equal(store_commit(f->store), 0);
	for (int i = 0; i < LEARNT_PARTS; i++) {
		assert_int_equal(store_durations(f->store, (enum learnt_step)i, ms, &count), 0);
		assert_int_equal(count, 1);
		assert_int_equal(ms[0], expected[i]);
	}
}

static void test_learnt(void **state)
{
	struct fixture *f = *state;
	struct learnt known[LEARNT_STEPS], one = {.samples = 3, .median = 1LL << 40, .at = 5};

	assert_int_equal(store_learnt(f->store, known), 0);
	assert_int_equal(known[LEARNT_RETURN].samples, 0);
	for (int i = 0; i < 2; i++) {
		one.samples++;
		assert_int_equal(store_begin(f->store, false), 0);
		assert_int_equal(store_learnt_set(f->store, LEARNT_RETURN, &one), 0);
		assert_int_equal(store_commit(f->store), 0);
	}
	assert_int_equal(store_learnt(f->store, known), 0);
	assert_int_equal(known[LEARNT_RETURN].samples, 5);
	assert_true(known[LEARNT_RETURN].median == 1LL << 40);
	assert_int_equal(known[LEARNT_BOOT].at, 0);
}

static void save(struct fixture *f, const struct store_hook *hook)
{
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_hook_save(f->store, hook), 0);
	assert_int_equal(store_commit(f->store), 0);
}

static void test_hook_rows(void **state)
{
	struct fixture *f = *state;
	int64_t id = machine(f, MAC, STATE_seen, 0, 1);
	int64_t seq = event(f, id, 1, STATE_seen, REASON_OK, "x");
	struct store_hook hook, again;

	assert_int_equal(store_hook_open(f->store, "ops", &hook), 0);
	assert_int_equal(hook.cursor, seq);
	hook.cursor = seq + 5;
	hook.delivered = 2;
	hook.failures = 1;
	(void)snprintf(hook.text, sizeof(hook.text), "down");
	save(f, &hook);
	/* Another appliance is further. */
	hook.cursor = seq + 1;
	save(f, &hook);
	assert_int_equal(store_hook_open(f->store, "ops", &again), 0);
	assert_int_equal(again.cursor, seq + 5);
	assert_int_equal(again.delivered, 4);
	assert_int_equal(again.failures, 2);
	assert_string_equal(again.text, "down");
	assert_int_equal(store_begin(f->store, true), 0);
	(void)snprintf(hook.name, sizeof(hook.name), "none");
	assert_int_equal(store_hook_save(f->store, &hook), -ENOENT);
	store_rollback(f->store);
}

struct told {
	int count;
	char text[200];
};

static int tell(const struct store_change *c, void *context)
{
	struct told *t = context;
	size_t len = strlen(t->text);

	t->count++;
	(void)snprintf(t->text + len, sizeof(t->text) - len, "%s>%s/%s ", c->previous,
	        machine_state_name(c->state), reason_code(c->reason));
	return t->count == 3;
}

static void test_changes(void **state)
{
	struct fixture *f = *state;
	int64_t id = machine(f, MAC, STATE_seen, 0, 1), seen = 0, third, last;
	struct told told = {0};

	event(f, id, 1, STATE_seen, REASON_OK, "a");
	event(f, id, 2, STATE_seen, REASON_OK, "note");
	event(f, id, 3, STATE_waiting, REASON_KEY_NOT_FOUND, "b");
	third = event(f, id, 4, STATE_waiting, REASON_KEY_MISMATCH, "c");
	last = event(f, id, 5, STATE_returned, REASON_RETURNED, "d");
	/* each() ends the walk with the third: it is told of again. */
	assert_int_equal(store_changes(f->store, 0, 100, &seen, tell, &told), 1);
	assert_string_equal(
	        told.text, ">seen/OK seen>waiting/KEY_NOT_FOUND waiting>waiting/KEY_MISMATCH ");
	assert_int_equal(seen, third - 1);
	assert_int_equal(store_changes(f->store, third, 100, &seen, tell, &told), 0);
	assert_int_equal(seen, last);
	assert_int_equal(store_changes(f->store, 0, 2, &seen, tell, &(struct told){0}), 0);
	assert_int_equal(seen, third - 2);
	assert_int_equal(store_campaign_changes(f->store, 0, NULL, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_counts),
	        TEST(test_durations),
	        TEST(test_learnt),
	        TEST(test_hook_rows),
	        TEST(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
