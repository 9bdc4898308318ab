/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot tokens: good for one machine, address and session, for minutes; each way to misuse one has a
 * reason of its own, stands on the machine's timeline and moves nothing. */
#include "appliance/fleet/clock.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAC "52:54:00:12:34:56"
#define IP  "10.0.0.9"

static const struct actor tester = {.name = "anna"};
static int64_t now;

/* In place of the library's. */
int64_t fleet_clock(void)
{
	return now;
}

static void nothing(void *context)
{
	(void)context;
}

struct fixture {
	char dir[64];
	struct fleet fleet;
	char token[TOKEN_TEXT];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[96];
	int64_t id;

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/netmend-token-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(path, sizeof(path), "%s/.db", f->dir);
	now = (int64_t)1790000000 * 1000;
	f->fleet = (struct fleet){
	        .hosts = f->dir, .clock = fleet_clock, .started = now, .changed = nothing};
	assert_int_equal(store_open(path, &f->fleet.store, NULL), 0);
	assert_int_equal(fleet_add(f->fleet.store, &tester, MAC, "pc", &id), 0);
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

static void boot(struct fixture *f)
{
	struct fleet_identity identity = {.mac = MAC, .ip = IP, .serial = "S1"};
	enum fleet_decision decision;
	struct machine m;

	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, f->token), 0);
	assert_int_equal(decision, FLEET_REMEDIATE);
}

/* What the call led to; ret is what the caller is told. */
static enum reason open_by(struct fixture *f, const char *token, const char *boot_id,
        const char *key, const char *ip, struct fleet_welcome *ret)
{
	struct fleet_hello hello = {
	        .token = token, .boot_id = boot_id, .key = key, .volumes = "[]"};
	struct error err = {0};

	(void)snprintf(hello.identity.ip, sizeof(hello.identity.ip), "%s", ip);
	int r = fleet_session_open(&f->fleet, &hello, ret, &err);
	assert_true(r == 0 || r == -EACCES);
	assert_int_equal(r < 0, err.code < 0);
	return r == 0 ? REASON_OK : err.reason;
}

struct count {
	enum reason reason;
	unsigned found;
};

static int count_reason(const struct store_event *e, void *context)
{
	struct count *c = context;

	c->found += e->reason == c->reason;
	return 0;
}

/* Refused, told of on the timeline, the machine as it was; the caller learns no session. */
static void expect_misuse(struct fixture *f, enum reason want, const char *token,
        const char *boot_id, const char *key, const char *ip)
{
	struct fleet_welcome welcome;
	struct machine before, after;
	struct count notes = {.reason = want}, again = {.reason = want};

	assert_int_equal(store_machine_by_mac(f->fleet.store, MAC, &before), 0);
	assert_int_equal(store_events(f->fleet.store, before.id, 1000, count_reason, &notes), 0);
	assert_string_equal(
	        reason_code(open_by(f, token, boot_id, key, ip, &welcome)), reason_code(want));
	assert_int_equal(store_machine_by_mac(f->fleet.store, MAC, &after), 0);
	assert_int_equal(store_events(f->fleet.store, before.id, 1000, count_reason, &again), 0);
	assert_int_equal(before.state, after.state);
	assert_int_equal(before.reason, after.reason);
	assert_string_equal(welcome.session, "");
	bool known = want != REASON_TOKEN_INVALID;
	assert_int_equal(again.found - notes.found, known);
	assert_int_equal(welcome.machine.id, known ? before.id : 0);
}

static void each_misuse_has_its_reason(void **state)
{
	struct fixture *f = *state;
	struct fleet_welcome first, again;
	char token[TOKEN_TEXT];

	boot(f);
	expect_misuse(f, REASON_TOKEN_INVALID, "00000000000000000000000000000000", "b", "k", IP);
	expect_misuse(f, REASON_TOKEN_OTHER_ADDRESS, f->token, "b", "k", "10.0.0.10");
	assert_int_equal(open_by(f, f->token, "b", "k", IP, &first), REASON_OK);
	/* The same call again is the same session; another boot or another key is somebody else. */
	assert_int_equal(open_by(f, f->token, "b", "k", IP, &again), REASON_OK);
	assert_string_equal(first.session, again.session);
	expect_misuse(f, REASON_TOKEN_USED, f->token, "b2", "k", IP);
	expect_misuse(f, REASON_TOKEN_USED, f->token, "b", "k2", IP);
	expect_misuse(f, REASON_TOKEN_OTHER_ADDRESS, f->token, "b", "k", "10.0.0.10");
	/* Later it is still the same session, for what the fixer repeats. */
	now += 2 * (int64_t)NM_TOKEN_LIFETIME * 1000;
	assert_int_equal(open_by(f, f->token, "b", "k", IP, &again), REASON_OK);
	/* A later boot ends it, when it opens its own. */
	memcpy(token, f->token, sizeof(token));
	boot(f);
	assert_int_equal(open_by(f, token, "b", "k", IP, &again), REASON_OK);
	assert_int_equal(open_by(f, f->token, "b3", "k3", IP, &again), REASON_OK);
	assert_string_not_equal(first.session, again.session);
	expect_misuse(f, REASON_SESSION_REPLACED, token, "b", "k", IP);
	expect_misuse(f, REASON_TOKEN_USED, token, "b3", "k3", IP);
}

static void a_token_lives_for_minutes(void **state)
{
	struct fixture *f = *state;
	struct fleet_welcome welcome;

	boot(f);
	now += (int64_t)NM_TOKEN_LIFETIME * 1000;
	assert_int_equal(open_by(f, f->token, "b", "k", IP, &welcome), REASON_OK);
	boot(f);
	now += (int64_t)NM_TOKEN_LIFETIME * 1000 + 1;
	expect_misuse(f, REASON_TOKEN_EXPIRED, f->token, "b", "k", IP);
}

static void a_session_knows_its_address(void **state)
{
	struct fixture *f = *state;
	struct fleet_welcome welcome;
	struct store_session session;

	boot(f);
	assert_int_equal(open_by(f, f->token, "b", "k", IP, &welcome), REASON_OK);
	assert_int_equal(store_session_get(f->fleet.store, welcome.session, &session), 0);
	assert_string_equal(session.ip, IP);
	store_session_free(&session);
}

/* What the session of a boot by this way says of it. */
static void expect_contact(struct fixture *f, enum fleet_way way, const char *want)
{
	struct fleet_identity identity = {.way = way, .mac = MAC, .ip = IP, .serial = "S1"};
	struct fleet_welcome welcome;
	struct store_session session;
	enum fleet_decision decision;
	struct machine m;

	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, f->token), 0);
	assert_string_equal(m.text, fleet_contact_text(want));
	assert_int_equal(open_by(f, f->token, "b", f->token, IP, &welcome), REASON_OK);
	assert_int_equal(store_session_get(f->fleet.store, welcome.session, &session), 0);
	assert_string_equal(session.contact, want);
	store_session_free(&session);
}

static void who_vouches_for_a_machine(void **state)
{
	struct fixture *f = *state;
	int64_t answered;
	bool changed;

	expect_contact(f, FLEET_WAY_SCRIPT, "");
	expect_contact(f, FLEET_WAY_GRUB, CONTACT_UNSEEN);
	assert_int_equal(
	        fleet_answered(&f->fleet, "52:54:00:99:99:99", FLEET_ASKER_ONE, &changed), 0);
	expect_contact(f, FLEET_WAY_GRUB, CONTACT_UNSEEN);
	assert_int_equal(fleet_answered(&f->fleet, MAC, FLEET_ASKER_ONE, &changed), 0);
	assert_int_equal(store_mac_answered_at(f->fleet.store, MAC, &answered), 0);
	assert_true(answered == now);
	assert_int_equal(store_mac_answered_at(f->fleet.store, "52:54:00:99:99:99", &answered), 0);
	assert_true(answered == 0);
	expect_contact(f, FLEET_WAY_MEDIA, CONTACT_MEDIA);
	now += FLEET_ANSWERED_MS;
	expect_contact(f, FLEET_WAY_GRUB, "");
	now += FLEET_GUARD_MS; /* else it has been served too often */
	expect_contact(f, FLEET_WAY_GRUB, CONTACT_UNSEEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(who_vouches_for_a_machine, setup, teardown),
	        cmocka_unit_test_setup_teardown(each_misuse_has_its_reason, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_token_lives_for_minutes, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_session_knows_its_address, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
