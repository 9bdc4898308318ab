/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SQL for the files of this folder: statements written once, in the words SQLite and PostgreSQL
 * share (?, ON CONFLICT, RETURNING; no INSERT OR, no rowid, LIMIT never negative, a name for each
 * subselect in FROM). What differs between the two is behind these functions and in schema.h.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "appliance/store/store.h"

/* A prepared statement and, after a step, its row. */
struct sql;

/* sql must be a string literal: every statement is prepared once and kept, and a lookup compares
 * pointers. NULL after logging when the database refuses it: all functions below take that, and
 * those that say how it went answer -EIO. */
struct sql *sql_prepare(struct store *s, const char *sql);

/* Binds parameters 1..n by format: 'i' int64_t, 'o' int64_t of which 0 is NULL, 't' const char *
 * (NULL: NULL), 'b' const void * and int. Numbers must be passed as int64_t. */
void sql_bind(struct sql *st, const char *format, ...);

/* 1: a row, 0: no more, -EEXIST for a broken UNIQUE, -EBUSY, -EIO after logging. After an error
 * within a transaction everything fails until it is rolled back. */
int sql_step(struct store *s, struct sql *st);

/* Gives the statement's locks back. Needed after every use that did not step to the end. */
void sql_end(struct sql *st);

/* Steps a statement without rows to its end and gives it back; sql_run_count(): and tells how many
 * rows it changed. */
int sql_run(struct store *s, struct sql *st);
int sql_run_count(struct store *s, struct sql *st, int64_t *ret);
/* The same for a question of one number: its first row's first column; also INSERT ... RETURNING
 * id. -ENOENT without a row. */
int sql_one(struct store *s, struct sql *st, int64_t *ret);
/* The first column of all its rows: *ret malloc()ed, NULL without rows. */
int sql_numbers(struct store *s, struct sql *st, int64_t **ret, size_t *ret_count);

/* Columns of the row, from 0. sql_int(): 0 for NULL. sql_string(): NULL for NULL, valid until the
 * next step. sql_blob(): *ret_len its bytes, likewise. */
int64_t sql_int(struct sql *st, int column);
const char *sql_string(struct sql *st, int column);
const void *sql_blob(struct sql *st, int column, size_t *ret_len);
/* Text of a column into a buffer of this size, cut if need be; "" for NULL. */
void sql_text(struct sql *st, int column, char *ret, size_t size);
/* A copy from malloc(): 0, or -ENOMEM. *ret is NULL for NULL. */
int sql_copy(struct sql *st, int column, char **ret);

/* The tables' spellings; what is not known reads as `attention` and INTERNAL. */
enum machine_state sql_state(struct sql *st, int column);
enum reason sql_reason(struct sql *st, int column);

/* 32 bytes: what is kept of a token or session id. */
void sql_hash(const char *secret, uint8_t ret[32]);

#endif
