/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All rows, and figures of them. */
#include "appliance/escrow/vault/internal.h"

#include <errno.h>
#include <string.h>

static int count(struct vault *v, enum statement which, uint64_t *ret, struct error *err)
{
	pthread_mutex_lock(&v->lock);
	sqlite3_stmt *sql = store_statement(v, which);
	int r = sqlite3_step(sql) == SQLITE_ROW ? 0 : store_error(v, err, "count");
	if (r == 0)
		*ret = (uint64_t)sqlite3_column_int64(sql, 0);
	sqlite3_reset(sql);
	pthread_mutex_unlock(&v->lock);
	return r;
}

int vault_count(struct vault *v, uint64_t *ret, struct error *err)
{
	return count(v, SQL_COUNT, ret, err);
}

int vault_count_page(struct vault *v, uint64_t *ret, struct error *err)
{
	return count(v, SQL_COUNT_PAGE, ret, err);
}

/* Columns of sql: mark, nonce, box, source, added, changed, stale. */
static int read_record(struct vault *v, sqlite3_stmt *sql, struct vault_record *ret)
{
	const struct row_plain *row = (const void *)v->row->data;
	int r = row_open(v, sql, 0);

	if (r < 0)
		return r;
	*ret = (struct vault_record){.has_id = row->has_id,
	        .added = sqlite3_column_int64(sql, 4),
	        .changed = sqlite3_column_int64(sql, 5),
	        .stale = sqlite3_column_int(sql, 6)};
	memcpy(ret->id.bytes, row->id, GUID_LEN);
	text_clean(ret->host, sizeof(ret->host), row->host);
	text_clean(ret->serial, sizeof(ret->serial), row->serial);
	text_clean(ret->source, sizeof(ret->source), (const char *)sqlite3_column_text(sql, 3));
	secret_wipe(v->row->data, v->row->len);
	return 0;
}

static int each_row(struct vault *v, sqlite3_stmt *sql,
        int (*take)(void *context, const struct vault_record *r), void *context, struct error *err)
{
	struct vault_record record;
	uint64_t damaged = 0;
	int r = 0, step = SQLITE_DONE;

	while (r == 0 && (step = sqlite3_step(sql)) == SQLITE_ROW) {
		if (read_record(v, sql, &record) == 0)
			r = take(context, &record);
		else
			damaged++;
	}
	if (r == 0 && step != SQLITE_DONE)
		return store_error(v, err, "list");
	if (r == 0 && damaged > 0)
		return error_set(err, -EBADMSG, REASON_INTERNAL,
		        "%llu rows of the vault are damaged: import their keys again",
		        (unsigned long long)damaged);
	return r;
}

int vault_each(struct vault *v, int (*take)(void *context, const struct vault_record *r),
        void *context, struct error *err)
{
	sqlite3_stmt *sql = NULL;

	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0 && sqlite3_prepare_v2(v->db,
	                      "SELECT r.mark, r.nonce, r.box, s.name, r.added, r.changed, r.stale"
	                      " FROM records r JOIN sources s ON s.n = r.source ORDER BY r.n",
	                      -1, &sql, NULL) != SQLITE_OK)
		r = store_error(v, err, "list");
	if (r == 0)
		r = each_row(v, sql, take, context, err);
	sqlite3_finalize(sql);
	pthread_mutex_unlock(&v->lock);
	return r;
}

int vault_figures(struct vault *v, struct vault_figures *ret, struct error *err)
{
	struct vault_figures f = {0};
	sqlite3_stmt *sql = NULL;
	struct wrap w;

	pthread_mutex_lock(&v->lock);
	int r = wrap_load(v, &w, err);
	f.passphrase = r == 0 && w.kind == WRAP_PASSPHRASE;
	if (r == -ENOENT)
		r = 0;
	if (r == 0 && (sqlite3_prepare_v2(v->db,
	                       "SELECT count(*), count(*) - count(id_hash), total(stale),"
	                       " coalesce(max(added), 0) FROM records",
	                       -1, &sql, NULL) != SQLITE_OK ||
	                      sqlite3_step(sql) != SQLITE_ROW))
		r = store_error(v, err, "count");
	if (r == 0) {
		f.keys = (uint64_t)sqlite3_column_int64(sql, 0);
		f.without_id = (uint64_t)sqlite3_column_int64(sql, 1);
		f.stale = (uint64_t)sqlite3_column_int64(sql, 2);
		f.last_added = sqlite3_column_int64(sql, 3);
		*ret = f;
	}
	sqlite3_finalize(sql);
	pthread_mutex_unlock(&v->lock);
	return r;
}
