/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PostgreSQL, within the driver's files: the connection, and statements upon it. */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include "appliance/store/ops.h"

#include <libpq-fe.h>

/* Times in ms. The server gives up before we do: when it does not, the connection is lost. */
#define PG_LOCK_MS      5000  /* another writer is at it: -EBUSY */
#define PG_STATEMENT_MS 8000  /* one statement */
#define PG_ANSWER_MS    10000 /* of the server, to anything */
#define PG_IDLE_MS      15000 /* a transaction whose owner hangs: the server ends it */
#define PG_CONNECT_MS   3000
#define PG_BACKOFF_MS   3000 /* after a failed connect: calls fail at once meanwhile */
#define PG_SLICE_MS     50   /* what a call may spend on a connect under way */
#define PG_MIGRATE_MS   600000

enum pg_link { PG_DOWN, PG_CONNECTING, PG_UP };

struct pg {
	struct store base;
	PGconn *conn;           /* NULL when down */
	char **names, **values; /* parameters of the connection, NULL-terminated */
	enum pg_link link;
	PostgresPollingStatusType wants; /* while connecting */
	int64_t give_up;                 /* connecting: until then; monotonic ms */
	int64_t retry;                   /* down: not before */
	bool told;                       /* of the present outage, in the log */
	unsigned connection;             /* counts connections: statements are prepared per each */
	unsigned committed; /* the connection of the first commit since settling; 0: none */
	bool notified;      /* somebody else wrote, or may have while we were away */
	bool open;          /* the server has our transaction */
	bool written;       /* something was written in it */
	bool streams;       /* answers are read row by row */
	int answer_ms;      /* PG_ANSWER_MS, or more for migrations */
};

struct pg *pg_of(struct store *s);

/* ---- postgres_link.c ---- */

/* Takes a URL apart and adds what it leaves out: times, TLS. err: CANNOT_OPEN. */
int pg_parameters(struct pg *p, const char *url, struct error *err);
const char *pg_parameter(const struct pg *p, const char *name); /* NULL: not given */
void pg_parameters_free(struct pg *p);

/* True when there is a connection to ask: makes one when there is none and it is time to, spending
 * at most ms. Reads what the server sent unasked. */
bool pg_ready(struct pg *p, int ms);
void pg_lose(struct pg *p, const char *why);

/* Waits for the answer to what was sent. *ret: the last result, the caller's; NULL with -EIO when
 * the connection is lost, which is logged. */
int pg_answer(struct pg *p, PGresult **ret);

/* The same, but one result after the other: NULL behind the last. */
int pg_next(struct pg *p, PGresult **ret);

/* 0 when the result is none of an error; else what it means, logged when it is -EIO. */
int pg_judge(struct pg *p, const PGresult *result, const char *what);

/* Statements without parameters and rows that matter. */
int pg_simple(struct pg *p, const char *text);

/* ---- postgres_words.c ---- */

/* SQL with $1, $2 ... for each ?; malloc()ed, NULL without memory. */
char *pg_numbered(const char *text);
/* A migration in PostgreSQL's words; likewise. */
char *pg_tables(const char *text);

/* ---- postgres_sql.c: statements, as in struct store_ops ---- */

struct sql *pg_prepare(struct store *s, const char *text);
void pg_finalize(struct sql *st);
void pg_bind_int(struct sql *st, int n, int64_t value);
void pg_bind_text(struct sql *st, int n, const char *value);
void pg_bind_blob(struct sql *st, int n, const void *data, size_t len);
void pg_bind_null(struct sql *st, int n);
int pg_step(struct sql *st);
void pg_end(struct sql *st);
int64_t pg_changes(struct sql *st);
int pg_columns(struct sql *st);
const char *pg_column_name(struct sql *st, int column);
char pg_column_kind(struct sql *st, int column);
int64_t pg_column_int(struct sql *st, int column);
const char *pg_column_text(struct sql *st, int column);
const void *pg_column_blob(struct sql *st, int column, size_t *ret_len);

#endif
