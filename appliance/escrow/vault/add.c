/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows in. */
#include "appliance/escrow/vault/add.h"
#include "appliance/escrow/vault/name.h"

#include <errno.h>
#include <string.h>
#include <time.h>

int64_t vault_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int vault_begin(struct vault *v, struct error *err)
{
	pthread_mutex_lock(&v->lock);
	int r = store_run(v, "BEGIN IMMEDIATE", err);
	pthread_mutex_unlock(&v->lock);
	return r;
}

int vault_commit(struct vault *v, struct error *err)
{
	pthread_mutex_lock(&v->lock);
	int r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	pthread_mutex_unlock(&v->lock);
	return r;
}

void vault_roll_back(struct vault *v)
{
	pthread_mutex_lock(&v->lock);
	store_roll_back(v);
	pthread_mutex_unlock(&v->lock);
}

static int fill_row(struct vault *v, const struct vault_entry *e, struct error *err)
{
	struct row_plain *row = (void *)v->row->data;

	if (e->key->len != VAULT_RECOVERY_KEY_LEN)
		return error_set(err, -EINVAL, REASON_INTERNAL, "vault: a key of another length");
	memset(row, 0, sizeof(*row));
	memcpy(row->key, e->key->data, sizeof(row->key));
	row->has_id = e->has_id;
	if (e->has_id)
		memcpy(row->id, e->id.bytes, GUID_LEN);
	name_of_host(e->host, row->host, sizeof(row->host));
	text_clean(row->serial, sizeof(row->serial), e->serial);
	return 0;
}

struct twin {
	int64_t n; /* 0: the pair is not there */
	int known;
	bool page, stale;
	bool others; /* other keys under the same ID or name */
};

/* sql gives n, mark, known, whether of the page, stale of rows that share a hash with the new one.
 */
static int find_twin(struct vault *v, sqlite3_stmt *sql, const uint8_t mark[MARK_LEN],
        struct twin *twin, struct error *err)
{
	int step = SQLITE_DONE;

	while (twin->n == 0 && (step = sqlite3_step(sql)) == SQLITE_ROW) {
		twin->others = true;
		if (sqlite3_column_bytes(sql, 1) != MARK_LEN ||
		        memcmp(sqlite3_column_blob(sql, 1), mark, MARK_LEN) != 0)
			continue;
		twin->n = sqlite3_column_int64(sql, 0);
		twin->known = sqlite3_column_int(sql, 2);
		twin->page = sqlite3_column_int(sql, 3);
		twin->stale = sqlite3_column_int(sql, 4);
	}
	if (twin->n == 0 && step != SQLITE_DONE)
		return store_error(v, err, "lookup");
	sqlite3_reset(sql);
	return 0;
}

/* The hashes a row without an ID is found by; names that say nothing have none. */
struct name_hashes {
	size_t count;
	uint8_t hashes[2][NAME_HASH_LEN];
};

static void hash_names(
        const struct vault *v, const char *name, const char *serial, struct name_hashes *ret)
{
	char normal[VAULT_HOST];

	ret->count = 0;
	name_normal_host(name, normal, sizeof(normal));
	if (normal[0])
		row_name_hash(v, 'h', normal, ret->hashes[ret->count++]);
	name_normal_serial(serial, normal, VAULT_SERIAL);
	if (normal[0])
		row_name_hash(v, 's', normal, ret->hashes[ret->count++]);
}

static int insert(struct vault *v, const struct add_context *c, const struct vault_entry *e,
        const uint8_t index[INDEX_LEN], const uint8_t mark[MARK_LEN], struct error *err)
{
	sqlite3_stmt *sql = store_statement(v, SQL_INSERT);
	uint8_t nonce[NONCE_LEN], box[BOX_LEN];

	row_seal(v, mark, nonce, box);
	if (e->has_id)
		sqlite3_bind_blob(sql, 1, index, INDEX_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 2, mark, MARK_LEN, SQLITE_STATIC);
	sqlite3_bind_int(sql, 3, row_known(v));
	sqlite3_bind_int64(sql, 4, c->source);
	sqlite3_bind_int64(sql, 5, c->run);
	sqlite3_bind_int64(sql, 6, c->now);
	sqlite3_bind_int64(sql, 7, e->changed > 0 ? e->changed : c->now);
	sqlite3_bind_blob(sql, 8, nonce, NONCE_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 9, box, (int)BOX_LEN, SQLITE_STATIC);
	int r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "insert");
	sqlite3_reset(sql);
	return r;
}

static int insert_names(struct vault *v, const struct name_hashes *names, struct error *err)
{
	int64_t n = sqlite3_last_insert_rowid(v->db);
	int r = 0;

	for (size_t i = 0; i < names->count && r == 0; i++) {
		sqlite3_stmt *sql = store_statement(v, SQL_NAME_ADD);
		sqlite3_bind_blob(sql, 1, names->hashes[i], NAME_HASH_LEN, SQLITE_STATIC);
		sqlite3_bind_int64(sql, 2, n);
		if (sqlite3_step(sql) != SQLITE_DONE)
			r = store_error(v, err, "insert");
		sqlite3_reset(sql);
	}
	return r;
}

/* A row learns what a later export, or another source, knows besides: the machine, or, of a row of
 * an earlier release, the ID. */
static int complete_row(struct vault *v, int64_t n, const uint8_t mark[MARK_LEN], struct error *err)
{
	sqlite3_stmt *sql = store_statement(v, SQL_COMPLETE);
	uint8_t nonce[NONCE_LEN], box[BOX_LEN];

	row_seal(v, mark, nonce, box);
	sqlite3_bind_int64(sql, 1, n);
	sqlite3_bind_blob(sql, 2, nonce, NONCE_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 3, box, (int)BOX_LEN, SQLITE_STATIC);
	sqlite3_bind_int(sql, 4, row_known(v));
	int r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "update");
	sqlite3_reset(sql);
	return r;
}

/* It is a source's own from the first snapshot that sees it; an import takes over only what no
 * source has any more, or had but the status page; the page takes over nothing. */
static int note_seen(struct vault *v, const struct add_context *c, const struct twin *twin,
        int64_t changed, struct error *err)
{
	if (c->page || (c->run == 0 && !twin->stale && !twin->page))
		return 0;
	sqlite3_stmt *sql = store_statement(v, SQL_SEEN);
	sqlite3_bind_int64(sql, 1, twin->n);
	sqlite3_bind_int64(sql, 2, c->source);
	sqlite3_bind_int64(sql, 3, c->run);
	sqlite3_bind_int64(sql, 4, changed);
	int r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "update");
	sqlite3_reset(sql);
	return r;
}

int add_row(struct vault *v, const struct add_context *c, const struct vault_entry *e,
        enum vault_added *ret, struct error *err)
{
	uint8_t index[INDEX_LEN], mark[MARK_LEN];
	struct name_hashes names = {0};
	struct twin twin = {0};
	int r = fill_row(v, e, err);

	if (r < 0)
		return r;
	row_mark(v, mark);
	if (e->has_id) {
		row_index(v, &e->id, index);
		sqlite3_stmt *sql = store_statement(v, SQL_SAME);
		sqlite3_bind_blob(sql, 1, index, INDEX_LEN, SQLITE_STATIC);
		r = find_twin(v, sql, mark, &twin, err);
	} else {
		hash_names(v, e->host, e->serial, &names);
		if (names.count == 0)
			r = error_set(err, -EINVAL, REASON_USAGE,
			        "a key without key ID, host and serial can't be found again");
	}
	for (size_t i = 0; i < names.count && r == 0 && twin.n == 0; i++) {
		sqlite3_stmt *sql = store_statement(v, SQL_NAME_SAME);
		sqlite3_bind_blob(sql, 1, names.hashes[i], NAME_HASH_LEN, SQLITE_STATIC);
		r = find_twin(v, sql, mark, &twin, err);
	}
	if (r == 0 && twin.n == 0) {
		r = insert(v, c, e, index, mark, err);
		if (r == 0)
			r = insert_names(v, &names, err);
	} else if (r == 0) {
		r = note_seen(v, c, &twin, e->changed, err);
		int known = row_known(v);
		if (r == 0 && known > twin.known && (known & twin.known) == twin.known &&
		        (!c->page || twin.page))
			r = complete_row(v, twin.n, mark, err);
	}
	secret_wipe(v->row->data, v->row->len);
	if (r == 0)
		*ret = twin.n ? VAULT_PRESENT : twin.others ? VAULT_ADDED_BESIDE : VAULT_ADDED;
	return r;
}

int vault_add(struct vault *v, const char *source, const struct vault_entry *entry,
        enum vault_added *ret, struct error *err)
{
	struct add_context c = {.now = vault_now(), .page = strcmp(source, VAULT_PAGE) == 0};

	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0)
		r = store_source(v, source, &c.source, err);
	if (r == 0)
		r = add_row(v, &c, entry, ret, err);
	pthread_mutex_unlock(&v->lock);
	return r;
}
