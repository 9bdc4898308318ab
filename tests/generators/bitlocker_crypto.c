/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_crypto.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define STRETCH_ROUNDS 0x100000

static int stretch(EVP_MD_CTX *ctx, EVP_MD *sha256, const void *secret, size_t len,
        const uint8_t salt[16], uint8_t out[FVE_KEY_LEN])
{
	struct {
		uint8_t last[32], initial[32], salt[16], count[8];
	} state = {0};

	if (!ctx || !sha256 || EVP_Digest(secret, len, state.initial, NULL, sha256, NULL) != 1 ||
	        EVP_DigestInit_ex2(ctx, sha256, NULL) != 1)
		return -EIO;
	memcpy(state.salt, salt, 16);
	for (uint64_t i = 0; i < STRETCH_ROUNDS; i++) {
		put_le64(state.count, i);
		if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1 ||
		        EVP_DigestUpdate(ctx, &state, sizeof(state)) != 1 ||
		        EVP_DigestFinal_ex(ctx, state.last, NULL) != 1)
			return -EIO;
	}
	memcpy(out, state.last, FVE_KEY_LEN);
	return 0;
}

int fve_stretch(const void *secret, size_t len, const uint8_t salt[16], uint8_t out[FVE_KEY_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	/* Fetched once: looking the algorithm up in every round makes this three times slower. */
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	int r = stretch(ctx, sha256, secret, len, salt, out);

	EVP_MD_free(sha256);
	EVP_MD_CTX_free(ctx);
	return r;
}

static int seal(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce, const void *data,
        size_t len, uint8_t *out)
{
	uint8_t *mac = out, *cipher = out + FVE_MAC_LEN;
	int n;

	if (!ctx || EVP_EncryptInit_ex(ctx, EVP_aes_256_ccm(), NULL, NULL, NULL) != 1 ||
	        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, FVE_NONCE_LEN, NULL) != 1 ||
	        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, FVE_MAC_LEN, NULL) != 1 ||
	        EVP_EncryptInit_ex(ctx, NULL, NULL, key, nonce) != 1 ||
	        EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)len) != 1 ||
	        EVP_EncryptUpdate(ctx, cipher, &n, data, (int)len) != 1 ||
	        EVP_EncryptFinal_ex(ctx, cipher + n, &n) != 1 ||
	        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, FVE_MAC_LEN, mac) != 1)
		return -EIO;
	return 0;
}

int fve_seal(const uint8_t key[FVE_KEY_LEN], const uint8_t nonce[FVE_NONCE_LEN], const void *data,
        size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int r = seal(ctx, key, nonce, data, len, out);

	EVP_CIPHER_CTX_free(ctx);
	return r;
}
