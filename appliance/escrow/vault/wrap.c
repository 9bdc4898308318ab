/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The vault's subkeys, sealed by a key-encrypting key (KEK). Stored as: u64 kind, u64 operations,
 * u64 memory (little-endian; the parameters of Argon2id), salt, id of the subkeys; then nonce,
 * ciphertext and tag of XChaCha20-Poly1305 with all before as associated data.
 */
#include "appliance/escrow/vault/internal.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <string.h>

/* About half a second; no more memory than a small appliance can lock. */
#define OPERATIONS     8
#define MEMORY         (64ULL * 1024 * 1024)
#define OPERATIONS_MAX 64
#define MEMORY_MAX     (1024ULL * 1024 * 1024)

static void write_head(struct wrap *w)
{
	uint8_t *p = w->blob;

	put_le64(p, (uint64_t)w->kind);
	put_le64(p + 8, w->operations);
	put_le64(p + 16, w->memory);
	memcpy(p + 24, w->salt, WRAP_SALT_LEN);
	memcpy(p + 24 + WRAP_SALT_LEN, w->id, WRAP_ID_LEN);
}

static bool read_head(struct wrap *w)
{
	const uint8_t *p = w->blob;

	w->kind = get_le64(p) == WRAP_FILE ? WRAP_FILE : WRAP_PASSPHRASE;
	w->operations = get_le64(p + 8);
	w->memory = get_le64(p + 16);
	memcpy(w->salt, p + 24, WRAP_SALT_LEN);
	memcpy(w->id, p + 24 + WRAP_SALT_LEN, WRAP_ID_LEN);
	if (get_le64(p) == WRAP_FILE)
		return true;
	return get_le64(p) == WRAP_PASSPHRASE && w->operations >= 1 &&
	       w->operations <= OPERATIONS_MAX && w->memory >= crypto_pwhash_MEMLIMIT_MIN &&
	       w->memory <= MEMORY_MAX;
}

int wrap_load(struct vault *v, struct wrap *ret, struct error *err)
{
	struct wrap w = {0};
	int r = store_meta_get(v, "wrap", w.blob, sizeof(w.blob), err);

	if (r == -EBADMSG || (r == 0 && !read_head(&w)))
		return error_set(err, -EBADMSG, REASON_CANNOT_OPEN,
		        "%s/vault.db: its wrapped keys are damaged, or a later release made them",
		        v->dir);
	if (r == 0)
		*ret = w;
	return r;
}

void wrap_prepare(struct wrap *w, enum wrap_kind kind, const uint8_t id[WRAP_ID_LEN])
{
	*w = (struct wrap){.kind = kind};
	if (kind == WRAP_PASSPHRASE) {
		w->operations = OPERATIONS;
		w->memory = MEMORY;
	}
	randombytes_buf(w->salt, sizeof(w->salt));
	memcpy(w->id, id, WRAP_ID_LEN);
}

int wrap_derive(const struct wrap *w, const struct secret *secret, struct secret **ret_kek,
        struct error *err)
{
	struct secret *kek CLEANUP_SECRET = secret_new(KEK_LEN);

	if (!kek)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	if (w->kind == WRAP_FILE) {
		crypto_generichash(
		        kek->data, KEK_LEN, secret->data, secret->len, w->salt, WRAP_SALT_LEN);
	} else if (crypto_pwhash(kek->data, KEK_LEN, (const char *)secret->data, secret->len,
	                   w->salt, w->operations, (size_t)w->memory,
	                   crypto_pwhash_ALG_ARGON2ID13) != 0) {
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "no memory to judge the vault's passphrase: %llu MB are needed",
		        (unsigned long long)(w->memory >> 20));
	}
	*ret_kek = kek;
	kek = NULL;
	return 0;
}

int wrap_store(struct vault *v, struct wrap *w, const struct secret *kek, const struct secret *keys,
        struct error *err)
{
	uint8_t *nonce = w->blob + WRAP_HEAD_LEN;

	write_head(w);
	randombytes_buf(nonce, NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_LEN, NULL, keys->data, SUBKEYS_LEN,
	        w->blob, WRAP_HEAD_LEN, NULL, nonce, kek->data);
	return store_meta_put(v, "wrap", w->blob, sizeof(w->blob), err);
}

int wrap_open(const struct wrap *w, const struct secret *kek, struct secret **ret_keys)
{
	struct secret *keys CLEANUP_SECRET = secret_new(SUBKEYS_LEN);
	const uint8_t *nonce = w->blob + WRAP_HEAD_LEN;

	if (!keys)
		return -ENOMEM;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(keys->data, NULL, NULL, nonce + NONCE_LEN,
	            SUBKEYS_LEN + TAG_LEN, w->blob, WRAP_HEAD_LEN, nonce, kek->data) != 0)
		return -EKEYREJECTED;
	*ret_keys = keys;
	keys = NULL;
	return 0;
}
