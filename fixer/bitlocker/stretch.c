/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What makes guessing slow: a million rounds of SHA-256 over the key and the protector's salt. */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/stretch_lanes.h"

#include <errno.h>
#include <string.h>

int stretch_begin(
        EVP_MD_CTX *ctx, const EVP_MD *sha256, const struct secret *key, struct stretch_state *s)
{
	return EVP_DigestInit_ex2(ctx, sha256, NULL) == 1 &&
	                       EVP_DigestUpdate(ctx, key->data, key->len) == 1 &&
	                       EVP_DigestFinal_ex(ctx, s->initial, NULL) == 1
	               ? 0
	               : -EIO;
}

int stretch_rounds(EVP_MD_CTX *ctx, struct stretch_state *s, uint32_t first, uint32_t rounds)
{
	_Static_assert(sizeof(*s) == 88, "hashed as it lies in memory");

	for (uint32_t i = first; i < first + rounds; i++) {
		put_le64(s->count, i);
		if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1 ||
		        EVP_DigestUpdate(ctx, s, sizeof(*s)) != 1 ||
		        EVP_DigestFinal_ex(ctx, s->last, NULL) != 1)
			return -EIO;
	}
	return 0;
}

static int stretch(
        EVP_MD_CTX *ctx, const EVP_MD *sha256, const struct secret *key, struct stretch_state *s)
{
	int r = stretch_begin(ctx, sha256, key, s);

	return r < 0 ? r : stretch_rounds(ctx, s, 0, STRETCH_ROUNDS);
}

int bitlocker_stretch(const struct secret *key, const uint8_t salt[BITLOCKER_SALT_LEN],
        struct secret **ret_stretched)
{
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
