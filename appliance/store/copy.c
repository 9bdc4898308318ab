/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/copy.h"
#include "appliance/store/ops.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INSERT_MAX   2048
#define ROWS_BETWEEN 5000 /* of a long table: somebody is waiting */

/* What refers to another table stands behind it. */
static const struct {
	const char *name;
	const char *counter; /* the column the database numbers by itself; NULL: none */
} tables[] = {
        {"secret", NULL},
        {"machines", "id"},
        {"macs", NULL},
        {"tokens", NULL},
        {"sessions", "id"},
        {"events", "seq"},
        {"bundles", "id"},
        {"results", "id"},
        {"gone", "id"},
        {"inventory", NULL},
        {"campaigns", "id"},
        {"waves", NULL},
        {"people", "id"},
        {"logins", NULL},
        {"api_tokens", "id"},
        {"setup", NULL},
        {"actions", "id"},
        {"leases", NULL},
        {"appliances", NULL},
        {"hooks", NULL},
        {"learnt", NULL},
        {"bundle_parts", NULL},
        {"tally", NULL},
        {"heard", NULL},
        {"dhcp_servers", NULL},
        {"models", NULL},
        {"machine_bmc", NULL},
        {"power_orders", "id"},
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

struct copy {
	struct store *from, *to;
	const char *bundles;
	const struct store_progress *progress;
	struct error *err;
};

static void tell(const struct copy *c, const char *table, int64_t rows, bool done)
{
	if (c->progress && c->progress->told)
		c->progress->told(c->progress->context, table, rows, done);
}

static int failed(const struct copy *c, const char *table, int r)
{
	return error_set(c->err, r, REASON_CANNOT_OPEN, "table %s cannot be copied: %s", table,
	        r == -EIO ? "the log says why" : strerror(-r));
}

static int rows_of(struct store *s, const char *table, int64_t *ret)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "SELECT count(*) FROM %s", table);
	struct sql *st = sql_once(s, text);
	int r = sql_one(s, st, ret);
	sql_drop(st);
	return r;
}

/* INSERT with the columns of the row that is there. */
static int insert_text(struct store *from, struct sql *row, const char *table, char *text)
{
	int columns = from->ops->columns(row);
	int len = snprintf(text, INSERT_MAX, "INSERT INTO %s (", table);

	for (int i = 0; i < columns && len < INSERT_MAX; i++)
		len += snprintf(text + len, (size_t)(INSERT_MAX - len), "%s%s", i ? ", " : "",
		        from->ops->column_name(row, i));
	for (int i = 0; i < columns && len < INSERT_MAX; i++)
		len += snprintf(
		        text + len, (size_t)(INSERT_MAX - len), "%s?", i ? ", " : ") VALUES (");
	if (len < INSERT_MAX)
		len += snprintf(text + len, (size_t)(INSERT_MAX - len), ")");
	return len < INSERT_MAX ? 0 : -ENAMETOOLONG;
}

static void bind_row(const struct store_ops *from, struct sql *row, struct sql *insert)
{
	const struct store_ops *to = insert->store->ops;
	size_t len;

	for (int i = 0, columns = from->columns(row); i < columns; i++) {
		switch (from->column_kind(row, i)) {
		case 'i':
			to->bind_int(insert, i + 1, from->column_int(row, i));
			break;
		case 't':
			to->bind_text(insert, i + 1, from->column_text(row, i));
			break;
		case 'b': {
			const void *data = from->column_blob(row, i, &len);
			to->bind_blob(insert, i + 1, data, len);
			break;
		}
		default:
			to->bind_null(insert, i + 1);
		}
	}
}

static int copy_rows(const struct copy *c, struct sql *row, const char *table, int64_t *ret)
{
	struct sql *insert = NULL;
	char text[INSERT_MAX];
	int64_t rows = 0;
	int r;

	while ((r = sql_step(c->from, row)) == 1) {
		if (!insert) {
			r = insert_text(c->from, row, table, text);
			insert = r < 0 ? NULL : sql_once(c->to, text);
			if (!insert) {
				r = r < 0 ? r : -EIO;
				break;
			}
		}
		bind_row(c->from->ops, row, insert);
		r = sql_run(c->to, insert);
		if (r < 0)
			break;
		if (++rows % ROWS_BETWEEN == 0)
			tell(c, table, rows, false);
	}
	sql_drop(insert);
	*ret = rows;
	return r;
}

static int copy_table(const struct copy *c, size_t i)
{
	const char *table = tables[i].name;
	char text[128];
	int64_t rows, there = 0;

	(void)snprintf(text, sizeof(text), "SELECT * FROM %s", table);
	struct sql *row = sql_once(c->from, text);
	int r = row ? copy_rows(c, row, table, &rows) : -EIO;
	sql_drop(row);
	if (r == 0)
		r = rows_of(c->to, table, &there);
	if (r == 0 && tables[i].counter)
		r = c->to->ops->renumber(c->to, table, tables[i].counter);
	if (r < 0)
		return failed(c, table, r);
	if (there != rows)
		return error_set(c->err, -EIO, REASON_CANNOT_OPEN,
		        "table %s: %" PRId64 " of %" PRId64 " rows have arrived", table, there,
		        rows);
	tell(c, table, rows, true);
	return 0;
}

static int bundle_file(const struct copy *c, const char *sha256)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s.tar.zst", c->bundles, sha256);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	/* It is in the store already, or was taken away by a person. */
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return store_bundle_put(c->to, sha256, fd);
}

static int copy_bundles(const struct copy *c)
{
	struct sql *st = sql_once(c->to, "SELECT DISTINCT sha256 FROM bundles");
	int64_t files = 0;
	int r;

	while ((r = st ? sql_step(c->to, st) : -EIO) == 1) {
		char sha256[65];
		sql_text(st, 0, sha256, sizeof(sha256));
		r = bundle_file(c, sha256);
		if (r < 0)
			break;
		files++;
	}
	sql_drop(st);
	if (r < 0)
		return failed(c, "bundle_parts", r);
	tell(c, "bundles' contents", files, true);
	return 0;
}

static int check_empty(const struct copy *c)
{
	for (size_t i = 0; i < TABLES; i++) {
		int64_t rows;
		int r = rows_of(c->to, tables[i].name, &rows);
		if (r < 0)
			return failed(c, tables[i].name, r);
		if (rows)
			return error_set(c->err, -ENOTEMPTY, REASON_CANNOT_OPEN,
			        "the store to copy into is not empty: table %s has %" PRId64
			        " rows",
			        tables[i].name, rows);
	}
	return 0;
}

/* Between begin of the one and the other. */
static int copy_all(const struct copy *c)
{
	int r = check_empty(c);

	for (size_t i = 0; r == 0 && i < TABLES; i++)
		r = copy_table(c, i);
	return r == 0 && c->bundles ? copy_bundles(c) : r;
}

int store_copy(struct store *from, struct store *to, const char *bundles,
        const struct store_progress *progress, struct error *err)
{
	const struct copy c = {
	        .from = from, .to = to, .bundles = bundles, .progress = progress, .err = err};
	int r = from->ops->snapshot(from);

	if (r < 0)
		return error_set(
		        err, r, REASON_CANNOT_OPEN, "the store to copy from cannot be read");
	from->transaction = true;
	from->broken = false;
	r = store_begin(to, true);
	if (r < 0)
		(void)error_set(
		        err, r, REASON_CANNOT_OPEN, "the store to copy into cannot be written to");
	if (r == 0) {
		r = copy_all(&c);
		if (r < 0)
			store_rollback(to);
		else if ((r = store_commit(to)) < 0)
			(void)error_set(err, r, REASON_CANNOT_OPEN,
			        "the store to copy into cannot keep it");
	}
	store_rollback(from);
	return r;
}

/* SQLite copies its file itself. */
static int backup_file(struct store *s, const char *path, const char *bundles,
        const struct store_progress *progress, struct error *err)
{
	struct sql *st = sql_once(s, "VACUUM INTO ?");
	struct store *copy;

	sql_bind(st, "t", path);
	int r = st ? sql_run(s, st) : -EIO;
	sql_drop(st);
	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "%s cannot be written", path);
	r = store_open(path, &copy, err);
	if (r < 0)
		return r;
	const struct copy c = {.to = copy, .bundles = bundles, .progress = progress, .err = err};
	r = store_begin(copy, true);
	if (r < 0)
		(void)error_set(err, r, REASON_CANNOT_OPEN, "%s cannot be written", path);
	if (r == 0 && bundles)
		r = copy_bundles(&c);
	if (r == 0 && (r = store_commit(copy)) < 0)
		(void)error_set(err, r, REASON_CANNOT_OPEN, "%s cannot be written", path);
	store_close(copy);
	return r;
}

int store_backup(struct store *s, const char *path, const char *bundles,
        const struct store_progress *progress, struct error *err)
{
	struct store *to;

	if (s->ops == &store_sqlite)
		return backup_file(s, path, bundles, progress, err);
	int r = store_open(path, &to, err);
	if (r < 0)
		return r;
	r = store_copy(s, to, bundles, progress, err);
	store_close(to);
	return r;
}
