/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * XTS: the tweak is the sector's number on the volume. CBC: the IV is its byte position under the
 * key itself. The diffuser variants add a sector key, its position under a second key.
 */
#include "fixer/bitlocker/cipher.h"
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define BLOCK 16
#define BATCH 32 /* sectors that CBC works on side by side */

struct method {
	uint16_t id;
	bool xts, diffuser;
	size_t fvek_len;                    /* bytes as stored */
	const EVP_CIPHER *(*encrypt)(void); /* CBC: one step of it at a time, and positions */
	const EVP_CIPHER *(*decrypt)(void);
};

/* The FVEK of the diffuser methods always has 64 bytes: AES key first, second key at 32. */
#define SECOND_KEY 32

static const struct method methods[] = {
        {METHOD_CBC128_DIFFUSER, false, true, 64, EVP_aes_128_ecb, EVP_aes_128_cbc},
        {METHOD_CBC256_DIFFUSER, false, true, 64, EVP_aes_256_ecb, EVP_aes_256_cbc},
        {METHOD_CBC128, false, false, 16, EVP_aes_128_ecb, EVP_aes_128_cbc},
        {METHOD_CBC256, false, false, 32, EVP_aes_256_ecb, EVP_aes_256_cbc},
        {METHOD_XTS128, true, false, 32, EVP_aes_128_xts, EVP_aes_128_xts},
        {METHOD_XTS256, true, false, 64, EVP_aes_256_xts, EVP_aes_256_xts},
};

/* Keyed once. */
struct sector_cipher {
	const struct method *method;
	uint32_t sector_size;
	struct secret *aesni; /* a struct xts_aesni: then there are no contexts */
	EVP_CIPHER_CTX *encrypt, *decrypt;
	EVP_CIPHER_CTX *sector_key; /* diffuser: position to sector key */
};

/* What a batch of sectors needs besides its data. */
struct batch {
	uint8_t *data;
	size_t count;
	uint8_t iv[BATCH][BLOCK];
	uint8_t key[BATCH][SECTOR_KEY_LEN];
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
	secret_free(c->aesni);
	EVP_CIPHER_CTX_free(c->encrypt);
	EVP_CIPHER_CTX_free(c->decrypt);
	EVP_CIPHER_CTX_free(c->sector_key);
	free(c);
}

static int key_aesni(struct sector_cipher *c, const struct secret *fvek)
{
	c->aesni = secret_new(sizeof(struct xts_aesni));
	if (!c->aesni)
		return -ENOMEM;
	xts_aesni_expand((struct xts_aesni *)c->aesni->data, fvek->data, fvek->len);
	return 0;
}

static int key_libcrypto(struct sector_cipher *c, const struct secret *fvek)
{
	c->encrypt = keyed(c->method->encrypt(), fvek->data, 1);
	c->decrypt = keyed(c->method->decrypt(), fvek->data, 0);
	if (c->method->diffuser)
		c->sector_key = keyed(c->method->encrypt(), fvek->data + SECOND_KEY, 1);
	return c->encrypt && c->decrypt && (c->sector_key || !c->method->diffuser) ? 0 : -EIO;
}

/* IEEE 1619 wants two keys, and libcrypto insists; every processor is to give the same answer. */
static bool halves_differ(const struct secret *fvek)
{
	size_t half = fvek->len / 2;

	return CRYPTO_memcmp(fvek->data, fvek->data + half, half) != 0;
}

static int cipher_new(uint16_t method, uint32_t sector_size, const struct secret *fvek, bool aesni,
        struct sector_cipher **ret)
{
	const struct method *m = method_find(method);

	if (!m)
		return -ENOTSUP;
	if (fvek->len != m->fvek_len || (m->xts && !halves_differ(fvek)))
		return -EINVAL;
	struct sector_cipher *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->method = m;
	c->sector_size = sector_size;
	int r = m->xts && aesni ? key_aesni(c, fvek) : key_libcrypto(c, fvek);
	if (r < 0) {
		sector_cipher_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

int sector_cipher_new(uint16_t method, uint32_t sector_size, const struct secret *fvek,
        struct sector_cipher **ret)
{
	return cipher_new(method, sector_size, fvek, xts_aesni_usable(), ret);
}

int sector_cipher_new_portable(uint16_t method, uint32_t sector_size, const struct secret *fvek,
        struct sector_cipher **ret)
{
	return cipher_new(method, sector_size, fvek, false, ret);
}

static int update(EVP_CIPHER_CTX *ctx, uint8_t *data, size_t len)
{
	int n = 0;
	return EVP_CipherUpdate(ctx, data, &n, data, (int)len) == 1 && n == (int)len ? 0 : -EIO;
}

static int update_with_iv(EVP_CIPHER_CTX *ctx, const uint8_t iv[BLOCK], uint8_t *data, size_t len)
{
	if (EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL) != 1)
		return -EIO;
	return update(ctx, data, len);
}

static int run_xts(const struct sector_cipher *c, EVP_CIPHER_CTX *ctx, uint64_t position,
        uint8_t *data, size_t len)
{
	uint8_t iv[BLOCK] = {0};

	for (; len > 0; len -= c->sector_size, data += c->sector_size, position += c->sector_size) {
		put_le64(iv, position / c->sector_size);
		if (update_with_iv(ctx, iv, data, c->sector_size) < 0)
			return -EIO;
	}
	return 0;
}

/* IVs and, with the diffuser, sector keys: positions, encrypted all at once. */
static int batch_begin(const struct sector_cipher *c, struct batch *b, uint64_t position,
        uint8_t *data, size_t count)
{
	b->data = data;
	b->count = count;
	memset(b->iv, 0, count * sizeof(*b->iv));
	for (size_t s = 0; s < count; s++)
		put_le64(b->iv[s], position + s * c->sector_size);
	if (c->sector_key) {
		for (size_t s = 0; s < count; s++) {
			memcpy(b->key[s], b->iv[s], BLOCK);
			memcpy(b->key[s] + BLOCK, b->iv[s], BLOCK);
			b->key[s][SECTOR_KEY_LEN - 1] = 0x80;
		}
		if (update(c->sector_key, b->key[0], count * sizeof(*b->key)) < 0)
			return -EIO;
	}
	return update(c->encrypt, b->iv[0], count * sizeof(*b->iv));
}

static void xor_block(uint8_t *to, const uint8_t *from)
{
	uint64_t a[2], b[2];

	memcpy(a, to, BLOCK);
	memcpy(b, from, BLOCK);
	a[0] ^= b[0];
	a[1] ^= b[1];
	memcpy(to, a, BLOCK);
}

/* libcrypto runs through the sectors as if they were one. All but the first then begin with a block
 * that has the end of the sector before XORed into it instead of the IV. */
static int cbc_decrypt(const struct sector_cipher *c, struct batch *b)
{
	for (size_t s = 1; s < b->count; s++)
		xor_block(b->iv[s], b->data + s * c->sector_size - BLOCK);
	if (update_with_iv(c->decrypt, b->iv[0], b->data, b->count * c->sector_size) < 0)
		return -EIO;
	for (size_t s = 1; s < b->count; s++)
		xor_block(b->data + s * c->sector_size, b->iv[s]);
	return 0;
}

/* Within a sector each block waits for the one before, so all sectors go forward together by one
 * block at a time; b->iv holds the last one of each. */
static int cbc_encrypt(const struct sector_cipher *c, struct batch *b)
{
	for (size_t at = 0; at < c->sector_size; at += BLOCK) {
		for (size_t s = 0; s < b->count; s++)
			xor_block(b->iv[s], b->data + s * c->sector_size + at);
		if (update(c->encrypt, b->iv[0], b->count * sizeof(*b->iv)) < 0)
			return -EIO;
		for (size_t s = 0; s < b->count; s++)
			memcpy(b->data + s * c->sector_size + at, b->iv[s], BLOCK);
	}
	return 0;
}

static int decrypt_batch(const struct sector_cipher *c, struct batch *b)
{
	int r = cbc_decrypt(c, b);

	if (r == 0 && c->method->diffuser)
		diffuser_decrypt(b->data, c->sector_size, b->count, b->key);
	return r;
}

static int encrypt_batch(const struct sector_cipher *c, struct batch *b)
{
	if (c->method->diffuser)
		diffuser_encrypt(b->data, c->sector_size, b->count, b->key);
	return cbc_encrypt(c, b);
}

static int run_cbc(
        const struct sector_cipher *c, bool encrypt, uint64_t position, uint8_t *data, size_t len)
{
	struct batch b;
	int r = 0;

	while (r == 0 && len > 0) {
		size_t count = len / c->sector_size < BATCH ? len / c->sector_size : BATCH;
		size_t done = count * c->sector_size;
		r = batch_begin(c, &b, position, data, count);
		if (r == 0)
			r = encrypt ? encrypt_batch(c, &b) : decrypt_batch(c, &b);
		position += done;
		data += done;
		len -= done;
	}
	secret_wipe(&b, sizeof(b));
	return r;
}

int sector_cipher_decrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len)
{
	if (!c->method->xts)
		return run_cbc(c, false, position, data, len);
	if (!c->aesni)
		return run_xts(c, c->decrypt, position, data, len);
	xts_aesni_decrypt((const struct xts_aesni *)c->aesni->data, position / c->sector_size, data,
	        len, c->sector_size);
	return 0;
}

int sector_cipher_encrypt(struct sector_cipher *c, uint64_t position, uint8_t *data, size_t len)
{
	if (!c->method->xts)
		return run_cbc(c, true, position, data, len);
	if (!c->aesni)
		return run_xts(c, c->encrypt, position, data, len);
	xts_aesni_encrypt((const struct xts_aesni *)c->aesni->data, position / c->sector_size, data,
	        len, c->sector_size);
	return 0;
}
