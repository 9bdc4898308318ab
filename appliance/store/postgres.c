/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PostgreSQL: one database, shared by several appliances. */
#include "appliance/store/postgres.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whoever writes holds this lock of the database until his transaction ends. The number is ours:
 * "netmend" as bytes. */
#define WRITER "SELECT pg_advisory_xact_lock(31073798164147812)"

struct pg *pg_of(struct store *s)
{
	return (struct pg *)(void *)s;
}

static void pg_close(struct store *s)
{
	struct pg *p = pg_of(s);

	PQfinish(p->conn);
	pg_parameters_free(p);
	free(p);
}

static int pg_open(const char *url, struct store **ret, struct error *err)
{
	struct pg *p = calloc(1, sizeof(*p));

	if (!p)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	p->answer_ms = PG_ANSWER_MS;
	int r = pg_parameters(p, url, err);
	if (r == 0 && !pg_ready(p, PG_CONNECT_MS))
		r = error_set(err, -EIO, REASON_CANNOT_OPEN,
		        "no connection to the store's PostgreSQL; the log says why. Look at "
		        "[store] database and password-file, and at the server's pg_hba.conf");
	if (r < 0) {
		pg_close(&p->base);
		return r;
	}
	p->notified = false; /* there was no "while we were away" */
	*ret = &p->base;
	return 0;
}

static size_t pg_files(const struct store *s, const char *ret[STORE_FILES_MAX])
{
	static const char *const names[] = {"sslrootcert", "sslcert", "sslkey", "sslcrl"};
	const struct pg *p = (const struct pg *)(const void *)s;
	size_t count = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = pg_parameter(p, names[i]);
		if (path && path[0] == '/')
			ret[count++] = path;
	}
	return count;
}

static int pg_begin(struct store *s, bool durable)
{
	struct pg *p = pg_of(s);

	if (!pg_ready(p, PG_SLICE_MS))
		return -EIO;
	int r = pg_simple(
	        p, durable ? "BEGIN;" WRITER : "BEGIN; SET LOCAL synchronous_commit = off;" WRITER);
	if (r < 0) {
		if (p->link == PG_UP)
			(void)pg_simple(p, "ROLLBACK");
		return r;
	}
	p->open = true;
	p->written = false;
	return 0;
}

static int pg_snapshot(struct store *s)
{
	struct pg *p = pg_of(s);

	if (!pg_ready(p, PG_SLICE_MS))
		return -EIO;
	int r = pg_simple(p, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
	                     "SET LOCAL statement_timeout = 0;"
	                     "SET LOCAL idle_in_transaction_session_timeout = 0");
	if (r == 0)
		p->open = p->streams = true;
	return r;
}

static void pg_rollback(struct store *s)
{
	struct pg *p = pg_of(s);

	if (p->open)
		(void)pg_simple(p, "ROLLBACK");
	p->open = p->streams = false;
}

static int pg_commit(struct store *s)
{
	struct pg *p = pg_of(s);

	if (!p->open)
		return -EIO;
	int r = pg_simple(p, p->written ? "NOTIFY netmend; COMMIT" : "COMMIT");
	/* It failed on the server, or nobody knows. */
	if (r < 0 && p->open)
		pg_rollback(s);
	p->open = false;
	if (r == 0 && p->committed == 0)
		p->committed = p->connection;
	return r;
}

/* The server writes its log in order: what commits with it on the disk has all before it there.
 * Such a commit needs something of its own in the log, and this is the least: a message nobody
 * reads. A server that went down since the first of those commits may have lost it: then the
 * connection is another one. */
static int pg_settle(struct store *s)
{
	struct pg *p = pg_of(s);
	bool same = p->committed == p->connection;

	p->committed = 0;
	if (!same || p->link != PG_UP)
		return -EIO;
	return pg_simple(p, "SELECT pg_logical_emit_message(true, 'netmend', '')");
}

static bool pg_changed(struct store *s)
{
	struct pg *p = pg_of(s);

	(void)pg_ready(p, PG_SLICE_MS);
	bool changed = p->notified;
	p->notified = false;
	return changed;
}

static int pg_version(struct store *s, int64_t *ret)
{
	int64_t version = 0;
	int r = pg_simple(pg_of(s), "CREATE TABLE IF NOT EXISTS schema_version"
	                            " (one BIGINT PRIMARY KEY CHECK (one = 1),"
	                            " version BIGINT NOT NULL);"
	                            "INSERT INTO schema_version (one, version) VALUES (1, 0)"
	                            " ON CONFLICT DO NOTHING");
	if (r == 0)
		r = sql_one(s, sql_prepare(s, "SELECT version FROM schema_version"), &version);
	if (r == 0)
		*ret = version;
	return r;
}

static int pg_set_version(struct store *s, int64_t version)
{
	struct sql *st = sql_prepare(s, "UPDATE schema_version SET version = ?");

	sql_bind(st, "i", version);
	return sql_run(s, st);
}

static int pg_execute(struct store *s, const char *text)
{
	struct pg *p = pg_of(s);
	char *tables = pg_tables(text);

	if (!tables)
		return -ENOMEM;
	p->answer_ms = PG_MIGRATE_MS;
	int r = pg_simple(p, "SET LOCAL statement_timeout = 0");
	if (r == 0)
		r = pg_simple(p, tables);
	p->answer_ms = PG_ANSWER_MS;
	free(tables);
	return r;
}

static int pg_renumber(struct store *s, const char *table, const char *column)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	        "SELECT setval(pg_get_serial_sequence('%s', '%s'), greatest(max(%s), 1),"
	        " max(%s) IS NOT NULL) FROM %s",
	        table, column, column, column, table);
	return pg_simple(pg_of(s), text);
}

const struct store_ops store_postgres = {
        .name = "postgresql",
        .keeps_bundles = true,
        .open = pg_open,
        .close = pg_close,
        .files = pg_files,
        .begin = pg_begin,
        .commit = pg_commit,
        .rollback = pg_rollback,
        .settle = pg_settle,
        .snapshot = pg_snapshot,
        .changed = pg_changed,
        .version = pg_version,
        .set_version = pg_set_version,
        .execute = pg_execute,
        .renumber = pg_renumber,
        .prepare = pg_prepare,
        .finalize = pg_finalize,
        .bind_int = pg_bind_int,
        .bind_text = pg_bind_text,
        .bind_blob = pg_bind_blob,
        .bind_null = pg_bind_null,
        .step = pg_step,
        .end = pg_end,
        .changes = pg_changes,
        .columns = pg_columns,
        .column_name = pg_column_name,
        .column_kind = pg_column_kind,
        .column_int = pg_column_int,
        .column_text = pg_column_text,
        .column_blob = pg_column_blob,
};
