/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/add.h"

#include <errno.h>
#include <string.h>

struct vault_snapshot {
	struct vault *v;
	int64_t source, run;
	struct vault_snapshot_counts counts;
};

/* Runs sql with two numbers; gives how many rows it changed. */
static int change(struct vault *v, const char *text, int64_t first, int64_t second, int64_t third,
        uint64_t *ret_changed, struct error *err)
{
	sqlite3_stmt *sql;

	if (sqlite3_prepare_v2(v->db, text, -1, &sql, NULL) != SQLITE_OK)
		return store_error(v, err, "snapshot");
	sqlite3_bind_int64(sql, 1, first);
	sqlite3_bind_int64(sql, 2, second);
	sqlite3_bind_int64(sql, 3, third);
	int r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "snapshot");
	if (r == 0 && ret_changed)
		*ret_changed = (uint64_t)sqlite3_changes(v->db);
	sqlite3_finalize(sql);
	return r;
}

static int number_of_run(struct vault *v, int64_t source, int64_t *ret, struct error *err)
{
	sqlite3_stmt *sql;

	if (sqlite3_prepare_v2(v->db, "UPDATE sources SET run = run + 1 WHERE n=?1 RETURNING run",
	            -1, &sql, NULL) != SQLITE_OK)
		return store_error(v, err, "snapshot");
	sqlite3_bind_int64(sql, 1, source);
	int r = sqlite3_step(sql) == SQLITE_ROW ? 0 : store_error(v, err, "snapshot");
	if (r == 0)
		*ret = sqlite3_column_int64(sql, 0);
	if (r == 0 && sqlite3_step(sql) != SQLITE_DONE)
		r = store_error(v, err, "snapshot");
	sqlite3_finalize(sql);
	return r;
}

int vault_snapshot_begin(
        struct vault *v, const char *source, struct vault_snapshot **ret, struct error *err)
{
	struct vault_snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the snapshot");
	s->v = v;
	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0)
		r = store_source(v, source, &s->source, err);
	if (r == 0)
		r = number_of_run(v, s->source, &s->run, err);
	pthread_mutex_unlock(&v->lock);
	if (r < 0)
		free(s);
	else
		*ret = s;
	return r;
}

int vault_snapshot_add(struct vault_snapshot *s, const struct vault_entry *entries, size_t count,
        struct error *err)
{
	struct add_context c = {.source = s->source, .run = s->run, .now = vault_now()};
	struct vault_snapshot_counts counts = s->counts;
	struct vault *v = s->v;

	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0)
		r = store_run(v, "BEGIN IMMEDIATE", err);
	for (size_t i = 0; i < count && r == 0; i++) {
		enum vault_added added;
		r = entries[i].has_id
		            ? add_row(v, &c, &entries[i], &added, err)
		            : error_set(err, -EINVAL, REASON_INTERNAL, "a record without an ID");
		if (r == 0 && added == VAULT_PRESENT)
			counts.present++;
		else if (r == 0)
			counts.added++;
	}
	if (r == 0)
		r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	pthread_mutex_unlock(&v->lock);
	if (r == 0)
		s->counts = counts;
	return r;
}

static int complete_snapshot(struct vault_snapshot *s, struct error *err)
{
	struct vault *v = s->v;
	int r = store_run(v, "BEGIN IMMEDIATE", err);

	if (r == 0)
		r = change(v, "UPDATE records SET stale=1 WHERE source=?1 AND run<>?2 AND stale=?3",
		        s->source, s->run, 0, &s->counts.stale, err);
	if (r == 0)
		r = change(v, "UPDATE sources SET ended=?2, keys=?3 WHERE n=?1", s->source,
		        vault_now(), (int64_t)(s->counts.added + s->counts.present), NULL, err);
	if (r == 0)
		r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	return r;
}

int vault_snapshot_end(struct vault_snapshot *s, bool complete, struct vault_snapshot_counts *ret,
        struct error *err)
{
	int r = 0;

	if (complete) {
		pthread_mutex_lock(&s->v->lock);
		r = complete_snapshot(s, err);
		pthread_mutex_unlock(&s->v->lock);
	}
	if (r == 0 && ret)
		*ret = s->counts;
	free(s);
	return r;
}

int vault_snapshots(struct vault *v, struct vault_snapshot_info ret[NM_MAX_SOURCES],
        size_t *ret_count, struct error *err)
{
	sqlite3_stmt *sql = NULL;
	size_t count = 0;
	int r = 0, step = SQLITE_DONE;

	pthread_mutex_lock(&v->lock);
	if (sqlite3_prepare_v2(v->db,
	            "SELECT name, ended, keys FROM sources WHERE ended > 0 ORDER BY ended DESC", -1,
	            &sql, NULL) != SQLITE_OK)
		r = store_error(v, err, "snapshots");
	while (r == 0 && count < NM_MAX_SOURCES && (step = sqlite3_step(sql)) == SQLITE_ROW) {
		struct vault_snapshot_info *info = &ret[count++];
		text_clean(info->source, sizeof(info->source),
		        (const char *)sqlite3_column_text(sql, 0));
		info->ended = sqlite3_column_int64(sql, 1);
		info->keys = (uint64_t)sqlite3_column_int64(sql, 2);
	}
	if (r == 0 && step != SQLITE_DONE && step != SQLITE_ROW)
		r = store_error(v, err, "snapshots");
	sqlite3_finalize(sql);
	pthread_mutex_unlock(&v->lock);
	if (r == 0)
		*ret_count = count;
	return r;
}
