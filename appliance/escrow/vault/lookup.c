/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/internal.h"
#include "appliance/escrow/vault/name.h"

#include <errno.h>
#include <string.h>

struct lookup {
	const struct guid *id;   /* NULL: by name */
	char wanted[VAULT_HOST]; /* the machine's name in its normal form, or "" */
	size_t own;              /* candidates of that name, before the others */
	size_t rows;
	struct vault_candidates found;
};

static bool is_own(const struct lookup *l, const struct row_plain *row)
{
	char host[VAULT_HOST];

	name_normal_host(row->host, host, sizeof(host));
	return l->wanted[0] && strcmp(host, l->wanted) == 0;
}

/* Puts the row's key where it belongs; the last candidate gives way to a better one. What the
 * status page brought comes last in sql, and makes nobody give way: who has taken over the web
 * server could name every machine. */
static int keep(struct lookup *l, const struct row_plain *row, const char *source)
{
	struct vault_candidates *c = &l->found;
	bool own = strcmp(source, VAULT_PAGE) != 0 && is_own(l, row);
	size_t at = own ? l->own : c->count;

	if (at == NM_MAX_CANDIDATES)
		return 0;
	struct secret *key = secret_copy(row->key, sizeof(row->key));
	if (!key)
		return -ENOMEM;
	if (c->count == NM_MAX_CANDIDATES)
		secret_free(c->keys[--c->count]);
	memmove(&c->keys[at + 1], &c->keys[at], (c->count - at) * sizeof(c->keys[0]));
	memmove(&c->origins[at + 1], &c->origins[at], (c->count - at) * sizeof(c->origins[0]));
	c->keys[at] = key;
	text_clean(c->origins[at].source, sizeof(c->origins[at].source), source);
	text_clean(c->origins[at].host, sizeof(c->origins[at].host), row->host);
	c->count++;
	l->own += own;
	return 0;
}

/* sql: mark, nonce, box, source. */
static int collect(struct vault *v, sqlite3_stmt *sql, struct lookup *l, struct error *err)
{
	const struct row_plain *row = (const void *)v->row->data;
	int r = 0, step = SQLITE_DONE;

	while (r == 0 && (step = sqlite3_step(sql)) == SQLITE_ROW) {
		l->rows++;
		/* Somebody who can write the file could hang a box under another ID. */
		if (row_open(v, sql, 0) < 0 ||
		        (l->id && row->has_id && memcmp(row->id, l->id->bytes, GUID_LEN) != 0))
			l->found.damaged++;
		else
			r = keep(l, row, (const char *)sqlite3_column_text(sql, 3));
	}
	secret_wipe(v->row->data, v->row->len);
	if (r == 0 && step != SQLITE_DONE)
		return store_error(v, err, "lookup");
	sqlite3_reset(sql);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no locked memory for a key");
	l->found.left_out = l->rows - l->found.damaged - l->found.count;
	if (l->found.count == 0 && l->found.damaged > 0)
		return error_set(err, -EBADMSG, REASON_INTERNAL,
		        "the vault's row for this key is damaged: import the key again");
	return 0;
}

static int finish(struct lookup *l, int r, struct vault_candidates *ret)
{
	if (r < 0)
		vault_candidates_clear(&l->found);
	else
		*ret = l->found;
	return r;
}

int vault_lookup(struct vault *v, const struct guid *id, const char *name,
        struct vault_candidates *ret, struct error *err)
{
	struct lookup l = {.id = id};
	uint8_t index[INDEX_LEN];

	if (name)
		name_normal_host(name, l.wanted, sizeof(l.wanted));
	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0) {
		sqlite3_stmt *sql = store_statement(v, SQL_BY_ID);
		row_index(v, id, index);
		sqlite3_bind_blob(sql, 1, index, INDEX_LEN, SQLITE_STATIC);
		r = collect(v, sql, &l, err);
		sqlite3_reset(sql);
	}
	pthread_mutex_unlock(&v->lock);
	return finish(&l, r, ret);
}

int vault_lookup_name(struct vault *v, const char *name, const char *serial,
        struct vault_candidates *ret, struct error *err)
{
	uint8_t hashes[2][NAME_HASH_LEN];
	char normal_serial[VAULT_SERIAL];
	struct lookup l = {0};

	name_normal_host(name, l.wanted, sizeof(l.wanted));
	name_normal_serial(serial, normal_serial, sizeof(normal_serial));
	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0 && (l.wanted[0] || normal_serial[0])) {
		sqlite3_stmt *sql = store_statement(v, SQL_BY_NAME);
		/* What is not known stays NULL, which equals nothing. */
		if (l.wanted[0]) {
			row_name_hash(v, 'h', l.wanted, hashes[0]);
			sqlite3_bind_blob(sql, 1, hashes[0], NAME_HASH_LEN, SQLITE_STATIC);
		}
		if (normal_serial[0]) {
			row_name_hash(v, 's', normal_serial, hashes[1]);
			sqlite3_bind_blob(sql, 2, hashes[1], NAME_HASH_LEN, SQLITE_STATIC);
		}
		r = collect(v, sql, &l, err);
		sqlite3_reset(sql);
	}
	pthread_mutex_unlock(&v->lock);
	return finish(&l, r, ret);
}

void vault_candidates_clear(struct vault_candidates *c)
{
	for (size_t i = 0; i < c->count; i++)
		secret_free(c->keys[i]);
	c->count = 0;
}
