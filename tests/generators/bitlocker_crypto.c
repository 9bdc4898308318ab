/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_crypto.h"
#include "tests/generators/hash.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRETCH_ROUNDS 0x100000

static int stretch_anew(EVP_MD_CTX *ctx, EVP_MD *sha256, const void *secret, size_t len,
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

static int stretch(const void *secret, size_t len, const uint8_t salt[16], uint8_t out[FVE_KEY_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	/* Fetched once: looking the algorithm up in every round makes this three times slower. */
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	int r = stretch_anew(ctx, sha256, secret, len, salt, out);

	EVP_MD_free(sha256);
	EVP_MD_CTX_free(ctx);
	return r;
}

/* The file of what this secret and salt were stretched to, below the folder that the variable
 * names. False: no folder. */
static bool kept_name(const void *secret, size_t len, const uint8_t salt[16], char ret[PATH_MAX])
{
	const char *folder = getenv("NETMEND_TEST_STRETCHED");
	char secret_hex[GEN_SHA256_HEX], salt_hex[33];

	if (!folder)
		return false;
	gen_sha256(secret, len, secret_hex);
	hex_encode(salt, 16, salt_hex);
	int n = snprintf(ret, PATH_MAX, "%s/%s-%s", folder, secret_hex, salt_hex);
	return n > 0 && n < PATH_MAX;
}

static bool read_kept(const char *name, uint8_t out[FVE_KEY_LEN])
{
	int fd CLEANUP_CLOSE = open(name, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, out, FVE_KEY_LEN) == FVE_KEY_LEN;
}

/* Whole or not at all, whoever writes the same one meanwhile. Without it all works, slower. */
static void keep(const char *name, const uint8_t key[FVE_KEY_LEN])
{
	char path[PATH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s.%d", name, (int)getpid());
	int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0 && (write(fd, key, FVE_KEY_LEN) != FVE_KEY_LEN || rename(path, name) < 0))
		(void)unlink(path);
}

int fve_stretch(const void *secret, size_t len, const uint8_t salt[16], uint8_t out[FVE_KEY_LEN])
{
	char name[PATH_MAX];
	bool keeps = kept_name(secret, len, salt, name);

	if (keeps && read_kept(name, out))
		return 0;
	int r = stretch(secret, len, salt, out);
	if (r == 0 && keeps)
		keep(name, out);
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
