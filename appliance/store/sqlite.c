/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite: one file in WAL mode, shared by the processes of one appliance. */
#include "appliance/store/ops.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#define MODE_PAUSE_MS 20
#define BUSY_MS       5000

struct lite {
	struct store base;
	sqlite3 *db;
	int64_t data_version;
	bool durable; /* what PRAGMA synchronous is now */
};

struct lite_sql {
	struct sql base;
	sqlite3_stmt *st;
	bool number; /* the number of the row it inserted is all it answers */
	bool answered;
};

static struct lite *lite_of(struct store *s)
{
	return (struct lite *)(void *)s;
}

static struct lite_sql *of(struct sql *st)
{
	return (struct lite_sql *)(void *)st;
}

static sqlite3_stmt *statement(struct sql *st)
{
	return of(st)->st;
}

static int lite_error(struct lite *l, int code, const char *what)
{
	if ((code & 0xff) == SQLITE_BUSY)
		return -EBUSY;
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
		return -EEXIST;
	log_error("store: %s (%.60s)", sqlite3_errmsg(l->db), what);
	return -EIO;
}

/* For what runs once: pragmas, migrations, BEGIN and COMMIT. */
static int lite_execute(struct store *s, const char *text)
{
	struct lite *l = lite_of(s);

	return sqlite3_exec(l->db, text, NULL, NULL, NULL) == SQLITE_OK
	               ? 0
	               : lite_error(l, sqlite3_extended_errcode(l->db), text);
}

static int lite_number(struct lite *l, const char *text, int64_t *ret)
{
	sqlite3_stmt *st;
	int r = sqlite3_prepare_v2(l->db, text, -1, &st, NULL);

	if (r == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
		*ret = sqlite3_column_int64(st, 0);
		(void)sqlite3_finalize(st);
		return 0;
	}
	r = lite_error(l, sqlite3_extended_errcode(l->db), text);
	(void)sqlite3_finalize(st);
	return r;
}

static void lite_close(struct store *s)
{
	(void)sqlite3_close(lite_of(s)->db);
	free(s);
}

/* Several that open a new file at once change its mode together. SQLite has them fail then instead
 * of waiting for the lock, lest they wait for each other: whoever failed lets go and asks again. */
static int lite_write_ahead(struct lite *l)
{
	static const char text[] = "PRAGMA journal_mode = WAL";
	const struct timespec pause = {.tv_nsec = MODE_PAUSE_MS * 1000000L};
	int r = sqlite3_exec(l->db, text, NULL, NULL, NULL);

	for (int waited = 0; (r & 0xff) == SQLITE_BUSY && waited < BUSY_MS;
	        waited += MODE_PAUSE_MS) {
		(void)nanosleep(&pause, NULL);
		r = sqlite3_exec(l->db, text, NULL, NULL, NULL);
	}
	return r == SQLITE_OK ? 0 : lite_error(l, sqlite3_extended_errcode(l->db), text);
}

static int lite_prepare_file(struct lite *l)
{
	/* A fresh answer list of 10,000 machines stays below 8 MB; a small cache keeps the process
	 * small. Nothing may be sorted in files: web can make none outside of its own folders. */
	int r = lite_write_ahead(l);

	if (r == 0)
		r = lite_execute(&l->base, "PRAGMA synchronous = NORMAL;"
		                           "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
		                           "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;"
		                           "PRAGMA journal_size_limit = 67108864;");
	return r < 0 ? r : lite_number(l, "PRAGMA data_version", &l->data_version);
}

/* SQLite would make it readable for all. */
static int lite_make_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	(void)close(fd);
	return 0;
}

static int lite_open(const char *path, struct store **ret, struct error *err)
{
	int r = strcmp(path, STORE_SCRATCH) == 0 ? 0 : lite_make_file(path, err);

	if (r < 0)
		return r;
	struct lite *l = calloc(1, sizeof(*l));
	if (!l)
		return error_set(err, -ENOMEM, REASON_CANNOT_OPEN, "%s: no memory", path);
	r = sqlite3_open_v2(path, &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK) {
		(void)sqlite3_busy_timeout(l->db, BUSY_MS);
		(void)sqlite3_extended_result_codes(l->db, 1);
		r = lite_prepare_file(l);
	} else {
		r = -EIO;
	}
	if (r < 0) {
		(void)error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path, sqlite3_errmsg(l->db));
		lite_close(&l->base);
		return r;
	}
	*ret = &l->base;
	return 0;
}

static int lite_begin(struct store *s, bool durable)
{
	struct lite *l = lite_of(s);

	if (durable != l->durable) {
		int r = lite_execute(
		        s, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
		if (r < 0)
			return r;
		l->durable = durable;
	}
	struct sql *st = sql_prepare(s, "BEGIN IMMEDIATE");
	return st ? s->ops->step(st) : -EIO;
}

static int lite_snapshot(struct store *s)
{
	return lite_execute(s, "BEGIN");
}

static void lite_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(lite_of(s)->db))
		(void)lite_execute(s, "ROLLBACK");
}

static int lite_commit(struct store *s)
{
	struct sql *st = sql_prepare(s, "COMMIT");
	int r = st ? s->ops->step(st) : -EIO;

	if (r < 0)
		lite_rollback(s);
	return r;
}

/* Commits of synchronous = NORMAL are in the write-ahead log, in order, and nobody has waited for
 * the disk to have it. */
static int lite_settle(struct store *s)
{
	sqlite3_file *log = NULL;
	int r = sqlite3_file_control(
	        lite_of(s)->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);

	if (r == SQLITE_OK && log && log->pMethods)
		r = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
	if (r == SQLITE_OK)
		return 0;
	log_error("store: what was committed cannot be brought to the disk: %s", sqlite3_errstr(r));
	return -EIO;
}

static bool lite_changed(struct store *s)
{
	struct lite *l = lite_of(s);
	int64_t version = l->data_version;

	struct sql *st = sql_prepare(s, "PRAGMA data_version");
	if (sql_one(s, st, &version) < 0 || version == l->data_version)
		return false;
	l->data_version = version;
	return true;
}

static int lite_version(struct store *s, int64_t *ret)
{
	return lite_number(lite_of(s), "PRAGMA user_version", ret);
}

static int lite_set_version(struct store *s, int64_t version)
{
	char pragma[48];

	(void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %lld", (long long)version);
	return lite_execute(s, pragma);
}

/* AUTOINCREMENT counts from the highest id ever written, however it came. */
static int lite_renumber(struct store *s, const char *table, const char *column)
{
	(void)s;
	(void)table;
	(void)column;
	return 0;
}

/* RETURNING of a number that SQLite knows anyway: it would make a table in memory for it, which
 * costs more than the row. The length without it, or -1. */
static int without_number(const char *text)
{
	static const char *const ends[] = {" RETURNING id", " RETURNING seq"};
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);
		if (len > end && strcmp(text + len - end, ends[i]) == 0 &&
		        strncmp(text, "INSERT", 6) == 0 && !strstr(text, "ON CONFLICT"))
			return (int)(len - end);
	}
	return -1;
}

static struct sql *lite_prepare(struct store *s, const char *text)
{
	struct lite *l = lite_of(s);
	struct lite_sql *st = calloc(1, sizeof(*st));
	int len = without_number(text);

	if (!st) {
		log_error("store: no memory");
		return NULL;
	}
	st->number = len >= 0;
	int r = sqlite3_prepare_v3(l->db, text, len, SQLITE_PREPARE_PERSISTENT, &st->st, NULL);
	if (r != SQLITE_OK) {
		(void)lite_error(l, r, text);
		free(st);
		return NULL;
	}
	return &st->base;
}

static void lite_finalize(struct sql *st)
{
	(void)sqlite3_finalize(statement(st));
	free(st);
}

/* A failing bind leaves the parameter NULL and every column is NOT NULL where that matters: the
 * step then fails and says so. */
static void lite_bind_int(struct sql *st, int n, int64_t value)
{
	(void)sqlite3_bind_int64(statement(st), n, value);
}

static void lite_bind_text(struct sql *st, int n, const char *value)
{
	(void)sqlite3_bind_text(statement(st), n, value, -1, SQLITE_TRANSIENT);
}

static void lite_bind_blob(struct sql *st, int n, const void *data, size_t len)
{
	(void)sqlite3_bind_blob64(statement(st), n, data, len, SQLITE_TRANSIENT);
}

static void lite_bind_null(struct sql *st, int n)
{
	(void)sqlite3_bind_null(statement(st), n);
}

static int lite_step(struct sql *st)
{
	struct lite *l = lite_of(st->store);
	bool number = of(st)->number;

	if (number && of(st)->answered) {
		of(st)->answered = false;
		return 0;
	}
	int r = sqlite3_step(statement(st));
	if (r == SQLITE_ROW)
		return 1;
	r = r == SQLITE_DONE ? 0 : lite_error(l, sqlite3_extended_errcode(l->db), st->text);
	(void)sqlite3_reset(statement(st));
	of(st)->answered = number && r == 0;
	return of(st)->answered ? 1 : r;
}

static void lite_end(struct sql *st)
{
	of(st)->answered = false;
	(void)sqlite3_reset(statement(st));
}

static int64_t lite_changes(struct sql *st)
{
	return sqlite3_changes64(lite_of(st->store)->db);
}

static int lite_columns(struct sql *st)
{
	return sqlite3_column_count(statement(st));
}

static const char *lite_column_name(struct sql *st, int column)
{
	return sqlite3_column_name(statement(st), column);
}

static char lite_column_kind(struct sql *st, int column)
{
	switch (sqlite3_column_type(statement(st), column)) {
	case SQLITE_NULL:
		return 0;
	case SQLITE_INTEGER:
		return 'i';
	case SQLITE_BLOB:
		return 'b';
	default:
		return 't';
	}
}

static int64_t lite_column_int(struct sql *st, int column)
{
	if (of(st)->number)
		return sqlite3_last_insert_rowid(lite_of(st->store)->db);
	return sqlite3_column_int64(statement(st), column);
}

static const char *lite_column_text(struct sql *st, int column)
{
	return (const char *)sqlite3_column_text(statement(st), column);
}

static const void *lite_column_blob(struct sql *st, int column, size_t *ret_len)
{
	const void *data = sqlite3_column_blob(statement(st), column);

	*ret_len = (size_t)sqlite3_column_bytes(statement(st), column);
	return data;
}

const struct store_ops store_sqlite = {
        .name = "sqlite",
        .open = lite_open,
        .close = lite_close,
        .begin = lite_begin,
        .commit = lite_commit,
        .rollback = lite_rollback,
        .settle = lite_settle,
        .snapshot = lite_snapshot,
        .changed = lite_changed,
        .version = lite_version,
        .set_version = lite_set_version,
        .execute = lite_execute,
        .renumber = lite_renumber,
        .prepare = lite_prepare,
        .finalize = lite_finalize,
        .bind_int = lite_bind_int,
        .bind_text = lite_bind_text,
        .bind_blob = lite_bind_blob,
        .bind_null = lite_bind_null,
        .step = lite_step,
        .end = lite_end,
        .changes = lite_changes,
        .columns = lite_columns,
        .column_name = lite_column_name,
        .column_kind = lite_column_kind,
        .column_int = lite_column_int,
        .column_text = lite_column_text,
        .column_blob = lite_column_blob,
};
