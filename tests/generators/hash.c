/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/hash.h"
#include "tests/generators/run.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

void gen_sha256(const void *data, size_t size, char out[GEN_SHA256_HEX])
{
	uint8_t hash[32];

	if (EVP_Digest(data, size, hash, NULL, EVP_sha256(), NULL) != 1)
		abort(); /* only without memory */
	hex_encode(hash, sizeof(hash), out);
}

static int hash_file(EVP_MD_CTX *ctx, int fd, uint64_t size, uint8_t hash[32])
{
	static uint8_t chunk[256 * 1024];

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	for (uint64_t at = 0; at < size; at += sizeof(chunk)) {
		size_t len = size - at < sizeof(chunk) ? (size_t)(size - at) : sizeof(chunk);
		int r = gen_pread(fd, chunk, len, at);
		if (r < 0)
			return r;
		if (EVP_DigestUpdate(ctx, chunk, len) != 1)
			return -EIO;
	}
	return EVP_DigestFinal_ex(ctx, hash, NULL) == 1 ? 0 : -EIO;
}

int gen_sha256_file(int fd, uint64_t size, char out[GEN_SHA256_HEX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t hash[32];
	int r = hash_file(ctx, fd, size, hash);

	EVP_MD_CTX_free(ctx);
	if (r == 0)
		hex_encode(hash, sizeof(hash), out);
	return r;
}
