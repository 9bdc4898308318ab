/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sql.h"
#include "appliance/store/schema.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIGRATIONS ((int64_t)(sizeof(migrations) / sizeof(migrations[0])))

static int sql_error(struct store *s, int code, const char *what)
{
	if ((code & 0xff) == SQLITE_BUSY)
		return -EBUSY;
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
		return -EEXIST;
	log_error("store: %s (%.60s)", sqlite3_errmsg(s->db), what);
	return -EIO;
}

sqlite3_stmt *sql_prepare(struct store *s, const char *sql)
{
	size_t i = 0;

	while (i < SQL_STATEMENTS_MAX && s->kept[i].sql && s->kept[i].sql != sql)
		i++;
	if (i == SQL_STATEMENTS_MAX) {
		log_error("store: more than %d statements", SQL_STATEMENTS_MAX);
		return NULL;
	}
	if (s->kept[i].sql) {
		(void)sqlite3_reset(s->kept[i].statement);
		return s->kept[i].statement;
	}
	int r = sqlite3_prepare_v3(
	        s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->kept[i].statement, NULL);
	if (r != SQLITE_OK) {
		(void)sql_error(s, r, sql);
		return NULL;
	}
	s->kept[i].sql = sql;
	return s->kept[i].statement;
}

/* A failing bind leaves the parameter NULL and every column is NOT NULL where that matters: the
 * step then fails and says so. */
void sql_bind(sqlite3_stmt *st, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	for (int i = 1; *format; i++, format++) {
		if (*format == 'i') {
			(void)sqlite3_bind_int64(st, i, va_arg(args, int64_t));
		} else if (*format == 't') {
			(void)sqlite3_bind_text(
			        st, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		} else {
			const void *data = va_arg(args, const void *);
			(void)sqlite3_bind_blob(st, i, data, va_arg(args, int), SQLITE_TRANSIENT);
		}
	}
	va_end(args);
}

int sql_step(struct store *s, sqlite3_stmt *st)
{
	if (!st)
		return -EIO;
	int r = sqlite3_step(st);
	if (r == SQLITE_ROW)
		return 1;
	if (r != SQLITE_DONE)
		r = sql_error(s, sqlite3_extended_errcode(s->db), sqlite3_sql(st));
	else
		r = 0;
	(void)sqlite3_reset(st);
	return r;
}

void sql_end(sqlite3_stmt *st)
{
	if (st)
		(void)sqlite3_reset(st);
}

int sql_run(struct store *s, sqlite3_stmt *st)
{
	int r = sql_step(s, st);

	sql_end(st);
	return r > 0 ? 0 : r;
}

void sql_text(sqlite3_stmt *st, int column, char *ret, size_t size)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	(void)snprintf(ret, size, "%s", text ? (const char *)text : "");
}

enum machine_state sql_state(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);
	int state = machine_state_parse(text ? (const char *)text : "");

	return state < 0 ? STATE_attention : (enum machine_state)state;
}

enum reason sql_reason(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);
	int reason = reason_parse(text ? (const char *)text : "");

	return reason < 0 ? REASON_INTERNAL : (enum reason)reason;
}

void sql_hash(const char *secret, uint8_t ret[32])
{
	(void)crypto_hash_sha256(ret, (const unsigned char *)secret, strlen(secret));
}

/* For what runs once: pragmas, migrations, BEGIN and COMMIT. */
static int sql_execute(struct store *s, const char *sql)
{
	int r = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return r == SQLITE_OK ? 0 : sql_error(s, sqlite3_extended_errcode(s->db), sql);
}

static int sql_number(struct store *s, const char *sql, int64_t *ret)
{
	sqlite3_stmt *st = sql_prepare(s, sql);
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -EIO;
	*ret = sqlite3_column_int64(st, 0);
	sql_end(st);
	return 0;
}

static int store_migrate(struct store *s, struct error *err)
{
	int64_t version;
	char pragma[40];
	int r = sql_execute(s, "BEGIN IMMEDIATE");

	if (r < 0)
		return error_set(
		        err, r, REASON_CANNOT_OPEN, "the store is locked by another process");
	r = sql_number(s, "PRAGMA user_version", &version);
	if (r == 0 && version > MIGRATIONS)
		r = error_set(err, -ENOTSUP, REASON_CANNOT_OPEN,
		        "the store was written by a newer netmend (version %lld, this one knows "
		        "%lld)",
		        (long long)version, (long long)MIGRATIONS);
	for (; r == 0 && version < MIGRATIONS; version++) {
		(void)snprintf(
		        pragma, sizeof(pragma), "PRAGMA user_version = %d", (int)version + 1);
		r = sql_execute(s, migrations[version]);
		if (r == 0)
			r = sql_execute(s, pragma);
	}
	if (r == 0)
		r = sql_execute(s, "COMMIT");
	if (r < 0)
		store_rollback(s);
	return r;
}

static int store_prepare_file(struct store *s, struct error *err)
{
	/* A fresh answer list of 10,000 machines stays below 8 MB; a small cache keeps the process
	 * small. */
	int r = sql_execute(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	                       "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
	                       "PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864;");
	if (r == 0)
		r = store_migrate(s, err);
	if (r == 0)
		r = sql_number(s, "PRAGMA data_version", &s->data_version);
	return r;
}

int store_open(const char *path, struct store **ret, struct error *err)
{
	/* SQLite would make it readable for all. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	(void)close(fd);
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(err, -ENOMEM, REASON_CANNOT_OPEN, "%s: no memory", path);
	struct error inner = {0};
	int r = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK) {
		(void)sqlite3_busy_timeout(s->db, 5000);
		(void)sqlite3_extended_result_codes(s->db, 1);
		r = store_prepare_file(s, &inner);
	} else {
		r = -EIO;
	}
	if (r < 0) {
		(void)error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path,
		        inner.code ? inner.text : sqlite3_errmsg(s->db));
		store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SQL_STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(s->kept[i].statement);
	(void)sqlite3_close(s->db);
	free(s);
}

int store_begin(struct store *s, bool durable)
{
	if (durable != s->durable) {
		int r = sql_execute(
		        s, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
		if (r < 0)
			return r;
		s->durable = durable;
	}
	return sql_run(s, sql_prepare(s, "BEGIN IMMEDIATE"));
}

int store_commit(struct store *s)
{
	int r = sql_run(s, sql_prepare(s, "COMMIT"));

	if (r < 0)
		store_rollback(s);
	return r;
}

void store_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(s->db))
		(void)sql_execute(s, "ROLLBACK");
}

bool store_changed_elsewhere(struct store *s)
{
	int64_t version = s->data_version;

	if (sql_number(s, "PRAGMA data_version", &version) < 0 || version == s->data_version)
		return false;
	s->data_version = version;
	return true;
}

int store_secret(struct store *s, uint8_t ret[32])
{
	uint8_t fresh[32];

	randombytes_buf(fresh, sizeof(fresh));
	sqlite3_stmt *st =
	        sql_prepare(s, "INSERT OR IGNORE INTO secret (one, bytes) VALUES (1, ?)");
	sql_bind(st, "b", fresh, (int)sizeof(fresh));
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "SELECT bytes FROM secret WHERE one = 1");
	r = sql_step(s, st);
	if (r == 1 && sqlite3_column_bytes(st, 0) == 32) {
		memcpy(ret, sqlite3_column_blob(st, 0), 32);
		r = 0;
	} else if (r >= 0) {
		r = -EIO;
	}
	sql_end(st);
	return r;
}
