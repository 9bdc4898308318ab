/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bringing the tables up to date when something is in the way: another appliance that does the
 * same, one that holds the store for long, death in the middle, a store of a later day. */
#include "appliance/store/ops.h"
#include "appliance/store/schema.h"
#include "fixer/base/log.h"
#include "tests/unit/store_server.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define VERSIONS ((int64_t)(sizeof(migrations) / sizeof(migrations[0])))
#define CHILDREN 4

struct fixture {
	char dir[64], place[512];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[80];

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/netmend-opening-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(path, sizeof(path), "%s/db", f->dir);
	(void)snprintf(f->place, sizeof(f->place), "%s", store_place_for(path));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"db", "db-wal", "db-shm"};

	for (size_t i = 0; i < 3; i++) {
		char path[96];
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* The store as it is, without looking at its tables. */
static struct store *raw(const struct fixture *f)
{
	const struct store_ops *ops =
	        strncmp(f->place, "postgres", 8) == 0 ? &store_postgres : &store_sqlite;
	struct store *s = NULL;
	struct error err = {0};

	assert_int_equal(ops->open(f->place, &s, &err), 0);
	s->ops = ops;
	return s;
}

/* Takes it to a version, and then runs more. */
static void advance(struct store *s, int64_t to, const char *more)
{
	int64_t version = -1;

	assert_int_equal(store_begin(s, true), 0);
	assert_int_equal(s->ops->version(s, &version), 0);
	for (; version < to; version++)
		if (version < VERSIONS)
			assert_int_equal(s->ops->execute(s, migrations[version]), 0);
	assert_int_equal(s->ops->set_version(s, to), 0);
	if (more)
		assert_int_equal(s->ops->execute(s, more), 0);
}

static void make(const struct fixture *f, int64_t version, const char *more)
{
	struct store *s = raw(f);

	advance(s, version, more);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
}

static int64_t version_of(const struct fixture *f)
{
	struct store *s = raw(f);
	int64_t version = -1;

	assert_int_equal(store_begin(s, true), 0);
	assert_int_equal(s->ops->version(s, &version), 0);
	store_rollback(s);
	store_close(s);
	return version;
}

static bool has_table(const struct fixture *f, const char *table)
{
	char text[96];
	struct store *s = raw(f);
	int64_t count;

	(void)snprintf(text, sizeof(text), "SELECT count(*) FROM %s", table);
	struct sql *st = sql_once(s, text);
	bool found = st && sql_one(s, st, &count) == 0;
	sql_drop(st);
	store_close(s);
	return found;
}

static int opens(const struct fixture *f, struct error *err)
{
	struct store *s = NULL;
	int r = store_open(f->place, &s, err);

	store_close(s);
	return r;
}

static void expect_good(const struct fixture *f)
{
	struct error err = {0};

	assert_int_equal(opens(f, &err), 0);
	assert_int_equal(version_of(f), VERSIONS);
	assert_true(has_table(f, "leases"));
}

static void test_a_store_of_a_later_day(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};

	make(f, VERSIONS, NULL);
	make(f, VERSIONS + 1, "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;");
	assert_int_equal(opens(f, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "newer netmend"));
	assert_int_equal(version_of(f), VERSIONS + 1);
	assert_true(has_table(f, "later"));
}

/* A statement far behind in the last migration fails: nothing of it is left. */
static void test_a_migration_that_fails(void **state)
{
	struct fixture *f = *state;
	struct error err = {0};

	make(f, 3, "CREATE TABLE bundle_parts (id INTEGER PRIMARY KEY) STRICT;");
	assert_true(opens(f, &err) < 0);
	assert_non_null(strstr(err.text, "from version 3"));
	assert_int_equal(version_of(f), 3);
	assert_false(has_table(f, "inventory"));
	struct store *s = raw(f);
	assert_int_equal(store_begin(s, true), 0);
	assert_int_equal(s->ops->execute(s, "DROP TABLE bundle_parts;"), 0);
	assert_int_equal(store_commit(s), 0);
	store_close(s);
	expect_good(f);
}

static void test_killed_in_the_middle(void **state)
{
	struct fixture *f = *state;
	int status;

	make(f, 2, NULL);
	pid_t child = fork();
	if (child == 0) {
		advance(raw(f), VERSIONS, NULL);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(version_of(f), 2);
	assert_false(has_table(f, "inventory"));
	expect_good(f);
}

/* Each CREATE TABLE fails the second time: that all of them are content means that one did it. */
static void all_at_once(const struct fixture *f)
{
	pid_t children[CHILDREN];
	int status, gate[2];
	char nothing;

	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct error err = {0};
			(void)close(gate[1]);
			(void)!read(gate[0], &nothing, 1); /* all start at its end */
			int r = opens(f, &err);
			if (r < 0)
				print_error("%s\n", err.text);
			_exit(r == 0 ? 0 : 1);
		}
	}
	(void)close(gate[0]);
	(void)close(gate[1]);
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	expect_good(f);
}

static void test_several_on_an_empty_one(void **state)
{
	all_at_once(*state);
}

static void test_several_on_an_old_one(void **state)
{
	struct fixture *f = *state;

	make(f, 1, "INSERT INTO machines (id, mac) VALUES (1, 'x');");
	all_at_once(f);
}

/* Another one is at it for longer than any wait for a lock: whoever starts waits, and then works.
 */
static void test_one_that_takes_long(void **state)
{
	struct fixture *f = *state;
	const struct timespec longer = {.tv_sec = 6};
	int status, ready[2];
	char byte = 0;

	make(f, 1, NULL);
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct store *s = raw(f);
		advance(s, VERSIONS, NULL);
		(void)!write(ready[1], &byte, 1);
		(void)nanosleep(&longer, NULL);
		_exit(store_commit(s) == 0 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	expect_good(f);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        WITH(test_a_store_of_a_later_day),
	        WITH(test_a_migration_that_fails),
	        WITH(test_killed_in_the_middle),
	        WITH(test_several_on_an_empty_one),
	        WITH(test_several_on_an_old_one),
	        WITH(test_one_that_takes_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
