/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The six sector ciphers. CBC's IV is the encrypted byte offset; XTS counts sectors; the Elephant
 * diffuser is the one of Niels Ferguson's paper "AES-CBC + Elephant diffuser" (2006).
 */
#include "tests/generators/bitlocker_crypto.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SECTOR 4096
/* Where the diffuser's tweak key is in the FVEK, whatever the length of the AES key. */
#define TWEAK_KEY_AT 32

static const struct fve_method methods[] = {
        {0x8000, "aes-cbc-128-diffuser", FVE_CBC_DIFFUSER, 16, 64},
        {0x8001, "aes-cbc-256-diffuser", FVE_CBC_DIFFUSER, 32, 64},
        {0x8002, "aes-cbc-128", FVE_CBC, 16, 16},
        {0x8003, "aes-cbc-256", FVE_CBC, 32, 32},
        {0x8004, "xts-aes-128", FVE_XTS, 16, 32},
        {0x8005, "xts-aes-256", FVE_XTS, 32, 64},
};

struct fve_cipher {
	enum fve_mode mode;
	uint32_t sector_size;
	EVP_CIPHER_CTX *data;       /* XTS or CBC */
	EVP_CIPHER_CTX *iv, *tweak; /* single blocks; the second with the diffuser only */
};

const struct fve_method *fve_method_by_id(uint16_t id)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i].id == id)
			return &methods[i];
	return NULL;
}

const struct fve_method *fve_method_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static EVP_CIPHER_CTX *keyed(const EVP_CIPHER *cipher, const uint8_t *key)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, key, NULL) == 1 &&
	        EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int fve_cipher_new(const struct fve_method *method, uint32_t sector_size, const uint8_t *fvek,
        struct fve_cipher **ret)
{
	bool wide = method->aes_len == 32;
	const EVP_CIPHER *block = wide ? EVP_aes_256_ecb() : EVP_aes_128_ecb();
	struct fve_cipher *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->mode = method->mode;
	c->sector_size = sector_size;
	if (c->mode == FVE_XTS) {
		c->data = keyed(wide ? EVP_aes_256_xts() : EVP_aes_128_xts(), fvek);
	} else {
		c->data = keyed(wide ? EVP_aes_256_cbc() : EVP_aes_128_cbc(), fvek);
		c->iv = keyed(block, fvek);
	}
	if (c->mode == FVE_CBC_DIFFUSER)
		c->tweak = keyed(block, fvek + TWEAK_KEY_AT);
	if (!c->data || (c->mode != FVE_XTS && !c->iv) ||
	        (c->mode == FVE_CBC_DIFFUSER && !c->tweak)) {
		fve_cipher_free(c);
		return -EIO;
	}
	*ret = c;
	return 0;
}

void fve_cipher_free(struct fve_cipher *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->data);
	EVP_CIPHER_CTX_free(c->iv);
	EVP_CIPHER_CTX_free(c->tweak);
	free(c);
}

static int encrypt_block(EVP_CIPHER_CTX *ctx, uint8_t block[16])
{
	int n;

	return EVP_EncryptUpdate(ctx, block, &n, block, 16) == 1 ? 0 : -EIO;
}

static uint32_t rotate_left(uint32_t value, unsigned bits)
{
	return bits == 0 ? value : value << bits | value >> (32 - bits);
}

/* One pass of diffuser A (reach -2, -5) or B (+2, +5) in the encrypting direction: what decrypting
 * adds from the first word on, this takes off from the last word on. */
static void diffuse(uint32_t *d, unsigned words, bool a)
{
	static const unsigned turns_a[4] = {9, 0, 13, 0}, turns_b[4] = {0, 10, 0, 25};
	unsigned mask = words - 1;

	for (unsigned i = words; i-- > 0;) {
		if (a)
			d[i] -= d[(i - 2) & mask] ^ rotate_left(d[(i - 5) & mask], turns_a[i & 3]);
		else
			d[i] -= d[(i + 2) & mask] ^ rotate_left(d[(i + 5) & mask], turns_b[i & 3]);
	}
}

static int elephant(struct fve_cipher *c, uint64_t offset, uint8_t *sector)
{
	uint32_t d[MAX_SECTOR / 4];
	unsigned words = c->sector_size / 4;
	uint8_t key[32] = {0};

	put_le64(key, offset);
	put_le64(key + 16, offset);
	key[31] = 0x80;
	if (encrypt_block(c->tweak, key) < 0 || encrypt_block(c->tweak, key + 16) < 0)
		return -EIO;
	for (unsigned i = 0; i < words; i++)
		d[i] = get_le32(sector + (size_t)4 * i) ^ get_le32(key + 4 * (i % 8));
	for (unsigned pass = 0; pass < 5; pass++)
		diffuse(d, words, true);
	for (unsigned pass = 0; pass < 3; pass++)
		diffuse(d, words, false);
	for (unsigned i = 0; i < words; i++)
		put_le32(sector + (size_t)4 * i, d[i]);
	return 0;
}

static int encrypt_sector(struct fve_cipher *c, uint64_t offset, uint8_t *sector)
{
	uint8_t iv[16] = {0};
	int n, r = 0;

	put_le64(iv, c->mode == FVE_XTS ? offset / c->sector_size : offset);
	if (c->mode == FVE_CBC_DIFFUSER)
		r = elephant(c, offset, sector);
	if (r == 0 && c->mode != FVE_XTS)
		r = encrypt_block(c->iv, iv);
	if (r == 0 &&
	        (EVP_EncryptInit_ex(c->data, NULL, NULL, NULL, iv) != 1 ||
	                EVP_EncryptUpdate(c->data, sector, &n, sector, (int)c->sector_size) != 1))
		r = -EIO;
	return r;
}

int fve_cipher_encrypt(struct fve_cipher *c, uint64_t offset, uint8_t *data, size_t len)
{
	int r = 0;

	for (size_t at = 0; at < len && r == 0; at += c->sector_size)
		r = encrypt_sector(c, offset + at, data + at);
	return r;
}
