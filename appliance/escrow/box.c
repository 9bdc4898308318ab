/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/box.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define IV_LEN   12
#define TAG_LEN  16
#define KEY_LEN  32
#define SEEN_LEN 16
/* So many boxes under one key pair: their names are all kept. */
#define SEEN_MAX 4096

static const char *const infos[] = {[BOX_ORDER] = "netmend box 1", [BOX_KEYS] = "netmend keys 1"};

struct box_key {
	pthread_mutex_t lock;
	EVP_PKEY *pair;
	uint8_t point[BOX_POINT];
	size_t seen_count;
	uint8_t seen[SEEN_MAX][SEEN_LEN];
};

/* A new pair; what was sealed to the old one never opens again, so its boxes can be forgotten. */
static int make_pair(struct box_key *k)
{
	uint8_t point[BOX_POINT];
	size_t len = 0;
	EVP_PKEY *pair = EVP_EC_gen("P-256");

	if (!pair)
		return -ENOMEM;
	if (EVP_PKEY_get_octet_string_param(
	            pair, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) != 1 ||
	        len != BOX_POINT || point[0] != 4) {
		EVP_PKEY_free(pair);
		return -ENOMEM;
	}
	EVP_PKEY_free(k->pair);
	k->pair = pair;
	memcpy(k->point, point, BOX_POINT);
	k->seen_count = 0;
	return 0;
}

struct box_key *box_key_new(void)
{
	struct box_key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	pthread_mutex_init(&k->lock, NULL);
	if (make_pair(k) < 0) {
		box_key_free(k);
		return NULL;
	}
	return k;
}

void box_key_free(struct box_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pair);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

void box_key_public(struct box_key *k, uint8_t ret[BOX_POINT])
{
	pthread_mutex_lock(&k->lock);
	memcpy(ret, k->point, BOX_POINT);
	pthread_mutex_unlock(&k->lock);
}

/* --- from the box's point to the AES key ---------------------------------------------------------
 */

/* NULL when it is no point of the curve. */
static EVP_PKEY *peer_from(const uint8_t point[BOX_POINT])
{
	char group[] = "P-256";
	uint8_t copy[BOX_POINT];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *peer = NULL;

	memcpy(copy, point, BOX_POINT);
	OSSL_PARAM params[] = {
	        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
	        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, BOX_POINT),
	        OSSL_PARAM_construct_end()};
	if (ctx && (EVP_PKEY_fromdata_init(ctx) != 1 ||
	                   EVP_PKEY_fromdata(ctx, &peer, EVP_PKEY_PUBLIC_KEY, params) != 1))
		peer = NULL;
	EVP_PKEY_CTX_free(ctx);
	return peer;
}

/* The shared x coordinate, 32 bytes. EVP checks that the peer's point is on the curve. */
static int derive_shared(EVP_PKEY *own, EVP_PKEY *peer, struct secret *shared)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t len = shared->len;
	int r = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
	                        EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
	                        EVP_PKEY_derive(ctx, shared->data, &len) == 1 && len == shared->len
	                ? 0
	                : -EBADMSG;

	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int derive_key(const struct secret *shared, const char *info, const uint8_t *salt,
        size_t salt_len, struct secret *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t len = key->len;
	int r = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
	                        EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1 &&
	                        EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt, (int)salt_len) == 1 &&
	                        EVP_PKEY_CTX_set1_hkdf_key(ctx, shared->data, (int)shared->len) ==
	                                1 &&
	                        EVP_PKEY_CTX_add1_hkdf_info(
	                                ctx, (const uint8_t *)info, (int)strlen(info)) == 1 &&
	                        EVP_PKEY_derive(ctx, key->data, &len) == 1 && len == key->len
	                ? 0
	                : -EBADMSG;

	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int box_derive(EVP_PKEY *pair, const uint8_t own[BOX_POINT], const char *info,
        const uint8_t *point, struct secret *key)
{
	uint8_t salt[2 * BOX_POINT];
	struct secret *shared CLEANUP_SECRET = secret_new(32);
	EVP_PKEY *peer = shared ? peer_from(point) : NULL;

	if (!peer)
		return shared ? -EBADMSG : -ENOMEM;
	memcpy(salt, point, BOX_POINT);
	memcpy(salt + BOX_POINT, own, BOX_POINT);
	int r = derive_shared(pair, peer, shared);
	if (r == 0)
		r = derive_key(shared, info, salt, sizeof(salt), key);
	EVP_PKEY_free(peer);
	return r;
}

/* --- opening --------------------------------------------------------------------------------- */

/* sealed: len bytes, ciphertext and tag; plain has len - TAG_LEN. */
static int decrypt(const struct secret *key, const uint8_t *iv, const uint8_t *sealed, size_t len,
        struct secret *plain)
{
	uint8_t tag[TAG_LEN];
	int done = 0, rest = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	memcpy(tag, sealed + len - TAG_LEN, TAG_LEN);
	int r = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->data, iv) == 1 &&
	                        EVP_DecryptUpdate(ctx, plain->data, &done, sealed,
	                                (int)(len - TAG_LEN)) == 1 &&
	                        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) == 1 &&
	                        EVP_DecryptFinal_ex(ctx, plain->data + done, &rest) == 1
	                ? 0
	                : -EBADMSG;

	EVP_CIPHER_CTX_free(ctx);
	return r;
}

/* Remembers the box by its point, under which no second one is sealed. -EALREADY. Locked, with
 * room for one more. */
static int remember(struct box_key *k, const uint8_t *point)
{
	uint8_t name[SEEN_LEN];

	/* The last place was taken and no new pair could be made: this one is to be sealed again.
	 */
	if (k->seen_count == SEEN_MAX) {
		(void)make_pair(k);
		return -ENOMEM;
	}
	crypto_generichash(name, sizeof(name), point, BOX_POINT, NULL, 0);
	for (size_t i = 0; i < k->seen_count; i++)
		if (memcmp(k->seen[i], name, SEEN_LEN) == 0)
			return -EALREADY;
	memcpy(k->seen[k->seen_count++], name, SEEN_LEN);
	return 0;
}

static int open_locked(
        struct box_key *k, const char *info, const uint8_t *box, size_t len, struct secret *plain)
{
	struct secret *key CLEANUP_SECRET = secret_new(KEY_LEN);

	if (!key || (k->seen_count == SEEN_MAX && make_pair(k) < 0))
		return -ENOMEM;
	int r = box_derive(k->pair, k->point, info, box, key);
	if (r == 0)
		r = decrypt(key, box + BOX_POINT, box + BOX_POINT + IV_LEN,
		        len - BOX_POINT - IV_LEN, plain);
	if (r == 0)
		r = remember(k, box);
	if (k->seen_count == SEEN_MAX)
		(void)make_pair(k); /* or with the next box */
	return r;
}

int box_open(struct box_key *k, enum box_kind kind, const uint8_t *box, size_t len,
        struct secret **ret, struct error *err)
{
	if (len <= BOX_POINT + IV_LEN + TAG_LEN || box[0] != 4)
		return error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR, "not a sealed box");
	struct secret *plain = secret_new(len - BOX_POINT - IV_LEN - TAG_LEN);
	if (!plain)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
	pthread_mutex_lock(&k->lock);
	int r = open_locked(k, infos[kind], box, len, plain);
	pthread_mutex_unlock(&k->lock);
	if (r == 0) {
		*ret = plain;
		return 0;
	}
	secret_free(plain);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory");
	if (r == -EALREADY)
		return error_set(err, r, REASON_PROTOCOL_ERROR,
		        "this order was carried out before: nothing was done twice");
	return error_set(err, r, REASON_PROTOCOL_ERROR,
	        "the sealed order does not open: load the page again, then repeat it");
}
