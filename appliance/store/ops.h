/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A database under the store: what SQLite and PostgreSQL do differently. Called by store.c, sql.c,
 * migrate.c and copy.c alone, which see to the rules both have in common: writing is done between
 * begin and commit, and a transaction in which a statement failed can only be rolled back.
 * Functions return 0 or -errno as in store.h.
 */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "appliance/store/sql.h"

struct store_ops {
	const char *name;   /* "sqlite" */
	bool keeps_bundles; /* repair bundles belong into the database, not into files beside it */

	/* Opens without looking at tables. *ret embeds struct store as its first member; ops and
	 * kept are set by the caller. */
	int (*open)(const char *place, struct store **ret, struct error *err);
	void (*close)(struct store *s); /* every statement is finalized already */

	size_t (*files)(const struct store *s, const char *ret[STORE_FILES_MAX]); /* NULL: none */

	int (*begin)(struct store *s, bool durable); /* and nobody else writes from here on */
	int (*commit)(struct store *s);              /* failed: rolled back */
	void (*rollback)(struct store *s);
	/* All that was committed is on stable storage afterwards. */
	int (*settle)(struct store *s);
	/* Instead of begin: reads what was there at this moment, hinders nobody, and gets rows one
	 * after the other, however many: statements are not nested. Ends with rollback. */
	int (*snapshot)(struct store *s);
	bool (*changed)(struct store *s); /* somebody else committed since the last call */

	/* Within a transaction, for migrations, which may take their time. execute: several
	 * statements of schema.h, in SQLite's spelling. */
	int (*version)(struct store *s, int64_t *ret); /* of the tables; 0: there are none */
	int (*set_version)(struct store *s, int64_t version);
	int (*execute)(struct store *s, const char *text);
	/* Rows were written with their ids: numbers the table gives from now on follow them. */
	int (*renumber)(struct store *s, const char *table, const char *column);

	/* A statement embeds struct sql as its first member; store and text are set by the caller.
	 * NULL after logging. */
	struct sql *(*prepare)(struct store *s, const char *text);
	void (*finalize)(struct sql *st);
	/* Parameters count from 1. Data is copied. */
	void (*bind_int)(struct sql *st, int n, int64_t value);
	void (*bind_text)(struct sql *st, int n, const char *value);
	void (*bind_blob)(struct sql *st, int n, const void *data, size_t len);
	void (*bind_null)(struct sql *st, int n);
	int (*step)(struct sql *st); /* 1, 0 or what sql_step() says */
	void (*end)(struct sql *st);
	int64_t (*changes)(struct sql *st); /* rows the last run changed */

	int (*columns)(struct sql *st); /* of the row, which must be there */
	const char *(*column_name)(struct sql *st, int column);
	char (*column_kind)(struct sql *st, int column); /* 'i', 't', 'b', or 0 for NULL */
	int64_t (*column_int)(struct sql *st, int column);
	const char *(*column_text)(struct sql *st, int column);
	const void *(*column_blob)(struct sql *st, int column, size_t *ret_len);
};

extern const struct store_ops store_sqlite;
extern const struct store_ops store_postgres;

#define STORE_SCRATCH ":memory:" /* the place of an SQLite database that is no file */

#define SQL_KEPT_MAX 1024 /* places; three quarters of them are used at most */

struct sql {
	struct store *store;
	const char *text;
};

struct store {
	const struct store_ops *ops;
	struct sql *kept[SQL_KEPT_MAX]; /* by address of their text */
	bool transaction;               /* between store_begin() and its end */
	bool broken;                    /* a statement of it failed */
	bool groups;                    /* commits wait for store_settle() */
	bool unsettled;                 /* there was one since */
	double begun;                   /* seconds of a clock that only goes forward */
	struct store_latency latency;
};

/* A statement that is not kept: text may be anything, sql_drop() gives it back. */
struct sql *sql_once(struct store *s, const char *text);
void sql_drop(struct sql *st);

/* Brings the tables to this program's version; two that do so together do it once. */
int store_migrate(struct store *s, struct error *err);

#endif
