/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries and sealed keys as Windows writes them, for the tests of the key chain. */
#ifndef TESTS_KEY_HELPERS_H
#define TESTS_KEY_HELPERS_H

#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"

#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Seals `size` bytes as they stand in memory under AES-256-CCM: nonce 12, MAC 16, ciphertext. */
static inline void ccm_seal(const uint8_t key[32], const void *plain, size_t size, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	memset(out, 0x5a, 12);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_ccm(), NULL, NULL, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, NULL), 1);
	assert_int_equal(EVP_EncryptInit_ex(ctx, NULL, NULL, key, out), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out + 28, &n, plain, (int)size), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + 12), 1);
	EVP_CIPHER_CTX_free(ctx);
}

/* Seals a VMK: a key datum of 44 bytes that says it has `size`. */
static inline void vmk_seal(const uint8_t key[32], const uint8_t vmk[32], uint16_t size,
        uint8_t sealed[BITLOCKER_BLOB_LEN])
{
	uint8_t datum[44] = {0};

	put_le16(datum, size);
	put_le16(datum + 4, 1);
	put_le16(datum + 8, 0x2003);
	memcpy(datum + 12, vmk, 32);
	ccm_seal(key, datum, sizeof(datum), sealed);
	secret_wipe(datum, sizeof(datum));
}

/* --- lists of entries ------------------------------------------------------------------------ */

struct entry_list {
	uint8_t bytes[8192];
	size_t len;
};

static inline void list_bytes(struct entry_list *l, const void *data, size_t len)
{
	assert_true(len <= sizeof(l->bytes) - l->len);
	memcpy(l->bytes + l->len, data, len);
	l->len += len;
}

static inline void list_u16(struct entry_list *l, uint16_t value)
{
	uint8_t bytes[2];

	put_le16(bytes, value);
	list_bytes(l, bytes, sizeof(bytes));
}

/* Begins an entry; gives what list_end() wants to put its size in place. */
static inline size_t list_begin(
        struct entry_list *l, uint16_t role, uint16_t type, uint16_t version)
{
	size_t at = l->len;

	list_u16(l, 0);
	list_u16(l, role);
	list_u16(l, type);
	list_u16(l, version);
	return at;
}

static inline void list_end(struct entry_list *l, size_t at)
{
	put_le16(l->bytes + at, (uint16_t)(l->len - at));
}

/* A whole entry with that body. */
static inline void list_entry(
        struct entry_list *l, uint16_t role, uint16_t type, const void *body, size_t len)
{
	size_t at = list_begin(l, role, type, 1);

	list_bytes(l, body, len);
	list_end(l, at);
}

/* A key: method, flags, bytes. */
static inline void list_key(struct entry_list *l, uint16_t method, const uint8_t *key, size_t len)
{
	size_t at = list_begin(l, 0, 1, 1);

	list_u16(l, method);
	list_u16(l, 0);
	list_bytes(l, key, len);
	list_end(l, at);
}

/* Stretching with the salt of 16 bytes `salt`, and a copy of the key that only the VMK opens. */
static inline void list_stretch(
        struct entry_list *l, uint16_t method, uint16_t flags, const uint8_t salt[16])
{
	static const uint8_t copy[72] = {0xc0};
	size_t at = list_begin(l, 0, 3, 1);

	list_u16(l, method);
	list_u16(l, flags);
	list_bytes(l, salt, 16);
	list_entry(l, 0x13, 5, copy, sizeof(copy));
	list_end(l, at);
}

/* Begins a protector; its properties follow. */
static inline size_t list_protector(
        struct entry_list *l, const struct guid *id, uint16_t raw_kind, uint16_t version)
{
	static const uint8_t filetime[8] = {0x20, 0x52, 0x5f, 0x30, 0x31, 0x8b, 0xd6, 0x01};
	size_t at = list_begin(l, 2, 8, version);

	list_bytes(l, id->bytes, GUID_LEN);
	list_bytes(l, filetime, sizeof(filetime));
	list_u16(l, 0);
	list_u16(l, raw_kind);
	return at;
}

#endif
