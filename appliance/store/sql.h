/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SQLite of store/, for the files of this folder only. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "appliance/store/store.h"

#include <sqlite3.h>

/* Every statement is prepared once and kept; a lookup compares pointers of literals. */
#define SQL_STATEMENTS_MAX 64

struct store {
	sqlite3 *db;
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} kept[SQL_STATEMENTS_MAX];
	int64_t data_version;
	bool durable; /* what PRAGMA synchronous is now */
};

/* sql must be a string literal. NULL after logging when SQLite refuses it: sql_bind(), sql_step()
 * and sql_end() take that and answer -EIO. */
sqlite3_stmt *sql_prepare(struct store *s, const char *sql);

/* Binds parameters 1..n by format: 'i' int64_t, 't' const char * (NULL: SQL NULL), 'b' const void *
 * and int. Numbers must be passed as int64_t. */
void sql_bind(sqlite3_stmt *st, const char *format, ...);

/* 1: a row, 0: no more, -EEXIST for a broken UNIQUE, -EBUSY, -EIO after logging. */
int sql_step(struct store *s, sqlite3_stmt *st);

/* Gives the statement's locks back. Needed after every use that did not step to the end. */
void sql_end(sqlite3_stmt *st);

/* Steps a statement without rows to its end and gives it back. */
int sql_run(struct store *s, sqlite3_stmt *st);

/* Text of a column into a buffer of this size, cut if need be; "" for NULL. */
void sql_text(sqlite3_stmt *st, int column, char *ret, size_t size);

/* Both tables' spellings; what is not known reads as `attention` and INTERNAL. */
enum machine_state sql_state(sqlite3_stmt *st, int column);
enum reason sql_reason(sqlite3_stmt *st, int column);

/* 32 bytes: what is kept of a token or session id. */
void sql_hash(const char *secret, uint8_t ret[32]);

#endif
