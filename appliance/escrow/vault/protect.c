/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another key for the vault, and the end of all its keys. */
#include "appliance/escrow/vault/internal.h"

#include <errno.h>
#include <string.h>

/* --- wrapping anew -------------------------------------------------------------------------------
 */

static int secret_of(
        struct vault *v, const struct vault_key *key, struct secret **ret, struct error *err)
{
	if (key->kind == VAULT_KEY_AUTO)
		return key_file_make(v->dir, ret, err);
	if (key->kind == VAULT_KEY_FILE && key->secret->len < VAULT_KEY_FILE_MIN)
		return error_set(err, -EINVAL, REASON_USAGE, "a key file has at least %d bytes",
		        VAULT_KEY_FILE_MIN);
	if (key->secret->len == 0 ||
	        (key->kind == VAULT_KEY_PASSPHRASE && key->secret->len > NM_MAX_PASSPHRASE))
		return error_set(err, -EINVAL, REASON_USAGE, "a passphrase has 1 to %d bytes",
		        NM_MAX_PASSPHRASE);
	*ret = secret_copy(key->secret->data, key->secret->len);
	return *ret ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
}

/* Stores the subkeys under kek, reads that back and opens it with a KEK derived once more. */
static int store_and_try(struct vault *v, struct wrap *w, const struct secret *secret,
        const struct secret *kek, const struct secret *keys, struct error *err)
{
	struct secret *again CLEANUP_SECRET = NULL, *opened CLEANUP_SECRET = NULL;
	struct wrap stored;
	int r = store_run(v, "BEGIN IMMEDIATE", err);

	if (r == 0)
		r = wrap_store(v, w, kek, keys, err);
	if (r == 0)
		r = wrap_load(v, &stored, err);
	if (r == 0)
		r = wrap_derive(&stored, secret, &again, err);
	if (r == 0 && (wrap_open(&stored, again, &opened) < 0 ||
	                      sodium_memcmp(opened->data, keys->data, SUBKEYS_LEN) != 0))
		r = error_set(err, -EIO, REASON_INTERNAL,
		        "the vault's new protection does not open; the old one is kept");
	if (r == 0)
		r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	/* Into the file itself, over the old wrapping. */
	return r == 0 ? store_run(v, "PRAGMA wal_checkpoint(TRUNCATE)", err) : r;
}

/* The subkeys and their name: the vault's own, or new ones for a vault that has none. */
static int subkeys_of(
        struct vault *v, struct secret **ret, uint8_t id[WRAP_ID_LEN], struct error *err)
{
	struct wrap w;
	int r = wrap_load(v, &w, err);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0) {
		r = vault_ready(v, err);
		if (r < 0)
			return r;
		memcpy(id, v->id, WRAP_ID_LEN);
		*ret = secret_copy(v->keys->data, SUBKEYS_LEN);
	} else if (legacy_is(v)) {
		return error_set(err, -EINVAL, REASON_USAGE,
		        "the vault in %s is still opened by its vault.key: set vault-key = auto "
		        "for "
		        "this one command",
		        v->dir);
	} else {
		*ret = secret_new(SUBKEYS_LEN);
		if (*ret)
			randombytes_buf((*ret)->data, SUBKEYS_LEN);
		randombytes_buf(id, WRAP_ID_LEN);
	}
	return *ret ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
}

static int protect(struct vault *v, const struct vault_key *key, struct error *err)
{
	struct secret *secret CLEANUP_SECRET = NULL, *kek CLEANUP_SECRET = NULL,
	                      *keys CLEANUP_SECRET = NULL;
	uint8_t id[WRAP_ID_LEN];
	struct wrap w;
	int r = subkeys_of(v, &keys, id, err);

	if (r == 0)
		r = secret_of(v, key, &secret, err);
	if (r < 0)
		return r;
	wrap_prepare(&w, key->kind == VAULT_KEY_PASSPHRASE ? WRAP_PASSPHRASE : WRAP_FILE, id);
	r = wrap_derive(&w, secret, &kek, err);
	if (r == 0)
		r = store_and_try(v, &w, secret, kek, keys, err);
	if (r < 0)
		return r;
	vault_set_keys(v, kek, keys, id);
	kek = keys = NULL;
	v->kind = key->kind;
	return key->kind == VAULT_KEY_AUTO ? key_file_use(v->dir, err)
	                                   : key_file_remove(v->dir, err);
}

int vault_protect(struct vault *v, const struct vault_key *key, struct error *err)
{
	pthread_mutex_lock(&v->lock);
	int r = protect(v, key, err);
	pthread_mutex_unlock(&v->lock);
	return r;
}

/* --- wiping --------------------------------------------------------------------------------------
 */

/* A new key file for a vault that has its own; otherwise the KEK stays, and with it the salt. */
static int prepare_wipe(struct vault *v, struct wrap *w, struct secret **ret_kek, struct error *err)
{
	struct secret *file CLEANUP_SECRET = NULL;
	int r = wrap_load(v, w, err);

	if (r < 0)
		return r;
	if (v->kind == VAULT_KEY_AUTO) {
		r = key_file_make(v->dir, &file, err);
		wrap_prepare(w, WRAP_FILE, w->id);
		if (r == 0)
			r = wrap_derive(w, file, ret_kek, err);
	} else {
		*ret_kek = secret_copy(v->kek->data, v->kek->len);
		if (!*ret_kek)
			r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	}
	randombytes_buf(w->id, WRAP_ID_LEN);
	return r;
}

static int wipe(struct vault *v, struct error *err)
{
	struct secret *kek CLEANUP_SECRET = NULL, *keys CLEANUP_SECRET = secret_new(SUBKEYS_LEN);
	struct wrap w;
	int r = vault_ready(v, err);

	if (r == 0 && !keys)
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	if (r == 0)
		r = prepare_wipe(v, &w, &kek, err);
	if (r < 0)
		return r;
	randombytes_buf(keys->data, SUBKEYS_LEN);
	r = store_run(v,
	        "BEGIN IMMEDIATE; DELETE FROM records; DELETE FROM names; DELETE FROM sources; "
	        "DELETE FROM bmcs; DELETE FROM bmc_names; DELETE FROM bmc_logins",
	        err);
	if (r == 0)
		r = wrap_store(v, &w, kek, keys, err);
	if (r == 0)
		r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	if (r < 0)
		return r;
	vault_set_keys(v, kek, keys, w.id);
	kek = keys = NULL;
	if (v->kind == VAULT_KEY_AUTO) {
		/* The old key's bytes first, then the new one in its place. */
		r = key_file_remove(v->dir, err);
		if (r == 0)
			r = key_file_use(v->dir, err);
	}
	int compacted = store_compact(v, r == 0 ? err : NULL);
	return r == 0 ? compacted : r;
}

int vault_wipe(struct vault *v, struct error *err)
{
	pthread_mutex_lock(&v->lock);
	int r = wipe(v, err);
	pthread_mutex_unlock(&v->lock);
	return r;
}
