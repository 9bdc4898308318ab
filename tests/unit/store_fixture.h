/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An empty store for each test: a new SQLite file, or, when NETMEND_TEST_STORE names a PostgreSQL
 * database, that one, emptied. tests/module/store_postgres_test.py runs these tests so: what they
 * say holds on both.
 */
#ifndef UNIT_STORE_FIXTURE_H
#define UNIT_STORE_FIXTURE_H

#include "appliance/store/store.h"
#include "tests/unit/store_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAC   "52:54:00:12:34:56"
#define TOKEN "00112233445566778899aabbccddeeff"

struct fixture {
	char dir[64], place[512];
	bool file; /* it is SQLite's */
	struct store *store;
};

static inline void fixture_reopen(struct fixture *f)
{
	struct error err = {0};

	store_close(f->store);
	f->store = NULL;
	int r = store_open(f->place, &f->store, &err);
	if (r < 0)
		print_error("%s\n", err.text);
	assert_int_equal(r, 0);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[80];

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/netmend-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(path, sizeof(path), "%s/db", f->dir);
	(void)snprintf(f->place, sizeof(f->place), "%s", store_place_for(path));
	f->file = strcmp(f->place, path) == 0;
	fixture_reopen(f);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const ends[] = {"", "-wal", "-shm"};

	store_close(f->store);
	for (size_t i = 0; f->file && i < 3; i++) {
		char path[528];
		(void)snprintf(path, sizeof(path), "%s%s", f->place, ends[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static inline int64_t machine_make(struct fixture *f, const char *mac)
{
	int64_t id = 0;

	assert_int_equal(store_machine_add(f->store, mac, &id), 0);
	return id;
}

static inline int64_t session_make(
        struct fixture *f, int64_t machine, const char *secret, const char *token)
{
	char volumes[] = "[1]";
	struct store_session session = {
	        .machine = machine, .attempt = 2, .created = 11, .key = "KEY", .volumes = volumes};
	int64_t id = 0;

	assert_int_equal(store_session_add(f->store, secret, token, &session, &id), 0);
	return id;
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
