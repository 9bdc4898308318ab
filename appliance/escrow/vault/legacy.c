/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vaults of releases before 0.2: a table "entries" (id_hash, mark, nonce, box, added in seconds),
 * its keys derived from the 32 bytes of vault.key, the boxes (key, host) without the key ID. Hashes
 * can not be made anew without the IDs, so their two keys stay what they were; the boxes get a new
 * key, so that an old vault.key opens no new file.
 */
#include "appliance/escrow/vault/internal.h"

#include <errno.h>
#include <string.h>

#define OLD_HOST_LEN 112
#define OLD_PLAIN    (VAULT_RECOVERY_KEY_LEN + OLD_HOST_LEN)
#define OLD_BOX      (OLD_PLAIN + TAG_LEN)

bool legacy_is(struct vault *v)
{
	sqlite3_stmt *sql;

	if (sqlite3_prepare_v2(v->db, "SELECT 1 FROM sqlite_master WHERE name='entries'", -1, &sql,
	            NULL) != SQLITE_OK)
		return false;
	bool found = sqlite3_step(sql) == SQLITE_ROW;
	sqlite3_finalize(sql);
	return found;
}

struct conversion {
	struct vault *v;
	struct secret *box_key, *plain;
	int64_t source;
};

/* The row of old (id_hash, mark, nonce, box, added) into v->row and the new table. */
static int convert_row(struct conversion *c, sqlite3_stmt *old, struct error *err)
{
	struct row_plain *row = (void *)c->v->row->data;
	uint8_t nonce[NONCE_LEN], box[BOX_LEN];
	int64_t added = sqlite3_column_int64(old, 4) * 1000;

	if (sqlite3_column_bytes(old, 0) != INDEX_LEN || sqlite3_column_bytes(old, 1) != MARK_LEN ||
	        sqlite3_column_bytes(old, 2) != NONCE_LEN ||
	        sqlite3_column_bytes(old, 3) != OLD_BOX ||
	        crypto_aead_xchacha20poly1305_ietf_decrypt(c->plain->data, NULL, NULL,
	                sqlite3_column_blob(old, 3), OLD_BOX, sqlite3_column_blob(old, 0),
	                INDEX_LEN, sqlite3_column_blob(old, 2), c->box_key->data) != 0)
		return error_set(err, -EBADMSG, REASON_CANNOT_OPEN,
		        "%s/vault.db: a row does not open with %s/vault.key: restore both from one "
		        "backup",
		        c->v->dir, c->v->dir);
	memset(row, 0, sizeof(*row));
	memcpy(row->key, c->plain->data, sizeof(row->key));
	text_clean(row->host, sizeof(row->host),
	        (const char *)c->plain->data + VAULT_RECOVERY_KEY_LEN);
	row_seal(c->v, sqlite3_column_blob(old, 1), nonce, box);

	sqlite3_stmt *sql = store_statement(c->v, SQL_INSERT);
	sqlite3_bind_blob(sql, 1, sqlite3_column_blob(old, 0), INDEX_LEN, SQLITE_TRANSIENT);
	sqlite3_bind_blob(sql, 2, sqlite3_column_blob(old, 1), MARK_LEN, SQLITE_TRANSIENT);
	sqlite3_bind_int(sql, 3, row_known(c->v));
	sqlite3_bind_int64(sql, 4, c->source);
	sqlite3_bind_int(sql, 5, 0);
	sqlite3_bind_int64(sql, 6, added);
	sqlite3_bind_int64(sql, 7, added);
	sqlite3_bind_blob(sql, 8, nonce, NONCE_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 9, box, (int)BOX_LEN, SQLITE_STATIC);
	return sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(c->v, err, "conversion");
}

static int convert_rows(struct conversion *c, struct error *err)
{
	sqlite3_stmt *old;
	int r = store_source(c->v, VAULT_IMPORT, &c->source, err), step = SQLITE_DONE;

	if (r < 0)
		return r;
	if (sqlite3_prepare_v2(c->v->db, "SELECT id_hash, mark, nonce, box, added FROM entries", -1,
	            &old, NULL) != SQLITE_OK)
		return store_error(c->v, err, "conversion");
	while (r == 0 && (step = sqlite3_step(old)) == SQLITE_ROW)
		r = convert_row(c, old, err);
	if (r == 0 && step != SQLITE_DONE)
		r = store_error(c->v, err, "conversion");
	sqlite3_finalize(old);
	sqlite3_reset(c->v->sql[SQL_INSERT]);
	return r == 0 ? store_run(c->v, "DROP TABLE entries", err) : r;
}

int legacy_convert(
        struct vault *v, const struct secret *master, struct secret **ret_keys, struct error *err)
{
	struct conversion c = {.v = v};
	struct secret *keys = secret_new(SUBKEYS_LEN);

	c.box_key = secret_new(SUBKEY_LEN);
	c.plain = secret_new(OLD_PLAIN);
	int r = keys && c.box_key && c.plain
	                ? 0
	                : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	if (r == 0 && master->len != crypto_kdf_KEYBYTES)
		r = error_set(err, -EKEYREJECTED, REASON_CANNOT_OPEN,
		        "%s/vault.db was made with a vault.key of %d bytes; this is another key",
		        v->dir, crypto_kdf_KEYBYTES);
	if (r == 0) {
		randombytes_buf(keys->data, SUBKEYS_LEN);
		crypto_kdf_derive_from_key(keys->data + SUBKEY_INDEX * SUBKEY_LEN, SUBKEY_LEN, 1,
		        "nm-vault", master->data);
		crypto_kdf_derive_from_key(keys->data + SUBKEY_MARK * SUBKEY_LEN, SUBKEY_LEN, 2,
		        "nm-vault", master->data);
		crypto_kdf_derive_from_key(
		        c.box_key->data, SUBKEY_LEN, 3, "nm-vault", master->data);
		v->keys = keys; /* convert_row() seals with them; the caller sets them for good */
		r = convert_rows(&c, err);
		v->keys = NULL;
	}
	secret_free(c.box_key);
	secret_free(c.plain);
	if (r < 0)
		secret_free(keys);
	else
		*ret_keys = keys;
	return r;
}
