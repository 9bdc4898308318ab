/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What makes guessing slow: a million rounds of SHA-256 over the key and the protector's salt. */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define ROUNDS 0x100000

/* What each round hashes: 88 bytes, little-endian. */
struct stretch_state {
	uint8_t last[32], initial[32], salt[BITLOCKER_SALT_LEN], count[8];
};

static int stretch(
        EVP_MD_CTX *ctx, const EVP_MD *sha256, const struct secret *key, struct stretch_state *s)
{
	if (EVP_DigestInit_ex2(ctx, sha256, NULL) != 1 ||
	        EVP_DigestUpdate(ctx, key->data, key->len) != 1 ||
	        EVP_DigestFinal_ex(ctx, s->initial, NULL) != 1)
		return -EIO;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		put_le64(s->count, i);
		if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1 ||
		        EVP_DigestUpdate(ctx, s, sizeof(*s)) != 1 ||
		        EVP_DigestFinal_ex(ctx, s->last, NULL) != 1)
			return -EIO;
	}
	return 0;
}

int bitlocker_stretch(const struct secret *key, const uint8_t salt[BITLOCKER_SALT_LEN],
        struct secret **ret_stretched)
{
	_Static_assert(sizeof(struct stretch_state) == 88, "hashed as it lies in memory");
	CLEANUP_SECRET struct secret *state = secret_new(sizeof(struct stretch_state));
	CLEANUP_SECRET struct secret *stretched = secret_new(BITLOCKER_KEY_LEN);

	if (!state || !stretched)
		return -ENOMEM;
	struct stretch_state *s = (struct stretch_state *)state->data;
	memcpy(s->salt, salt, BITLOCKER_SALT_LEN);
	/* Fetched once: a lookup in each of a million rounds would take three times as long. */
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = sha256 && ctx ? stretch(ctx, sha256, key, s) : -ENOMEM;
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(sha256);
	if (r < 0)
		return r;
	memcpy(stretched->data, s->last, BITLOCKER_KEY_LEN);
	*ret_stretched = stretched;
	stretched = NULL;
	return 0;
}
