/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements: prepared once a connection, their whole answer kept until they are done. */
#include "appliance/store/postgres.h"
#include "fixer/base/log.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 48

/* Of pg_type; fixed for all time. */
enum {
	TYPE_ANY = 0,
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_NUMERIC = 1700
};

struct pg_sql {
	struct sql base;
	char *text; /* numbered */
	char name[24];
	unsigned connection; /* it is prepared on; 0: on none */
	bool reads;
	int count; /* parameters bound */
	Oid types[PARAMETERS_MAX];
	char *data[PARAMETERS_MAX];         /* malloc()ed copies */
	const char *values[PARAMETERS_MAX]; /* the same, or NULL */
	int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
	bool streams;     /* rows are still to come */
	PGresult *result; /* NULL: not run, or done */
	int row;
	int64_t changes;
	unsigned char *blob; /* the last one asked for */
};

static struct pg_sql *of(struct sql *st)
{
	return (struct pg_sql *)(void *)st;
}

struct sql *pg_prepare(struct store *s, const char *text)
{
	struct pg_sql *st = calloc(1, sizeof(*st));

	(void)s;
	if (st)
		st->text = pg_numbered(text);
	if (!st || !st->text) {
		log_error("store: no memory");
		free(st);
		return NULL;
	}
	st->reads = strncmp(text, "SELECT", 6) == 0;
	return &st->base;
}

/* What is left of an answer read row by row. */
static void stream_end(struct pg *p, struct pg_sql *st)
{
	PGresult *result;

	while (st->streams && p->open && pg_next(p, &result) == 0 && result)
		PQclear(result);
	st->streams = false;
}

void pg_end(struct sql *st)
{
	stream_end(pg_of(st->store), of(st));
	PQclear(of(st)->result);
	of(st)->result = NULL;
	PQfreemem(of(st)->blob);
	of(st)->blob = NULL;
}

void pg_finalize(struct sql *st)
{
	pg_end(st);
	for (int i = 0; i < PARAMETERS_MAX; i++)
		free(of(st)->data[i]);
	free(of(st)->text);
	free(st);
}

/* A parameter that cannot be copied is NULL: every column is NOT NULL where that matters. */
static void bind(struct sql *base, int n, Oid type, const void *data, size_t len)
{
	struct pg_sql *st = of(base);
	int i = n - 1;

	if (i >= PARAMETERS_MAX) {
		log_error("store: more than %d parameters (%.60s)", PARAMETERS_MAX, st->text);
		abort();
	}
	if (n > st->count)
		st->count = n;
	/* What was prepared for another type is prepared again. */
	if (type != TYPE_ANY && st->types[i] != type) {
		st->connection = 0;
		st->types[i] = type;
	}
	free(st->data[i]);
	st->data[i] = data ? malloc(len + 1) : NULL;
	if (st->data[i]) {
		memcpy(st->data[i], data, len);
		st->data[i][len] = '\0';
	}
	st->values[i] = st->data[i];
	st->lengths[i] = (int)len;
	st->formats[i] = type != TYPE_TEXT;
}

void pg_bind_int(struct sql *st, int n, int64_t value)
{
	uint64_t wire = htobe64((uint64_t)value);

	bind(st, n, TYPE_INT8, &wire, sizeof(wire));
}

void pg_bind_text(struct sql *st, int n, const char *value)
{
	bind(st, n, TYPE_TEXT, value, strlen(value));
}

void pg_bind_blob(struct sql *st, int n, const void *data, size_t len)
{
	bind(st, n, TYPE_BYTEA, len ? data : "", len);
}

void pg_bind_null(struct sql *st, int n)
{
	bind(st, n, TYPE_ANY, NULL, 0);
}

static int prepare_there(struct pg *p, struct pg_sql *st)
{
	static unsigned number;
	PGresult *result;

	if (st->connection == p->connection)
		return 0;
	/* Never a name that this connection knows already. */
	(void)snprintf(st->name, sizeof(st->name), "s%u", ++number);
	if (!PQsendPrepare(p->conn, st->name, st->text, st->count, st->types)) {
		pg_lose(p, PQerrorMessage(p->conn));
		return -EIO;
	}
	int r = pg_answer(p, &result);
	if (r < 0)
		return r;
	r = pg_judge(p, result, st->text);
	PQclear(result);
	if (r == 0)
		st->connection = p->connection;
	return r;
}

/* The next row: 1, 0 or an error. */
static int stream_step(struct pg *p, struct pg_sql *st)
{
	PGresult *result = NULL;

	PQclear(st->result);
	st->result = NULL;
	int r = p->open ? pg_next(p, &result) : -EIO;
	if (result && PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
		st->result = result;
		st->row = 0;
		return 1;
	}
	if (result)
		r = pg_judge(p, result, st->text);
	PQclear(result);
	stream_end(p, st);
	return r;
}

static int run_there(struct pg *p, struct pg_sql *st)
{
	PGresult *result;
	int r = prepare_there(p, st);

	if (r < 0)
		return r;
	if (!PQsendQueryPrepared(
	            p->conn, st->name, st->count, st->values, st->lengths, st->formats, 0)) {
		pg_lose(p, PQerrorMessage(p->conn));
		return -EIO;
	}
	if (p->streams && PQsetSingleRowMode(p->conn)) {
		st->streams = true;
		return 0;
	}
	r = pg_answer(p, &result);
	if (r < 0)
		return r;
	r = pg_judge(p, result, st->text);
	if (r < 0) {
		PQclear(result);
		return r;
	}
	st->changes = strtoll(PQcmdTuples(result), NULL, 10);
	if (!st->reads)
		p->written = true;
	st->result = result;
	st->row = -1;
	return 0;
}

/* What writes outside of a transaction is one of its own, so that writers are in a row and others
 * are told. */
static int run_alone(struct store *s, struct pg_sql *st)
{
	struct pg *p = pg_of(s);

	if (st->reads)
		return pg_ready(p, PG_SLICE_MS) ? run_there(p, st) : -EIO;
	int r = s->ops->begin(s, false);
	if (r < 0)
		return r;
	r = run_there(p, st);
	if (r == 0)
		r = s->ops->commit(s);
	else
		s->ops->rollback(s);
	if (r < 0)
		pg_end(&st->base);
	return r;
}

int pg_step(struct sql *base)
{
	struct pg_sql *st = of(base);
	struct pg *p = pg_of(base->store);
	int r = 0;

	if (!st->result && !st->streams && p->base.transaction)
		r = p->open ? run_there(p, st) : -EIO; /* it was lost on the way */
	else if (!st->result && !st->streams)
		r = run_alone(base->store, st);
	if (r < 0)
		return r;
	if (st->streams)
		return stream_step(p, st);
	if (++st->row < PQntuples(st->result))
		return 1;
	pg_end(base);
	return 0;
}

int64_t pg_changes(struct sql *st)
{
	return of(st)->changes;
}

int pg_columns(struct sql *st)
{
	return PQnfields(of(st)->result);
}

const char *pg_column_name(struct sql *st, int column)
{
	return PQfname(of(st)->result, column);
}

char pg_column_kind(struct sql *st, int column)
{
	if (PQgetisnull(of(st)->result, of(st)->row, column))
		return 0;
	switch (PQftype(of(st)->result, column)) {
	case TYPE_BOOL:
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_INT8:
	case TYPE_NUMERIC:
		return 'i';
	case TYPE_BYTEA:
		return 'b';
	default:
		return 't';
	}
}

int64_t pg_column_int(struct sql *st, int column)
{
	const char *text = PQgetvalue(of(st)->result, of(st)->row, column);

	/* A comparison's outcome is a number to SQLite. */
	return text[0] == 't' ? 1 : strtoll(text, NULL, 10);
}

const char *pg_column_text(struct sql *st, int column)
{
	if (PQgetisnull(of(st)->result, of(st)->row, column))
		return NULL;
	return PQgetvalue(of(st)->result, of(st)->row, column);
}

const void *pg_column_blob(struct sql *base, int column, size_t *ret_len)
{
	struct pg_sql *st = of(base);

	*ret_len = 0;
	if (PQgetisnull(st->result, st->row, column))
		return NULL;
	PQfreemem(st->blob);
	st->blob = PQunescapeBytea(
	        (const unsigned char *)PQgetvalue(st->result, st->row, column), ret_len);
	return st->blob;
}
