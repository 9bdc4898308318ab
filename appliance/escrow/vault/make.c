/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first wrapping: of a new vault, or of one of before. */
#include "appliance/escrow/vault/internal.h"

#include <errno.h>

/* The key file's bytes for AUTO, making the file for a new vault only. */
static int first_secret(struct vault *v, const struct vault_key *key, bool legacy,
        struct secret **ret, struct error *err)
{
	if (key->kind != VAULT_KEY_AUTO) {
		*ret = secret_copy(key->secret->data, key->secret->len);
		return *ret ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	}
	int r = key_file_read(v->dir, false, ret, err);
	if (r != -ENOENT)
		return r;
	if (legacy)
		return vault_no_key_file(v->dir, err);
	r = key_file_make(v->dir, ret, err);
	return r == 0 ? key_file_use(v->dir, err) : r;
}

static int make_keys(struct vault *v, const struct vault_key *key, const struct secret *secret,
        bool legacy, struct error *err)
{
	struct secret *kek CLEANUP_SECRET = NULL, *keys CLEANUP_SECRET = NULL;
	uint8_t id[WRAP_ID_LEN];
	struct wrap w;
	int r = 0;

	if (legacy) {
		r = legacy_convert(v, secret, &keys, err);
	} else {
		keys = secret_new(SUBKEYS_LEN);
		if (!keys)
			return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
		randombytes_buf(keys->data, SUBKEYS_LEN);
	}
	randombytes_buf(id, sizeof(id));
	wrap_prepare(&w, key->kind == VAULT_KEY_PASSPHRASE ? WRAP_PASSPHRASE : WRAP_FILE, id);
	if (r == 0)
		r = wrap_derive(&w, secret, &kek, err);
	if (r == 0)
		r = wrap_store(v, &w, kek, keys, err);
	if (r == 0) {
		vault_set_keys(v, kek, keys, id);
		kek = keys = NULL;
	}
	return r;
}

int vault_make(struct vault *v, const struct vault_key *key, struct error *err)
{
	struct secret *secret CLEANUP_SECRET = NULL;
	struct wrap w;
	int r = store_run(v, "BEGIN IMMEDIATE", err);

	if (r < 0)
		return r;
	r = wrap_load(v, &w, err);
	if (r == 0) {
		store_roll_back(v);
		return vault_open_wrapped(v, &w, key, err);
	}
	bool legacy = legacy_is(v);
	if (r == -ENOENT && legacy && key->kind == VAULT_KEY_PASSPHRASE)
		r = error_set(err, -EKEYREJECTED, REASON_VAULT_LOCKED,
		        "the vault in %s is still opened by its vault.key: set vault-key = auto "
		        "and "
		        "run netmend keys passphrase",
		        v->dir);
	else if (r == -ENOENT)
		r = first_secret(v, key, legacy, &secret, err);
	if (r == 0)
		r = make_keys(v, key, secret, legacy, err);
	if (r == 0)
		r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	return r == 0 && legacy ? store_compact(v, err) : r;
}
