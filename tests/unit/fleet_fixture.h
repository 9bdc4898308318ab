/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One machine, its fleet and a clock of our own, for the tests of what happens to it. */
#ifndef TESTS_UNIT_FLEET_FIXTURE_H
#define TESTS_UNIT_FLEET_FIXTURE_H

#include "appliance/fleet/clock.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/operator.h"
#include "tests/unit/store_server.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAC    "52:54:00:12:34:56"
#define SECOND 1000
#define MINUTE (60 * SECOND)

static int64_t now;

/* In place of the library's. */
int64_t fleet_clock(void)
{
	return now;
}

struct fixture {
	char dir[64], hosts[96];
	struct fleet fleet;
	int changes;
	int nothing; /* a file without content */
};

static inline void count_change(void *context)
{
	struct fixture *f = context;

	f->changes++;
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[96];
	struct error err = {0};

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/netmend-fleet-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->hosts, sizeof(f->hosts), "%s", f->dir);
	(void)snprintf(path, sizeof(path), "%s/.db", f->dir);
	now = (int64_t)1790000000 * SECOND;
	f->fleet = (struct fleet){.hosts = f->hosts,
	        .clock = fleet_clock,
	        .started = now - 60 * MINUTE,
	        .changed = count_change,
	        .context = f};
	assert_int_equal(store_open(store_place_for(path), &f->fleet.store, &err), 0);
	f->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(f->nothing >= 0);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {".db", ".db-wal", ".db-shm", "52-54-00-12-34-56"};

	free(f->fleet.presences);
	store_close(f->fleet.store);
	(void)close(f->nothing);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static const struct actor tester = {.name = "anna", .role = "operator", .via = "page"};

static inline int decide(struct fixture *f, enum fleet_deed verb, int64_t id)
{
	struct error err = {0};

	return fleet_decide(f->fleet.store, &tester, verb, id, "why", &err);
}

static inline int64_t add(struct fixture *f)
{
	int64_t id = 0;

	assert_int_equal(fleet_add(f->fleet.store, &tester, MAC, "pc", &id), 0);
	return id;
}

static inline struct machine get(struct fixture *f)
{
	struct machine m;

	assert_int_equal(store_machine_by_mac(f->fleet.store, MAC, &m), 0);
	return m;
}

static inline void expect(struct fixture *f, enum machine_state state, enum reason reason)
{
	struct machine m = get(f);

	assert_string_equal(machine_state_name(m.state), machine_state_name(state));
	assert_string_equal(reason_code(m.reason), reason_code(reason));
}

static inline enum fleet_decision boot(struct fixture *f, char token[TOKEN_TEXT])
{
	struct fleet_identity identity = {.mac = MAC, .ip = "10.0.0.9", .serial = "S1"};
	enum fleet_decision decision;
	struct machine m;

	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, token), 0);
	return decision;
}

static inline int open_session(struct fixture *f, const char *token, struct store_session *ret)
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

static inline struct store_session start(struct fixture *f)
{
	char token[TOKEN_TEXT];
	struct store_session session;

	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_int_equal(open_session(f, token, &session), 0);
	return session;
}

static inline void report(
        struct fixture *f, const struct store_session *session, enum machine_state state)
{
	int64_t ack;

	assert_int_equal(fleet_events(&f->fleet, session, state, NULL, 0, &ack), 0);
}

static inline void after(struct fixture *f, int64_t ms)
{
	now += ms;
	assert_int_equal(fleet_tick(&f->fleet), 0);
}

static inline void finish(struct fixture *f, const struct store_session *session,
        enum reason reason, const char *expected)
{
	char next[8];

	const struct fleet_report end = {.reason = reason, .text = "", .json = "{}"};

	assert_int_equal(fleet_result(&f->fleet, session, &end, next), 0);
	assert_string_equal(next, expected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
