/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/internal.h"
#include "appliance/escrow/vault/name.h"

#include <errno.h>
#include <string.h>

const uint8_t *vault_subkey(const struct vault *v, enum subkey which)
{
	return v->keys->data + (size_t)which * SUBKEY_LEN;
}

void row_index(const struct vault *v, const struct guid *id, uint8_t out[INDEX_LEN])
{
	crypto_generichash(
	        out, INDEX_LEN, id->bytes, GUID_LEN, vault_subkey(v, SUBKEY_INDEX), SUBKEY_LEN);
}

int row_known(const struct vault *v)
{
	const struct row_plain *row = (const void *)v->row->data;

	return (row->has_id ? KNOWN_ID : 0) | (row->host[0] || row->serial[0] ? KNOWN_NAME : 0);
}

void row_mark(const struct vault *v, uint8_t out[MARK_LEN])
{
	const struct row_plain *row = (const void *)v->row->data;
	char host[VAULT_HOST], serial[VAULT_SERIAL];
	crypto_generichash_state state;

	crypto_generichash_init(&state, vault_subkey(v, SUBKEY_MARK), SUBKEY_LEN, MARK_LEN);
	if (row->has_id) {
		crypto_generichash_update(&state, row->id, GUID_LEN);
	} else {
		name_normal_host(row->host, host, sizeof(host));
		name_normal_serial(row->serial, serial, sizeof(serial));
		crypto_generichash_update(&state, (const uint8_t *)host, strlen(host) + 1);
		crypto_generichash_update(&state, (const uint8_t *)serial, strlen(serial) + 1);
	}
	crypto_generichash_update(&state, row->key, sizeof(row->key));
	crypto_generichash_final(&state, out, MARK_LEN);
	secret_wipe(&state, sizeof(state));
}

void row_name_hash(const struct vault *v, char kind, const char *normal, uint8_t out[NAME_HASH_LEN])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, vault_subkey(v, SUBKEY_NAME), SUBKEY_LEN, NAME_HASH_LEN);
	crypto_generichash_update(&state, (const uint8_t *)&kind, 1);
	crypto_generichash_update(&state, (const uint8_t *)normal, strlen(normal));
	crypto_generichash_final(&state, out, NAME_HASH_LEN);
}

void row_seal(const struct vault *v, const uint8_t mark[MARK_LEN], uint8_t nonce[NONCE_LEN],
        uint8_t box[BOX_LEN])
{
	randombytes_buf(nonce, NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, v->row->data, v->row->len, mark,
	        MARK_LEN, NULL, nonce, vault_subkey(v, SUBKEY_BOX));
}

int row_open(const struct vault *v, sqlite3_stmt *sql, int first)
{
	struct row_plain *row = (void *)v->row->data;

	if (sqlite3_column_bytes(sql, first) != MARK_LEN ||
	        sqlite3_column_bytes(sql, first + 1) != NONCE_LEN ||
	        sqlite3_column_bytes(sql, first + 2) != (int)BOX_LEN)
		return -EBADMSG;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(v->row->data, NULL, NULL,
	            sqlite3_column_blob(sql, first + 2), BOX_LEN, sqlite3_column_blob(sql, first),
	            MARK_LEN, sqlite3_column_blob(sql, first + 1),
	            vault_subkey(v, SUBKEY_BOX)) != 0)
		return -EBADMSG;
	row->host[VAULT_HOST - 1] = row->serial[VAULT_SERIAL - 1] = 0;
	return 0;
}
