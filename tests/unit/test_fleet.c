/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States and timers on a clock of our own; a machine's way, and the ways it goes wrong. */
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MAC    "52:54:00:12:34:56"
#define SECOND 1000
#define MINUTE (60 * SECOND)

static int64_t now;

static int64_t fake_clock(void)
{
	return now;
}

struct fixture {
	char dir[64], hosts[96];
	struct fleet fleet;
	int changes;
};

static void count_change(void *context)
{
	struct fixture *f = context;

	f->changes++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[96];
	struct error err = {0};

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/netmend-fleet-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->hosts, sizeof(f->hosts), "%s", f->dir);
	(void)snprintf(path, sizeof(path), "%s/.db", f->dir);
	/* The operator's functions look at the real clock; ours is never behind it. */
	now = ((int64_t)time(NULL) + 2) * SECOND;
	f->fleet = (struct fleet){.hosts = f->hosts,
	        .clock = fake_clock,
	        .started = now - 60 * MINUTE,
	        .changed = count_change,
	        .context = f};
	assert_int_equal(store_open(path, &f->fleet.store, &err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {".db", ".db-wal", ".db-shm", "52-54-00-12-34-56"};

	store_close(f->fleet.store);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static int64_t add(struct fixture *f)
{
	int64_t id = 0;

	assert_int_equal(fleet_add(f->fleet.store, MAC, "pc", &id), 0);
	return id;
}

static struct machine get(struct fixture *f)
{
	struct machine m;

	assert_int_equal(store_machine_by_mac(f->fleet.store, MAC, &m), 0);
	return m;
}

static void expect(struct fixture *f, enum machine_state state, enum reason reason)
{
	struct machine m = get(f);

	assert_string_equal(machine_state_name(m.state), machine_state_name(state));
	assert_string_equal(reason_code(m.reason), reason_code(reason));
}

static enum fleet_decision boot(struct fixture *f, char token[TOKEN_TEXT])
{
	struct fleet_identity identity = {.mac = MAC, .ip = "10.0.0.9", .serial = "S1"};
	enum fleet_decision decision;
	struct machine m;

	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, token), 0);
	return decision;
}

static int open_session(struct fixture *f, const char *token, struct store_session *ret)
{
	struct fleet_hello hello = {.token = token, .boot_id = "b", .key = "k", .volumes = "[]"};
	struct fleet_welcome welcome;
	struct error err = {0};

	(void)snprintf(hello.identity.ip, sizeof(hello.identity.ip), "10.0.0.9");
	int r = fleet_session_open(&f->fleet, &hello, &welcome, &err);
	if (r == 0)
		assert_int_equal(store_session_get(f->fleet.store, welcome.session, ret), 0);
	return r;
}

static struct store_session start(struct fixture *f)
{
	char token[TOKEN_TEXT];
	struct store_session session;

	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(open_session(f, token, &session), 0);
	return session;
}

static void report(struct fixture *f, const struct store_session *session, enum machine_state state)
{
	int64_t ack;

	assert_int_equal(fleet_events(&f->fleet, session, state, NULL, 0, &ack), 0);
}

static void after(struct fixture *f, int64_t ms)
{
	now += ms;
	assert_int_equal(fleet_tick(&f->fleet), 0);
}

static void finish(struct fixture *f, const struct store_session *session, enum reason reason,
        const char *expected)
{
	char next[8];

	const struct fleet_report end = {.reason = reason, .text = "", .json = "{}"};

	assert_int_equal(fleet_result(&f->fleet, session, &end, next), 0);
	assert_string_equal(next, expected);
}

static void test_silence_and_return(void **state)
{
	struct fixture *f = *state;

	add(f);
	struct store_session session = start(f);
	report(f, &session, STATE_planning);
	assert_int_equal(fleet_waiting(&f->fleet, &session, REASON_KEY_NOT_FOUND, "none"), 0);
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
	assert_int_equal(boot(f, token), FLEET_LOCAL);
	assert_int_equal(get(f).attempt, 1);
	assert_int_equal(fleet_release(f->fleet.store, id), 0);
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
	assert_int_equal(fleet_release(f->fleet.store, id), 0);
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
	assert_int_equal(fleet_remove(f->fleet.store, id), 0);
	struct store_session session;
	assert_int_equal(open_session(f, token, &session), -EACCES);
	assert_int_equal(boot(f, token), FLEET_LOCAL);
	f->fleet.scope_all = true;
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(fleet_hold(f->fleet.store, id, "why"), 0);
	assert_int_equal(boot(f, token), FLEET_HOLD);
	expect(f, STATE_held, REASON_HELD);
	assert_string_equal(get(f).text, "why");
	assert_int_equal(fleet_hold(f->fleet.store, 99, "why"), -ENOENT);
	assert_int_equal(fleet_add(f->fleet.store, "nonsense", NULL, &id), -EINVAL);
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

static void test_discard(void **state)
{
	struct fixture *f = *state;
	struct store_bundle pending;
	char sha[65] = {0};

	int64_t id = add(f);
	assert_int_equal(fleet_discard(f->fleet.store, id, "test"), -ENODATA);
	assert_int_equal(fleet_discard(f->fleet.store, 99, "test"), -ENOENT);
	memset(sha, 'a', 64);
	struct store_session session = start(f);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha, 10), 0);
	/* A machine at work speaks for itself. */
	report(f, &session, STATE_repairing);
	assert_int_equal(fleet_discard(f->fleet.store, id, "test"), 0);
	expect(f, STATE_repairing, REASON_OK);
	assert_int_equal(store_bundle_pending(f->fleet.store, id, &pending), -ENOENT);
	assert_int_equal(fleet_discard(f->fleet.store, id, "test"), -ENODATA);
	store_session_free(&session);
	session = start(f);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha, 10), 0);
	finish(f, &session, REASON_PENDING_CONFLICT, "hold");
	store_session_free(&session);
	assert_int_equal(fleet_discard(f->fleet.store, id, "test"), 0);
	expect(f, STATE_seen, REASON_OK);
	assert_non_null(strstr(get(f).text, "test: "));
	assert_non_null(strstr(get(f).text, sha));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_silence_and_return),
	        TEST(test_heartbeats_keep_it_going_without_news),
	        TEST(test_boot_that_stalls),
	        TEST(test_windows_that_does_not_come_back),
	        TEST(test_nobody_is_silent_while_we_were_away),
	        TEST(test_relapse),
	        TEST(test_relapse_after_a_rename),
	        TEST(test_the_operator_may_send_it_round_again),
	        TEST(test_serve_guard),
	        TEST(test_slow_boots_are_not_guarded),
	        TEST(test_tokens_are_forgotten_after_a_day),
	        TEST(test_scope),
	        TEST(test_answer_list),
	        TEST(test_results_are_given_once),
	        TEST(test_discard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
