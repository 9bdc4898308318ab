/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows in. */
#include "appliance/escrow/vault/add.h"
#include "appliance/escrow/vault/brought.h"
#include "appliance/escrow/vault/name.h"

#include <errno.h>
#include <string.h>

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

/* What a row is found by. */
struct row_hashes {
	uint8_t mark[MARK_LEN], index[INDEX_LEN]; /* index: with an ID */
	struct name_hashes names;                 /* without one */
};

/* Of v->row. */
static int hash_row(
        struct vault *v, const struct vault_entry *e, struct row_hashes *ret, struct error *err)
{
	*ret = (struct row_hashes){0};
	row_mark(v, ret->mark);
	if (e->has_id) {
		row_index(v, &e->id, ret->index);
		return 0;
	}
	hash_names(v, e->host, e->serial, &ret->names);
	if (ret->names.count == 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "a key without key ID, host and serial can't be found again");
	return 0;
}

static int find_in_file(
        struct vault *v, const struct row_hashes *h, struct twin *twin, struct error *err)
{
	bool by_id = h->names.count == 0;
	size_t count = by_id ? 1 : h->names.count;
	int r = 0;

	for (size_t i = 0; i < count && r == 0 && twin->n == 0; i++) {
		sqlite3_stmt *sql = store_statement(v, by_id ? SQL_SAME : SQL_NAME_SAME);
		sqlite3_bind_blob(sql, 1, by_id ? h->index : h->names.hashes[i],
		        by_id ? INDEX_LEN : NAME_HASH_LEN, SQLITE_STATIC);
		r = find_twin(v, sql, h->mark, twin, err);
	}
	return r;
}

/* --- what this import has brought ------------------------------------------------------------ */

/* Other keys under the same ID or name, of a look: those are in no file. */
static bool brought_others(const struct vault_brought *b, const struct row_hashes *h)
{
	bool others = h->names.count == 0 && brought_has(b, h->index);

	for (size_t i = 0; i < h->names.count; i++)
		others = others || brought_has(b, h->names.hashes[i]);
	return others;
}

static int brought_note(const struct add_context *c, const struct row_hashes *h)
{
	int r = brought_put(c->brought, h->mark);

	if (!c->look)
		return r;
	if (r == 0 && h->names.count == 0)
		r = brought_put(c->brought, h->index);
	for (size_t i = 0; i < h->names.count && r == 0; i++)
		r = brought_put(c->brought, h->names.hashes[i]);
	return r;
}

/* --- one row --------------------------------------------------------------------------------- */

static int write_row(struct vault *v, const struct add_context *c, const struct vault_entry *e,
        const struct row_hashes *h, const struct twin *twin, struct error *err)
{
	int r;

	if (twin->n == 0) {
		r = insert(v, c, e, h->index, h->mark, err);
		return r == 0 ? insert_names(v, &h->names, err) : r;
	}
	r = note_seen(v, c, twin, e->changed, err);
	int known = row_known(v);
	if (r == 0 && known > twin->known && (known & twin->known) == twin->known &&
	        (!c->page || twin->page))
		r = complete_row(v, twin->n, h->mark, err);
	return r;
}

static int add_filled(struct vault *v, const struct add_context *c, const struct vault_entry *e,
        enum vault_added *ret, struct error *err)
{
	struct row_hashes hashes;
	struct twin twin = {0};
	int r = hash_row(v, e, &hashes, err);

	if (r < 0)
		return r;
	bool repeated = c->brought && brought_has(c->brought, hashes.mark);
	r = find_in_file(v, &hashes, &twin, err);
	if (r == 0 && !c->look)
		r = write_row(v, c, e, &hashes, &twin, err);
	if (r < 0)
		return r;
	if (c->look)
		twin.others = twin.others || brought_others(c->brought, &hashes);
	if (c->brought && !repeated && brought_note(c, &hashes) < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the import");
	*ret = repeated      ? VAULT_REPEATED
	       : twin.n      ? VAULT_PRESENT
	       : twin.others ? VAULT_ADDED_BESIDE
	                     : VAULT_ADDED;
	return 0;
}

int add_row(struct vault *v, const struct add_context *c, const struct vault_entry *e,
        enum vault_added *ret, struct error *err)
{
	int r = fill_row(v, e, err);

	if (r == 0)
		r = add_filled(v, c, e, ret, err);
	secret_wipe(v->row->data, v->row->len);
	return r;
}
