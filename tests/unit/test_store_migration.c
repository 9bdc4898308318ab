/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store of an earlier release becomes one of this. */
#include "appliance/store/schema.h"
#include "appliance/store/store.h"
#include "appliance/store/tally.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void first_release(const char *path, const char *rows)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, migrations[0], NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int collect(const struct store_bundle *b, void *context)
{
	char *text = context;

	text[strlen(text)] = b->sha256[0];
	text[strlen(text)] = bundle_state_name(b->state)[0];
	return 0;
}

/* Of the unconfirmed ones only the newest of a machine was offered, and only when no later one was
 * confirmed. */
static void test_bundles(void **state)
{
	char path[] = "/tmp/netmend-migration-XXXXXX", side[sizeof(path) + 4];
	char of_one[16] = "", of_two[16] = "";
	struct store *s;
	struct error err = {0};

	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	(void)close(fd);
	first_release(path, "INSERT INTO machines (id, mac) VALUES (1, 'x'), (2, 'y');"
	                    "INSERT INTO bundles (machine, sha256, size, at, confirmed) VALUES"
	                    " (1, 'a', 1, 1, 0), (2, 'b', 1, 2, 0), (1, 'c', 1, 3, 1),"
	                    " (2, 'd', 1, 4, 0);");
	assert_int_equal(store_open(path, &s, &err), 0);
	assert_int_equal(store_bundles(s, 1, collect, of_one), 0);
	assert_int_equal(store_bundles(s, 2, collect, of_two), 0);
	assert_string_equal(of_one, "avcc");
	assert_string_equal(of_two, "bvdp");
	store_close(s);
	for (size_t i = 0; i < 3; i++) {
		static const char *const ends[] = {"", "-wal", "-shm"};
		(void)snprintf(side, sizeof(side), "%s%s", path, ends[i]);
		(void)unlink(side);
	}
}

static int tell_minute(const struct store_tally *t, void *context)
{
	char *text = context;
	size_t len = strlen(text);

	(void)snprintf(text + len, 200 - len, "%lld:%lld,%lld,%lld,%lld ", (long long)t->at / 60000,
	        (long long)t->count[TALLY_STARTED], (long long)t->count[TALLY_REPAIRED],
	        (long long)t->count[TALLY_RECOVERED], (long long)t->count[TALLY_FAILED]);
	return 0;
}

/* What happened before it was counted as it happened. */
static void test_tally(void **state)
{
	char path[] = "/tmp/netmend-migration-XXXXXX", side[sizeof(path) + 4], told[200] = "";
	struct store *s;
	struct error err = {0};

	(void)state;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	(void)close(fd);
	first_release(path, "INSERT INTO machines (id, mac) VALUES (1, 'x');"
	                    "INSERT INTO events (machine, at, attempt, state, step, reason, text, "
	                    "numbers) VALUES"
	                    " (1, 60001, 1, 'booting', 'boot', 'OK', '', '{}'),"
	                    " (1, 60002, 1, 'booting', 'tftp', 'OK', '', '{}'),"
	                    " (1, 119999, 1, 'booting', 'boot', 'OK', '', '{}'),"
	                    " (1, 120000, 1, 'rebooting', 'result', 'REPAIRED', '', '{}'),"
	                    " (1, 240000, 1, 'returned', 'windows', 'RETURNED', '', '{}'),"
	                    " (1, 300000, 1, 'planning', 'plan', 'OK', '', '{}'),"
	                    " (1, 360000, 1, 'attention', 'silence', 'NO_HEARTBEAT', '', '{}'),"
	                    " (1, 420000, 1, 'attention', 'pxe', 'RELAPSED', '', '{}');");
	assert_int_equal(store_open(path, &s, &err), 0);
	assert_int_equal(store_tallies(s, tell_minute, told), 0);
	assert_string_equal(told, "1:2,0,0,0 2:0,1,0,0 4:0,0,1,0 7:0,0,0,1 ");
	store_close(s);
	for (size_t i = 0; i < 3; i++) {
		static const char *const ends[] = {"", "-wal", "-shm"};
		(void)snprintf(side, sizeof(side), "%s%s", path, ends[i]);
		(void)unlink(side);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bundles), cmocka_unit_test(test_tally)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
