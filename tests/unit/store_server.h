/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The PostgreSQL database that NETMEND_TEST_STORE names, for tests that hold on both kinds of store
 * (tests/module/store_postgres_test.py). */
#ifndef UNIT_STORE_SERVER_H
#define UNIT_STORE_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <libpq-fe.h>

#include <cmocka.h>

static inline void database_empty(const char *url)
{
	PGconn *conn = PQconnectdb(url);
	PGresult *result = PQexec(conn, "SET client_min_messages = error;"
	                                "DROP SCHEMA public CASCADE; CREATE SCHEMA public");

	assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
	PQfinish(conn);
}

/* Its URL, emptied; or the path of a file, when there is no server. */
static inline const char *store_place_for(const char *path)
{
	const char *url = getenv("NETMEND_TEST_STORE");

	if (url)
		database_empty(url);
	return url ? url : path;
}

/* The same, as it is now: for a second look at it. */
static inline const char *store_place_again(const char *path)
{
	const char *url = getenv("NETMEND_TEST_STORE");

	return url ? url : path;
}

#endif
