/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening, unlocking, and taking up what another process changed. */
#include "appliance/escrow/vault/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void vault_set_keys(
        struct vault *v, struct secret *kek, struct secret *keys, const uint8_t id[WRAP_ID_LEN])
{
	secret_free(v->kek);
	secret_free(v->keys);
	v->kek = kek;
	v->keys = keys;
	if (id)
		memcpy(v->id, id, WRAP_ID_LEN);
}

int vault_no_key_file(const char *dir, struct error *err)
{
	return error_set(err, -ENOKEY, REASON_CANNOT_OPEN,
	        "%s/vault.db is here but its key %s/vault.key is not: restore the key file from "
	        "backup",
	        dir, dir);
}

static int wrong_kind(const struct vault *v, const struct wrap *w, struct error *err)
{
	if (w->kind == WRAP_PASSPHRASE)
		return error_set(err, -EKEYREJECTED, REASON_VAULT_LOCKED,
		        "the vault in %s is opened by a passphrase: set vault-key = ask, or "
		        "passphrase-file:PATH, in [escrow] of the configuration",
		        v->dir);
	return error_set(err, -EKEYREJECTED, REASON_VAULT_LOCKED,
	        "the vault in %s is opened by a key file, not by a passphrase: netmend keys "
	        "passphrase gives it one, while vault-key in the configuration names that file",
	        v->dir);
}

/* Opens w with secret. -EKEYREJECTED without a text. */
static int try_secret(
        struct vault *v, const struct wrap *w, const struct secret *secret, struct error *err)
{
	struct secret *kek CLEANUP_SECRET = NULL, *keys = NULL;
	int r = wrap_derive(w, secret, &kek, err);

	if (r == 0)
		r = wrap_open(w, kek, &keys);
	if (r == 0) {
		vault_set_keys(v, kek, keys, w->id);
		kek = NULL;
	}
	return r;
}

/* With DIR/vault.key, or with the one that a change cut short left beside it. */
static int try_key_file(struct vault *v, const struct wrap *w, struct error *err)
{
	struct secret *key CLEANUP_SECRET = NULL, *newer CLEANUP_SECRET = NULL;
	int r = key_file_read(v->dir, false, &key, err);

	if (r < 0 && r != -ENOENT)
		return r;
	r = key ? try_secret(v, w, key, err) : -ENOENT;
	if (r != -ENOENT && r != -EKEYREJECTED)
		return r;
	if (key_file_read(v->dir, true, &newer, NULL) == 0 && try_secret(v, w, newer, NULL) == 0)
		return key_file_use(v->dir, err);
	if (r == -ENOENT)
		return vault_no_key_file(v->dir, err);
	return error_set(err, -EKEYREJECTED, REASON_VAULT_LOCKED,
	        "%s/vault.key is not the key of the vault beside it: restore both from one backup",
	        v->dir);
}

int vault_open_wrapped(
        struct vault *v, const struct wrap *w, const struct vault_key *key, struct error *err)
{
	if ((w->kind == WRAP_PASSPHRASE) != (key->kind == VAULT_KEY_PASSPHRASE))
		return wrong_kind(v, w, err);
	if (key->kind == VAULT_KEY_AUTO)
		return try_key_file(v, w, err);
	int r = try_secret(v, w, key->secret, err);
	if (r == -EKEYREJECTED)
		return error_set(err, r, REASON_VAULT_LOCKED,
		        "the %s is not that of the vault in %s",
		        key->kind == VAULT_KEY_FILE ? "key file" : "passphrase", v->dir);
	return r;
}

/* --- public --------------------------------------------------------------------------------------
 */

static int open_with(struct vault *v, const struct vault_key *key, struct error *err)
{
	struct wrap w;
	int r = store_open(v, err);

	if (r < 0 || key->kind == VAULT_KEY_ASK)
		return r;
	if (key->kind == VAULT_KEY_FILE && key->secret->len < VAULT_KEY_FILE_MIN)
		return error_set(err, -EINVAL, REASON_CANNOT_OPEN,
		        "the vault's key file is too short: at least %d bytes (head -c 32 "
		        "/dev/urandom makes one); for a passphrase there is passphrase-file",
		        VAULT_KEY_FILE_MIN);
	r = wrap_load(v, &w, err);
	if (r == -ENOENT)
		return vault_make(v, key, err);
	return r == 0 ? vault_open_wrapped(v, &w, key, err) : r;
}

int vault_open(const char *dir, const struct vault_key *key, struct vault **ret, struct error *err)
{
	struct vault *v = calloc(1, sizeof(*v));

	if (!v)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the vault");
	pthread_mutex_init(&v->lock, NULL);
	v->kind = key->kind;
	v->dir = strdup(dir);
	v->row = secret_new(sizeof(struct row_plain));
	int r = v->dir && v->row
	                ? open_with(v, key, err)
	                : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	if (r < 0) {
		vault_close(v);
		return r;
	}
	*ret = v;
	return 0;
}

int vault_again(struct vault *v, struct vault **ret, struct error *err)
{
	const struct vault_key none = {.kind = VAULT_KEY_ASK}; /* the keys are those of v */
	struct secret *kek = NULL, *keys = NULL;
	struct vault *again;
	int r = vault_open(v->dir, &none, &again, err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&v->lock);
	bool locked = !v->keys;
	if (!locked) {
		kek = secret_copy(v->kek->data, v->kek->len);
		keys = secret_copy(v->keys->data, v->keys->len);
	}
	again->kind = v->kind;
	vault_set_keys(again, kek, keys, v->id);
	pthread_mutex_unlock(&v->lock);
	if (!locked && (!kek || !keys)) {
		vault_close(again);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	}
	*ret = again;
	return 0;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	store_close(v);
	vault_set_keys(v, NULL, NULL, NULL);
	secret_free(v->row);
	pthread_mutex_destroy(&v->lock);
	free(v->dir);
	free(v);
}

bool vault_locked(struct vault *v)
{
	pthread_mutex_lock(&v->lock);
	bool locked = !v->keys;
	pthread_mutex_unlock(&v->lock);
	return locked;
}

int vault_unlock(struct vault *v, const struct secret *passphrase, struct error *err)
{
	struct secret *kek CLEANUP_SECRET = NULL, *keys CLEANUP_SECRET = NULL;
	struct wrap w;

	pthread_mutex_lock(&v->lock);
	int r = wrap_load(v, &w, err);
	pthread_mutex_unlock(&v->lock);
	if (r == -ENOENT)
		return error_set(err, r, REASON_VAULT_LOCKED,
		        "no passphrase was chosen for the vault yet: netmend keys passphrase");
	if (r < 0)
		return r;
	if (w.kind != WRAP_PASSPHRASE)
		return wrong_kind(v, &w, err);
	r = wrap_derive(&w, passphrase, &kek, err);
	if (r == 0)
		r = wrap_open(&w, kek, &keys);
	if (r == -EKEYREJECTED)
		return error_set(
		        err, r, REASON_VAULT_LOCKED, "this is not the passphrase of the vault");
	if (r < 0)
		return r;
	pthread_mutex_lock(&v->lock);
	vault_set_keys(v, kek, keys, w.id);
	pthread_mutex_unlock(&v->lock);
	kek = keys = NULL;
	return 0;
}

/* The file has other subkeys than ours: wiped by another process. Under the same key the new ones
 * open; otherwise the vault is locked. */
static int take_up(struct vault *v, const struct wrap *w, struct error *err)
{
	struct secret *keys CLEANUP_SECRET = NULL;

	if (v->kind == VAULT_KEY_AUTO)
		return try_key_file(v, w, err);
	int r = wrap_open(w, v->kek, &keys);
	if (r == 0) {
		struct secret *kek = v->kek;
		v->kek = NULL;
		vault_set_keys(v, kek, keys, w->id);
		keys = NULL;
	}
	return r;
}

int vault_ready(struct vault *v, struct error *err)
{
	sqlite3_stmt *sql = store_statement(v, SQL_VERSION);
	struct wrap w;
	int r = 0;

	if (!v->keys)
		return error_set(err, -ENOKEY, REASON_VAULT_LOCKED,
		        "the vault is locked: netmend keys unlock");
	int64_t version = sqlite3_step(sql) == SQLITE_ROW ? sqlite3_column_int64(sql, 0) : -1;
	sqlite3_reset(sql);
	if (version == v->version)
		return 0;
	r = wrap_load(v, &w, err);
	if (r == 0 && memcmp(w.id, v->id, WRAP_ID_LEN) != 0)
		r = take_up(v, &w, NULL);
	if (r == -EKEYREJECTED) {
		vault_set_keys(v, NULL, NULL, NULL);
		r = error_set(err, -ENOKEY, REASON_VAULT_LOCKED,
		        "the vault was made anew under another key: unlock it, or restart the "
		        "appliance");
	}
	if (r == 0)
		v->version = version;
	return r;
}
