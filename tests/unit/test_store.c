/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store: what is written is there after reopening, and rules of its tables. */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <sys/stat.h>

static void test_mac(void **state)
{
	char mac[MAC_TEXT];
	static const char *const good[] = {
	        "525400abcdef", "52:54:00:ab:cd:ef", "52-54-00-AB-CD-EF"};
	static const char *const bad[] = {"", "52:54:00:ab:cd", "52:54:00:ab:cd:eg",
	        "52-54:00:ab:cd:ef", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
	        "52:54:00:ab:cd:ef ", "525400abcde", "52.54.00.ab.cd.ef"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(mac_normalise(good[i], mac), 0);
		assert_string_equal(mac, "52:54:00:ab:cd:ef");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mac_normalise(bad[i], mac), -EINVAL);
}

static void test_states_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < STATE_COUNT; i++)
		assert_int_equal(machine_state_parse(machine_state_name((enum machine_state)i)), i);
	assert_int_equal(machine_state_parse("broken"), -1);
	assert_string_equal(machine_state_name(STATE_COUNT), "");
}

static void test_file_is_private(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	if (!f->file)
		skip();
	assert_int_equal(stat(f->place, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_machine_survives_reopening(void **state)
{
	struct fixture *f = *state;
	struct machine m = {.id = machine_make(f, MAC),
	        .name = "Wand üben",
	        .mac = MAC,
	        .ip = "10.0.0.9",
	        .uuid = "U",
	        .serial = "S",
	        .asset = "A",
	        .manufacturer = "M",
	        .product = "P",
	        .in_scope = true,
	        .held = true,
	        .done = true,
	        .state = STATE_attention,
	        .reason = REASON_NO_HEARTBEAT,
	        .text = "'; DROP TABLE machines; --",
	        .silent_state = STATE_planning,
	        .silent_reason = REASON_KEY_NOT_FOUND,
	        .attempt = 3,
	        .since = 4,
	        .first_seen = 5,
	        .last_seen = 1LL << 40,
	        .guard_from = 7,
	        .pairing = "ABCDEF",
	        .boot_order = MACHINE_BOOT_ORDER_NETWORK,
	        .safe_mode = MACHINE_SAFE_MODE_DSREPAIR};
	struct machine back;

	assert_int_equal(store_machine_save(f->store, &m), 0);
	fixture_reopen(f);
	assert_int_equal(store_machine_get(f->store, m.id, &back), 0);
	assert_string_equal(back.name, m.name);
	assert_string_equal(back.text, m.text);
	assert_string_equal(back.pairing, m.pairing);
	assert_true(back.in_scope && back.held && back.done);
	assert_int_equal(back.state, m.state);
	assert_int_equal(back.reason, m.reason);
	assert_int_equal(back.silent_state, m.silent_state);
	assert_int_equal(back.silent_reason, m.silent_reason);
	assert_int_equal(back.attempt, 3);
	assert_int_equal(back.boot_order, MACHINE_BOOT_ORDER_NETWORK);
	assert_int_equal(back.safe_mode, MACHINE_SAFE_MODE_DSREPAIR);
	assert_int_equal(back.last_seen, m.last_seen);
	assert_int_equal(store_machine_by_mac(f->store, MAC, &back), 0);
	assert_int_equal(store_machine_by_ip(f->store, "10.0.0.9", &back), 0);
	m.serial[0] = m.uuid[0] = 0;
	assert_int_equal(store_machine_save(f->store, &m), 0);
	m.id = 99;
	assert_int_equal(store_machine_save(f->store, &m), -ENOENT);
}

static void test_a_mac_belongs_to_one_machine(void **state)
{
	struct fixture *f = *state;
	struct machine m;
	int64_t id = machine_make(f, MAC), again;

	assert_int_equal(store_machine_add(f->store, MAC, &again), -EEXIST);
	assert_int_equal(store_machine_get(f->store, id, &m), 0);
	(void)snprintf(m.mac, sizeof(m.mac), "52:54:00:00:00:99");
	assert_int_equal(store_machine_save(f->store, &m), 0);
	/* Both cards are its own now. */
	assert_int_equal(store_machine_by_mac(f->store, MAC, &m), 0);
	assert_int_equal(m.id, id);
	assert_int_equal(store_machine_by_mac(f->store, "52:54:00:00:00:99", &m), 0);
	assert_int_equal(m.id, id);
}

static void test_tokens_and_sessions(void **state)
{
	struct fixture *f = *state;
	int64_t machine = machine_make(f, MAC);
	struct store_token token;
	struct store_session session;
	int count;

	assert_int_equal(store_token_get(f->store, TOKEN, &token), -ENOENT);
	assert_int_equal(store_token_add(f->store, TOKEN, machine, "10.0.0.9", "", 1000), 0);
	assert_int_equal(store_token_add(f->store, TOKEN, machine, "10.0.0.9", "", 1000), -EEXIST);
	int64_t first = session_make(f, machine, "one", TOKEN);
	fixture_reopen(f);
	assert_int_equal(store_token_get(f->store, TOKEN, &token), 0);
	assert_true(token.used);
	assert_string_equal(token.ip, "10.0.0.9");
	assert_int_equal(store_token_count(f->store, machine, 1000, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_token_count(f->store, machine, 1001, &count), 0);
	assert_int_equal(count, 0);

	assert_int_equal(store_session_get(f->store, "one", &session), 0);
	assert_int_equal(session.id, first);
	assert_string_equal(session.volumes, "[1]");
	assert_null(session.released);
	assert_false(session.replaced);
	store_session_free(&session);
	assert_int_equal(store_session_release(f->store, first, "{}"), 0);
	(void)session_make(f, machine, "two", "other");
	assert_int_equal(store_session_get(f->store, "one", &session), 0);
	assert_true(session.replaced);
	assert_string_equal(session.released, "{}");
	store_session_free(&session);
	assert_int_equal(store_session_get(f->store, "three", &session), -ENOENT);
}

/* Neither a token nor a session id can be read out of the file. */
static void test_secrets_are_not_in_the_file(void **state)
{
	struct fixture *f = *state;
	if (!f->file)
		skip();
	int64_t machine = machine_make(f, MAC);
	char secret[] = "a5a5f00df00df00df00df00df00da5a5";

	assert_int_equal(store_token_add(f->store, TOKEN, machine, "10.0.0.9", "", 1), 0);
	(void)session_make(f, machine, secret, TOKEN);
	fixture_reopen(f);
	store_close(f->store);
	f->store = NULL;
	FILE *file = fopen(f->place, "rb");
	static char data[1 << 20];
	size_t len = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	assert_true(len > 4096);
	assert_non_null(memmem(data, len, MAC, strlen(MAC)));
	assert_null(memmem(data, len, TOKEN, strlen(TOKEN)));
	assert_null(memmem(data, len, secret, strlen(secret)));
}

static int events_count(const struct store_event *event, void *context)
{
	int64_t *last = context;

	assert_true(event->seq > last[0]);
	last[0] = event->seq;
	last[1]++;
	return 0;
}

static void test_events(void **state)
{
	struct fixture *f = *state;
	int64_t machine = machine_make(f, MAC), session = session_make(f, machine, "s", "t");
	struct store_event event = {.at = 5,
	        .attempt = 1,
	        .state = STATE_planning,
	        .reason = REASON_OK,
	        .step = "plan",
	        .text = "text",
	        .numbers = "{\"n\":1}"};
	int64_t seq, newest, walked[2] = {0, 0};
	struct machine m;

	assert_int_equal(store_event_add(f->store, machine, session, 1, &event, &seq), 0);
	assert_int_equal(store_event_add(f->store, machine, session, 1, &event, &seq), -EEXIST);
	/* Events of the appliance have no number of a session and do not clash. */
	assert_int_equal(store_event_add(f->store, machine, 0, 0, &event, NULL), 0);
	assert_int_equal(store_event_add(f->store, machine, 0, 0, &event, &seq), 0);
	fixture_reopen(f);
	assert_int_equal(store_events(f->store, machine, 100, events_count, walked), 0);
	assert_int_equal(walked[1], 3);
	assert_int_equal(store_sequence(f->store, &newest), 0);
	assert_int_equal(newest, seq);
	assert_int_equal(store_machine_get(f->store, machine, &m), 0);
	assert_int_equal(m.changed, seq);
	struct store_session s;
	assert_int_equal(store_session_get(f->store, "s", &s), 0);
	assert_int_equal(s.last_event, 1);
	store_session_free(&s);
}

static int ids_collect(const struct machine *m, void *context)
{
	int64_t **at = context;

	*(*at)++ = m->id;
	return 0;
}

static void test_what_is_new_since(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine_make(f, MAC), b = machine_make(f, "52:54:00:00:00:02"), ids[4] = {0},
	        *at = ids, seq;
	struct store_event event = {.numbers = "{}"};

	assert_int_equal(store_event_add(f->store, a, 0, 0, &event, NULL), 0);
	assert_int_equal(store_event_add(f->store, b, 0, 0, &event, &seq), 0);
	assert_int_equal(store_event_add(f->store, a, 0, 0, &event, NULL), 0);
	assert_int_equal(store_machines(f->store, -1, 0, ids_collect, &at), 0);
	assert_int_equal(at - ids, 2);
	assert_int_equal(ids[0], b);
	assert_int_equal(ids[1], a);
	at = ids;
	assert_int_equal(store_machines(f->store, seq, 0, ids_collect, &at), 0);
	assert_int_equal(at - ids, 1);
	assert_int_equal(ids[0], a);
	/* In order of their numbers, whatever changed last. */
	at = ids;
	assert_int_equal(store_machines_from(f->store, 0, 1, ids_collect, &at), 0);
	assert_int_equal(store_machines_from(f->store, ids[0], 2, ids_collect, &at), 0);
	assert_int_equal(at - ids, 2);
	assert_int_equal(ids[0], a);
	assert_int_equal(ids[1], b);
	assert_int_equal(store_machines_from(f->store, b, 2, ids_collect, &at), 0);
	assert_int_equal(at - ids, 2);
}

static void bundle_add(struct fixture *f, int64_t machine, char letter)
{
	struct store_bundle bundle = {.size = 10, .at = 1};

	memset(bundle.sha256, letter, 64);
	assert_int_equal(store_bundle_add(f->store, machine, &bundle), 0);
}

static char pending_letter(struct fixture *f, int64_t machine)
{
	struct store_bundle bundle;
	int r = store_bundle_pending(f->store, machine, &bundle);

	return r == 0 ? bundle.sha256[0] : '-';
}

static void bundle_settle(struct fixture *f, int64_t machine, char letter, enum bundle_state state)
{
	char sha[65] = {0};

	memset(sha, letter, 64);
	assert_int_equal(store_bundle_settle(f->store, machine, sha, state), 0);
}

static int states_collect(const struct store_bundle *b, void *context)
{
	char *text = context;

	text[strlen(text)] = b->sha256[0];
	text[strlen(text)] = bundle_state_name(b->state)[0];
	return 0;
}

/* "apbv": a is pending, b void. */
static void expect_bundles(struct fixture *f, int64_t machine, const char *expected)
{
	char text[32] = {0};

	assert_int_equal(store_bundles(f->store, machine, states_collect, text), 0);
	assert_string_equal(text, expected);
}

static void test_pending_bundle(void **state)
{
	struct fixture *f = *state;
	int64_t machine = machine_make(f, MAC), other = machine_make(f, "52:54:00:00:00:02");

	assert_int_equal(pending_letter(f, machine), '-');
	bundle_add(f, machine, 'a');
	bundle_add(f, machine, 'a');
	bundle_add(f, other, 'a');
	/* A newer one supersedes it. */
	bundle_add(f, machine, 'b');
	fixture_reopen(f);
	assert_int_equal(pending_letter(f, machine), 'b');
	expect_bundles(f, machine, "avbp");
	/* Another one on the disk, or not, changes nothing for it. */
	bundle_settle(f, machine, 'a', BUNDLE_CONFIRMED);
	bundle_settle(f, machine, 'x', BUNDLE_VOID);
	expect_bundles(f, machine, "acbp");
	/* Void: none is offered, not the older one either. */
	bundle_settle(f, machine, 'b', BUNDLE_VOID);
	assert_int_equal(pending_letter(f, machine), '-');
	expect_bundles(f, machine, "acbv");
	/* Whatever it was: saved again, it is about to be written. */
	bundle_add(f, machine, 'a');
	expect_bundles(f, machine, "apbv");
	bundle_add(f, machine, 'b');
	expect_bundles(f, machine, "avbp");
	assert_int_equal(pending_letter(f, other), 'a');
	bundle_settle(f, other, 'a', BUNDLE_CONFIRMED);
	assert_int_equal(pending_letter(f, other), '-');
}

static void test_results(void **state)
{
	struct fixture *f = *state;
	int64_t machine = machine_make(f, MAC), session = session_make(f, machine, "s", "t");
	char next[8], *json;

	assert_int_equal(store_result_next(f->store, session, next), -ENOENT);
	assert_int_equal(store_result_add(f->store, machine, session, 1, "{\"a\":1}", "reboot"), 0);
	assert_int_equal(store_result_add(f->store, machine, session, 1, "{}", "hold"), -EEXIST);
	assert_int_equal(store_result_next(f->store, session, next), 0);
	assert_string_equal(next, "reboot");
	assert_int_equal(store_result_get(f->store, machine, &json), 0);
	assert_string_equal(json, "{\"a\":1}");
	free(json);
}

/* A file shows it at once, a server tells it soon. */
static bool changes_elsewhere(struct store *s)
{
	for (int i = 0; i < 6000; i++) {
		if (store_changed_elsewhere(s))
			return true;
		(void)usleep(10000);
	}
	return false;
}

static void test_rollback_and_other_writers(void **state)
{
	struct fixture *f = *state;
	struct store *other;
	struct machine m;
	struct error err = {0};
	int64_t id;

	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_machine_add(f->store, MAC, &id), 0);
	store_rollback(f->store);
	store_rollback(f->store);
	assert_int_equal(store_machine_by_mac(f->store, MAC, &m), -ENOENT);

	assert_int_equal(store_open(f->place, &other, &err), 0);
	assert_false(store_changed_elsewhere(f->store));
	assert_int_equal(store_machine_add(f->store, MAC, &id), 0);
	assert_false(store_changed_elsewhere(f->store));
	assert_true(changes_elsewhere(other));
	assert_int_equal(store_machine_touch(other, id, 77), 0);
	assert_true(changes_elsewhere(f->store));
	assert_false(store_changed_elsewhere(f->store));
	assert_int_equal(store_machine_get(f->store, id, &m), 0);
	assert_int_equal(m.last_seen, 77);
	store_close(other);
}

static void test_secret_is_kept(void **state)
{
	struct fixture *f = *state;
	uint8_t one[32], two[32], zero[32] = {0};

	assert_int_equal(store_secret(f->store, one), 0);
	fixture_reopen(f);
	assert_int_equal(store_secret(f->store, two), 0);
	assert_memory_equal(one, two, 32);
	assert_memory_not_equal(one, zero, 32);
}

static void test_what_is_no_store(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct error err = {0};
	char path[128];

	if (!f->file)
		skip();
	assert_int_equal(store_open("/nonexistent/db", &s, &err), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/text", f->dir);
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is no database ", file);
	(void)fclose(file);
	assert_true(store_open(path, &s, &err) < 0);
	assert_int_equal(err.reason, REASON_CANNOT_OPEN);
	assert_null(s);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_mac),
	        cmocka_unit_test(test_states_have_names),
	        STORE_TEST(test_file_is_private),
	        STORE_TEST(test_machine_survives_reopening),
	        STORE_TEST(test_a_mac_belongs_to_one_machine),
	        STORE_TEST(test_tokens_and_sessions),
	        STORE_TEST(test_secrets_are_not_in_the_file),
	        STORE_TEST(test_events),
	        STORE_TEST(test_what_is_new_since),
	        STORE_TEST(test_pending_bundle),
	        STORE_TEST(test_results),
	        STORE_TEST(test_rollback_and_other_writers),
	        STORE_TEST(test_secret_is_kept),
	        STORE_TEST(test_what_is_no_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
