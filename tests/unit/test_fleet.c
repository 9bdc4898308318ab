/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States and timers on a clock of our own; a machine's way, and the ways it goes wrong. */
#include "tests/unit/fleet_fixture.h"
#include "appliance/store/counts.h"

static void test_silence_and_return(void **state)
{
	struct fixture *f = *state;

	add(f);
	struct store_session session = start(f);
	report(f, &session, STATE_planning);
	assert_int_equal(fleet_waiting(&f->fleet, &session, REASON_KEY_NOT_FOUND, "none", ""), 0);
	after(f, 34 * SECOND);
	expect(f, STATE_waiting, REASON_KEY_NOT_FOUND);
	after(f, 2 * SECOND);
	expect(f, STATE_attention, REASON_NO_HEARTBEAT);
	int changes = f->changes;
	after(f, 60 * MINUTE);
	assert_int_equal(f->changes, changes);
	/* Its poll takes up the state; so does a heartbeat of the same state. */
	assert_int_equal(fleet_contact(&f->fleet, &session), 0);
	expect(f, STATE_waiting, REASON_KEY_NOT_FOUND);
	after(f, 40 * SECOND);
	expect(f, STATE_attention, REASON_NO_HEARTBEAT);
	report(f, &session, STATE_waiting);
	expect(f, STATE_waiting, REASON_KEY_NOT_FOUND);
	after(f, 40 * SECOND);
	report(f, &session, STATE_repairing);
	expect(f, STATE_repairing, REASON_OK);
	store_session_free(&session);
}

static void test_heartbeats_keep_it_going_without_news(void **state)
{
	struct fixture *f = *state;

	add(f);
	struct store_session session = start(f);
	report(f, &session, STATE_repairing);
	int64_t changed = get(f).changed, since = get(f).since;
	for (int i = 0; i < 20; i++) {
		after(f, 10 * SECOND);
		report(f, &session, STATE_repairing);
	}
	expect(f, STATE_repairing, REASON_OK);
	assert_int_equal(get(f).changed, changed);
	assert_int_equal(get(f).since, since);
	store_session_free(&session);
}

static void test_boot_that_stalls(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	struct store_session session;

	add(f);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	after(f, 179 * SECOND);
	expect(f, STATE_booting, REASON_OK);
	assert_int_equal(fleet_boot_progress(&f->fleet, "10.0.0.9"), 0);
	after(f, 179 * SECOND);
	expect(f, STATE_booting, REASON_OK);
	after(f, 2 * SECOND);
	expect(f, STATE_attention, REASON_BOOT_STALLED);
	/* It was only slow. */
	assert_int_equal(open_session(f, token, &session), 0);
	expect(f, STATE_running, REASON_OK);
	store_session_free(&session);
}

static void test_windows_that_does_not_come_back(void **state)
{
	struct fixture *f = *state;

	add(f);
	struct store_session session = start(f);
	finish(f, &session, REASON_REPAIRED, "reboot");
	expect(f, STATE_rebooting, REASON_REPAIRED);
	after(f, 14 * MINUTE);
	expect(f, STATE_rebooting, REASON_REPAIRED);
	after(f, 2 * MINUTE);
	expect(f, STATE_attention, REASON_NOT_RETURNED);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	expect(f, STATE_returned, REASON_RETURNED);
	/* Once is enough, and strangers are no news. */
	int64_t changed = get(f).changed;
	assert_int_equal(fleet_windows_by_mac(&f->fleet, MAC, "seen"), 0);
	assert_int_equal(fleet_windows_by_mac(&f->fleet, "52:54:00:00:00:99", "seen"), 0);
	assert_int_equal(get(f).changed, changed);
	store_session_free(&session);
}

static void test_nobody_is_silent_while_we_were_away(void **state)
{
	struct fixture *f = *state;

	add(f);
	struct store_session session = start(f);
	now += 60 * MINUTE;
	f->fleet.started = now;
	after(f, 10 * SECOND);
	expect(f, STATE_running, REASON_OK);
	after(f, 26 * SECOND);
	expect(f, STATE_attention, REASON_NO_HEARTBEAT);
	store_session_free(&session);
}

/* More than a slice takes: none is forgotten, and each tick gets on. */
static void test_a_whole_floor_falls_silent(void **state)
{
	struct fixture *f = *state;
	int64_t silent[STATE_COUNT] = {0}, before = 0;
	char mac[MAC_TEXT];
	struct machine m;

	assert_int_equal(store_begin(f->fleet.store, false), 0);
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(mac, sizeof(mac), "52:54:01:00:%02x:%02x", i >> 8, i & 255);
		assert_int_equal(store_machine_add(f->fleet.store, mac, &m.id), 0);
		assert_int_equal(store_machine_get(f->fleet.store, m.id, &m), 0);
		m.state = STATE_running;
		m.last_seen = m.since = now;
		assert_int_equal(store_machine_save(f->fleet.store, &m), 0);
	}
	assert_int_equal(store_commit(f->fleet.store), 0);
	now += MINUTE;
	while (silent[STATE_attention] < 2000) {
		after(f, SECOND);
		assert_int_equal(store_state_counts(f->fleet.store, silent), 0);
		assert_true(silent[STATE_attention] > before);
		before = silent[STATE_attention];
	}
}

static void relapse(struct fixture *f, enum reason repair)
{
	char token[TOKEN_TEXT];

	int64_t id = add(f);
	struct store_session session = start(f);
	finish(f, &session, repair, "reboot");
	store_session_free(&session);
	assert_false(fleet_answers(&f->fleet, &(struct machine){.in_scope = true, .done = true}));
	now += MINUTE;
	assert_int_equal(boot(f, token), FLEET_LOCAL);
	expect(f, STATE_rebooting, repair);
	now += 10 * MINUTE;
	assert_int_equal(boot(f, token), FLEET_LOCAL);
	expect(f, STATE_attention, REASON_RELAPSED);
	assert_true(get(f).held);
	/* From now on it waits, until a person says so. */
	now += 24 * 60 * MINUTE;
	assert_int_equal(boot(f, token), FLEET_HOLD);
	expect(f, STATE_attention, REASON_RELAPSED);
	assert_int_equal(get(f).attempt, 1);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(get(f).attempt, 2);
}

static void test_relapse(void **state)
{
	relapse(*state, REASON_REPAIRED);
}

static void test_relapse_after_a_rename(void **state)
{
	relapse(*state, REASON_RENAMED);
}

static void test_the_operator_may_send_it_round_again(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];

	add(f);
	struct store_session session = start(f);
	finish(f, &session, REASON_NO_BAD_FILE, "reboot");
	store_session_free(&session);
	now += 60 * MINUTE;
	add(f);
	expect(f, STATE_seen, REASON_OK);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
}

static void test_serve_guard(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];

	int64_t id = add(f);
	for (int i = 0; i < FLEET_GUARD_COUNT; i++) {
		assert_int_equal(boot(f, token), FLEET_REMEDIATE);
		now += 9 * MINUTE;
	}
	assert_int_equal(boot(f, token), FLEET_HOLD);
	expect(f, STATE_held, REASON_SERVED_TOO_OFTEN);
	assert_true(f->fleet.answers_stale);
	/* Waiting does not end a hold; a release does, and starts the count anew. */
	now += 60 * MINUTE;
	assert_int_equal(boot(f, token), FLEET_HOLD);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
}

static void test_slow_boots_are_not_guarded(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];

	add(f);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(boot(f, token), FLEET_REMEDIATE);
		now += 11 * MINUTE;
	}
}

static void test_tokens_are_forgotten_after_a_day(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT], later[TOKEN_TEXT];
	struct store_token found;

	add(f);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	after(f, 23 * 60 * MINUTE);
	assert_int_equal(boot(f, later), FLEET_REMEDIATE);
	after(f, 59 * MINUTE);
	assert_int_equal(store_token_get(f->fleet.store, token, &found), 0);
	after(f, 61 * MINUTE);
	assert_int_equal(store_token_get(f->fleet.store, token, &found), -ENOENT);
	assert_int_equal(store_token_get(f->fleet.store, later, &found), 0);
	/* A restart forgets at once. */
	now += 24 * 60 * MINUTE;
	f->fleet.swept = 0;
	after(f, 0);
	assert_int_equal(store_token_get(f->fleet.store, later, &found), -ENOENT);
}

static void test_scope(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];

	assert_int_equal(boot(f, token), FLEET_LOCAL);
	expect(f, STATE_ignored, REASON_NOT_IN_SCOPE);
	int64_t id = add(f);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(decide(f, DEED_REMOVE, id), 0);
	struct store_session session;
	assert_int_equal(open_session(f, token, &session), -EACCES);
	assert_int_equal(boot(f, token), FLEET_LOCAL);
	f->fleet.scope_all = true;
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(decide(f, DEED_HOLD, id), 0);
	assert_int_equal(boot(f, token), FLEET_HOLD);
	expect(f, STATE_held, REASON_HELD);
	assert_string_equal(get(f).text, "why (anna)");
	assert_int_equal(decide(f, DEED_HOLD, 99), -ENOENT);
	assert_int_equal(fleet_add(f->fleet.store, &tester, "nonsense", NULL, &id), -EINVAL);
}

static bool listed(struct fixture *f)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/52-54-00-12-34-56", f->hosts);
	return access(path, F_OK) == 0;
}

static void test_answer_list(void **state)
{
	struct fixture *f = *state;
	bool changed = false;

	int64_t id = add(f);
	assert_int_equal(fleet_answer_list(&f->fleet, &changed), 0);
	assert_true(changed && listed(f));
	assert_int_equal(fleet_answer_list(&f->fleet, &changed), 0);
	assert_false(changed);
	struct store_session session = start(f);
	finish(f, &session, REASON_REPAIRED, "reboot");
	store_session_free(&session);
	assert_int_equal(fleet_answer_machine(&f->fleet, id, &changed), 0);
	assert_true(changed && !listed(f));
	/* The other way round: the file says "do not answer". */
	f->fleet.scope_all = true;
	assert_int_equal(fleet_answer_machine(&f->fleet, id, &changed), 0);
	assert_true(changed && listed(f));
	f->fleet.hosts = "/nonexistent";
	assert_int_equal(fleet_answer_list(&f->fleet, &changed), -ENOENT);
}

static void test_results_are_given_once(void **state)
{
	struct fixture *f = *state;

	add(f);
	struct store_session session = start(f);
	finish(f, &session, REASON_NTFS_DAMAGED, "hold");
	finish(f, &session, REASON_REPAIRED, "hold");
	expect(f, STATE_attention, REASON_NTFS_DAMAGED);
	store_session_free(&session);
	for (int i = 0; i < 2; i++) {
		session = start(f);
		finish(f, &session, REASON_VERIFY_FAILED, i == 0 ? "again" : "hold");
		store_session_free(&session);
	}
}

static void test_the_same_bundle_again_is_no_news(void **state)
{
	struct fixture *f = *state;
	int64_t before, after;
	char sha[65] = {0}, other[65] = {0};
	enum reason refused = REASON_OK;

	(void)add(f);
	memset(sha, 'a', 64);
	memset(other, 'b', 64);
	struct store_session session = start(f);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha, 10, f->nothing, &refused), 0);
	assert_int_equal(store_sequence(f->fleet.store, &before), 0);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha, 10, f->nothing, &refused), 0);
	assert_int_equal(store_sequence(f->fleet.store, &after), 0);
	assert_int_equal(after, before);
	assert_int_equal(fleet_bundle(&f->fleet, &session, other, 10, f->nothing, &refused), 0);
	assert_int_equal(store_sequence(f->fleet.store, &after), 0);
	assert_int_equal(after, before + 1);
	store_session_free(&session);
}

static void test_set_back(void **state)
{
	struct fixture *f = *state;

	int64_t id = add(f);
	assert_int_equal(decide(f, DEED_SET_BACK, id), -ENODATA);
	struct machine m = get(f);
	m.boot_order = MACHINE_BOOT_ORDER_NETWORK;
	assert_int_equal(store_machine_save(f->fleet.store, &m), 0);
	assert_int_equal(decide(f, DEED_SET_BACK, id), 0);
	assert_int_equal(get(f).boot_order, MACHINE_BOOT_ORDER_UNKNOWN);
	assert_int_equal(get(f).state, m.state);
	assert_string_equal(get(f).text, m.text);
	assert_int_equal(decide(f, DEED_SET_BACK, id), -ENODATA);
}

static void test_normal_start(void **state)
{
	struct fixture *f = *state;

	int64_t id = add(f);
	assert_int_equal(decide(f, DEED_NORMAL_START, id), -ENODATA);
	struct machine m = get(f);
	m.safe_mode = MACHINE_SAFE_MODE_NONE;
	assert_int_equal(store_machine_save(f->fleet.store, &m), 0);
	assert_int_equal(decide(f, DEED_NORMAL_START, id), -ENODATA);
	m.safe_mode = MACHINE_SAFE_MODE_MINIMAL;
	assert_int_equal(store_machine_save(f->fleet.store, &m), 0);
	assert_int_equal(decide(f, DEED_NORMAL_START, id), 0);
	assert_int_equal(get(f).safe_mode, MACHINE_SAFE_MODE_UNKNOWN);
	assert_int_equal(decide(f, DEED_NORMAL_START, id), -ENODATA);
}

static void test_discard(void **state)
{
	struct fixture *f = *state;
	struct store_bundle pending;
	char sha[65] = {0};
	enum reason refused = REASON_OK;

	int64_t id = add(f);
	assert_int_equal(decide(f, DEED_DISCARD, id), -ENODATA);
	assert_int_equal(decide(f, DEED_DISCARD, 99), -ENOENT);
	memset(sha, 'a', 64);
	struct store_session session = start(f);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha, 10, f->nothing, &refused), 0);
	/* A machine at work speaks for itself. */
	report(f, &session, STATE_repairing);
	assert_int_equal(decide(f, DEED_DISCARD, id), 0);
	expect(f, STATE_repairing, REASON_OK);
	assert_int_equal(store_bundle_pending(f->fleet.store, id, &pending), -ENOENT);
	assert_int_equal(decide(f, DEED_DISCARD, id), -ENODATA);
	store_session_free(&session);
	session = start(f);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha, 10, f->nothing, &refused), 0);
	finish(f, &session, REASON_PENDING_CONFLICT, "hold");
	store_session_free(&session);
	assert_int_equal(decide(f, DEED_DISCARD, id), 0);
	expect(f, STATE_seen, REASON_OK);
	assert_non_null(strstr(get(f).text, "(anna)"));
	assert_non_null(strstr(get(f).text, sha));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_silence_and_return),
	        TEST(test_heartbeats_keep_it_going_without_news),
	        TEST(test_boot_that_stalls),
	        TEST(test_windows_that_does_not_come_back),
	        TEST(test_nobody_is_silent_while_we_were_away),
	        TEST(test_a_whole_floor_falls_silent),
	        TEST(test_relapse),
	        TEST(test_relapse_after_a_rename),
	        TEST(test_the_operator_may_send_it_round_again),
	        TEST(test_serve_guard),
	        TEST(test_slow_boots_are_not_guarded),
	        TEST(test_tokens_are_forgotten_after_a_day),
	        TEST(test_scope),
	        TEST(test_answer_list),
	        TEST(test_results_are_given_once),
	        TEST(test_the_same_bundle_again_is_no_news),
	        TEST(test_discard),
	        TEST(test_set_back),
	        TEST(test_normal_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
