/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * XTS: the tweak is the sector's number on the volume. CBC: the IV is its byte position under the
 * key itself. The diffuser variants add a sector key, its position under a second key.
 */
#include "fixer/bitlocker/cipher.h"
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define BLOCK 16

struct method {
	uint16_t id;
	bool xts, diffuser;
	size_t fvek_len;                     /* bytes as stored */
	const EVP_CIPHER *(*sectors)(void);  /* AES over the data */
	const EVP_CIPHER *(*position)(void); /* AES over a position; NULL for XTS */
};

/* The FVEK of the diffuser methods always has 64 bytes: AES key first, second key at 32. */
#define SECOND_KEY 32

static const struct method methods[] = {
        {METHOD_CBC128_DIFFUSER, false, true, 64, EVP_aes_128_cbc, EVP_aes_128_ecb},
        {METHOD_CBC256_DIFFUSER, false, true, 64, EVP_aes_256_cbc, EVP_aes_256_ecb},
        {METHOD_CBC128, false, false, 16, EVP_aes_128_cbc, EVP_aes_128_ecb},
        {METHOD_CBC256, false, false, 32, EVP_aes_256_cbc, EVP_aes_256_ecb},
        {METHOD_XTS128, true, false, 32, EVP_aes_128_xts, NULL},
        {METHOD_XTS256, true, false, 64, EVP_aes_256_xts, NULL},
};

/* Keyed once; only the IV is set anew for each sector. */
struct sector_cipher {
	const struct method *method;
	uint32_t sector_size;
	EVP_CIPHER_CTX *encrypt, *decrypt;
	EVP_CIPHER_CTX *iv;         /* CBC: position to IV */
	EVP_CIPHER_CTX *sector_key; /* diffuser: position to sector key */
};

static const struct method *method_find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].id == id)
			return &methods[i];
	return NULL;
}

size_t sector_cipher_key_len(uint16_t method)
{
	const struct method *m = method_find(method);
	return m ? m->fvek_len : 0;
}

static EVP_CIPHER_CTX *keyed(const EVP_CIPHER *cipher, const uint8_t *key, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex2(ctx, cipher, key, NULL, encrypt, NULL) == 1 &&
	        EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

void sector_cipher_free(struct sector_cipher *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->encrypt);
	EVP_CIPHER_CTX_free(c->decrypt);
	EVP_CIPHER_CTX_free(c->iv);
	EVP_CIPHER_CTX_free(c->sector_key);
	free(c);
}

int sector_cipher_new(uint16_t method, uint32_t sector_size, const struct secret *fvek,
        struct sector_cipher **ret)
{
	const struct method *m = method_find(method);

	if (!m)
		return -ENOTSUP;
	if (fvek->len != m->fvek_len)
		return -EINVAL;
	struct sector_cipher *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->method = m;
	c->sector_size = sector_size;
	c->encrypt = keyed(m->sectors(), fvek->data, 1);
	c->decrypt = keyed(m->sectors(), fvek->data, 0);
	if (m->position)
		c->iv = keyed(m->position(), fvek->data, 1);
	if (m->diffuser)
		c->sector_key = keyed(m->position(), fvek->data + SECOND_KEY, 1);
	if (!c->encrypt || !c->decrypt || (m->position && !c->iv) ||
	        (m->diffuser && !c->sector_key)) {
		sector_cipher_free(c);
		return -EIO;
	}
	*ret = c;
	return 0;
}

static int update(EVP_CIPHER_CTX *ctx, uint8_t *data, size_t len)
{
	int n = 0;
	return EVP_CipherUpdate(ctx, data, &n, data, (int)len) == 1 && n == (int)len ? 0 : -EIO;
}

static int run_sector(
        struct sector_cipher *c, EVP_CIPHER_CTX *ctx, uint64_t position, uint8_t *data)
{
	uint8_t iv[BLOCK] = {0};

	put_le64(iv, c->method->xts ? position / c->sector_size : position);
	if (c->iv && update(c->iv, iv, sizeof(iv)) < 0)
		return -EIO;
	if (EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL) != 1)
		return -EIO;
	return update(ctx, data, c->sector_size);
}

static int make_sector_key(struct sector_cipher *c, uint64_t position, uint8_t key[2 * BLOCK])
{
	memset(key, 0, (size_t)2 * BLOCK);
	put_le64(key, position);
	put_le64(key + BLOCK, position);
	key[2 * BLOCK - 1] = 0x80;
	return update(c->sector_key, key, (size_t)2 * BLOCK);
}

int sector_cipher_decrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len)
{
	uint8_t key[2 * BLOCK];

	for (; len > 0; len -= c->sector_size) {
		if (run_sector(c, c->decrypt, position, data) < 0)
			return -EIO;
		if (c->method->diffuser) {
			if (make_sector_key(c, position, key) < 0)
				return -EIO;
			diffuser_decrypt(data, c->sector_size, key);
		}
		position += c->sector_size;
		data += c->sector_size;
	}
	secret_wipe(key, sizeof(key));
	return 0;
}

int sector_cipher_encrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len)
{
	uint8_t key[2 * BLOCK];

	for (; len > 0; len -= c->sector_size) {
		if (c->method->diffuser) {
			if (make_sector_key(c, position, key) < 0)
				return -EIO;
			diffuser_encrypt(data, c->sector_size, key);
		}
		if (run_sector(c, c->encrypt, position, data) < 0)
			return -EIO;
		position += c->sector_size;
		data += c->sector_size;
	}
	secret_wipe(key, sizeof(key));
	return 0;
}
