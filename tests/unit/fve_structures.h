/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ciphers and structures of a small BitLocker volume. For fve_volume.h. */
#ifndef TESTS_FVE_STRUCTURES_H
#define TESTS_FVE_STRUCTURES_H

#include "tests/unit/fve_spec.h"

/* --- ciphers --------------------------------------------------------------------------------- */

static inline void fve_encrypt_sector(const struct fve_volume *v, uint64_t at, uint8_t *data)
{
	const struct fve_spec *s = &v->spec;
	bool xts = s->method == METHOD_XTS128;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16] = {0};
	int n = 0;

	put_le64(iv, xts ? at / s->sector : at);
	if (!xts) {
		assert_int_equal(
		        EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, v->fvek, NULL), 1);
		(void)EVP_CIPHER_CTX_set_padding(ctx, 0);
		assert_int_equal(EVP_EncryptUpdate(ctx, iv, &n, iv, 16), 1);
	}
	assert_int_equal(EVP_EncryptInit_ex(ctx, xts ? EVP_aes_128_xts() : EVP_aes_128_cbc(), NULL,
	                         v->fvek, iv),
	        1);
	(void)EVP_CIPHER_CTX_set_padding(ctx, 0);
	assert_int_equal(EVP_EncryptUpdate(ctx, data, &n, data, (int)s->sector), 1);
	assert_int_equal(n, s->sector);
	EVP_CIPHER_CTX_free(ctx);
}

/* Nonce, MAC, ciphertext of len bytes under the VMK. */
static inline void fve_seal(
        const struct fve_volume *v, uint8_t nonce, const uint8_t *plain, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	memset(out, nonce, 12);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_ccm(), NULL, NULL, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, NULL), 1);
	assert_int_equal(EVP_EncryptInit_ex(ctx, NULL, NULL, v->vmk, out), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out + 28, &n, plain, (int)len), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + 12), 1);
	EVP_CIPHER_CTX_free(ctx);
}

/* --- structures ------------------------------------------------------------------------------ */

static inline void fve_crc(uint8_t *p, size_t len, size_t field)
{
	put_le32(p + field, 0);
	put_le32(p + field, (uint32_t)crc32_z(0, p, len));
}

static inline void fve_put_sector0(const struct fve_volume *v)
{
	static const uint8_t normal[] = {0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99,
	        0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01};
	static const uint8_t eow[] = {0x3b, 0x4d, 0xa8, 0x92, 0x80, 0xdd, 0x0e, 0x4d, 0x9e, 0x4e,
	        0xb1, 0xe3, 0x28, 0x4e, 0xae, 0xd8};
	const struct fve_spec *s = &v->spec;
	uint8_t *p = v->bytes, *type = p + (s->to_go ? 424 : 160);

	memset(p, 0, 512);
	memcpy(p, "\xeb\x58\x90", 3);
	memcpy(p + 3, s->to_go ? "MSWIN4.1" : "-FVE-FS-", 8);
	put_le16(p + 11, (uint16_t)s->sector);
	p[13] = 8;
	memcpy(type, s->chunk ? eow : normal, 16);
	for (size_t i = 0; i < 3; i++)
		put_le64(type + 16 + 8 * i, s->metadata[i]);
	for (size_t i = 0; i < 2 && s->chunk; i++)
		put_le64(type + 40 + 8 * i, s->info[i]);
	put_le16(p + 510, 0xaa55);
}

static inline uint8_t *fve_put_entry(
        uint8_t *at, uint16_t role, uint16_t type, const uint8_t *body, size_t len)
{
	put_le16(at, (uint16_t)(8 + len));
	put_le16(at + 2, role);
	put_le16(at + 4, type);
	put_le16(at + 6, 1);
	memcpy(at + 8, body, len);
	return at + 8 + len;
}

/* A recovery protector that opens nothing, and the FVEK. */
static inline size_t fve_put_entries(const struct fve_volume *v, uint8_t *at)
{
	uint8_t vmk[28] = {0xaa, 0xbb}, sealed[28 + 44], key[44] = {44, 0, 3, 0, 1, 0, 1, 0};
	uint8_t *start = at;

	put_le16(vmk + 26, 0x0800);
	at = fve_put_entry(at, 2, 8, vmk, sizeof(vmk));
	size_t len = v->spec.method == METHOD_CBC128 ? 16 : 32;
	put_le16(key, (uint16_t)(12 + len));
	put_le16(key + 8, v->spec.method);
	memcpy(key + 12, v->fvek, len);
	fve_seal(v, 7, key, 12 + len, sealed);
	at = fve_put_entry(at, 3, 5, sealed, 28 + 12 + len);
	return (size_t)(at - start);
}

/* CRC-32 and SHA-256 of a copy whose header is complete. */
static inline void fve_finish_copy(const struct fve_volume *v, uint8_t *p)
{
	uint8_t datum[44] = {44, 0, 0, 0, 1, 0, 1, 0, 5, 0x20};
	size_t len = (size_t)get_le16(p + 8) * 16, digest_len = 32;

	put_le16(p + len, (uint16_t)(FVE_AREA - len));
	put_le16(p + len + 2, 2);
	put_le32(p + len + 4, (uint32_t)crc32_z(0, p, len));
	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, p, len, datum + 12, &digest_len), 1);
	if (v->spec.plain_digest) {
		memcpy(p + len + 8, datum, sizeof(datum));
		return;
	}
	memcpy(p + len + 8, "\x50\0\0\0\5\0\1", 8);
	fve_seal(v, 9, datum, sizeof(datum), p + len + 16);
}

static inline void fve_put_copy(const struct fve_volume *v, uint8_t *p)
{
	const struct fve_spec *s = &v->spec;

	memset(p, 0, FVE_AREA);
	memcpy(p, "-FVE-FS-", 8);
	size_t entries = fve_put_entries(v, p + 112), len = (112 + entries + 15) / 16;
	put_le16(p + 8, (uint16_t)len);
	put_le16(p + 10, 2);
	put_le16(p + 12, s->state);
	put_le16(p + 14, s->next);
	put_le64(p + 16, s->state_offset);
	put_le32(p + 24, s->state_size);
	put_le32(p + 28, s->header_sectors);
	for (size_t i = 0; i < 3; i++)
		put_le64(p + 32 + 8 * i, s->metadata[i]);
	put_le64(p + 56, s->header);
	put_le32(p + 64, (uint32_t)(48 + entries));
	put_le32(p + 68, 1);
	put_le32(p + 72, 48);
	memset(p + 80, 0x5a, 16);
	put_le16(p + 100, s->method);
	fve_finish_copy(v, p);
}

static inline void fve_put_record(uint8_t *p, const uint8_t *bit, size_t bits, uint64_t sequence)
{
	size_t size = 36 + (bits + 7) / 8;

	assert_true(size <= 0x200);
	memcpy(p, "FVE-EOWBR", 10);
	put_le16(p + 10, 36);
	put_le32(p + 12, (uint32_t)size);
	put_le32(p + 16, (uint32_t)bits);
	put_le64(p + 20, sequence);
	for (size_t i = 0; i < bits; i++)
		p[36 + i / 8] |= (uint8_t)(bit[i] << i % 8);
	fve_crc(p, size, 32);
}

/* The older record says the contrary everywhere. */
static inline void fve_put_bitmap(const struct fve_volume *v, size_t index)
{
	const struct fve_test_region *region = &v->spec.region[index];
	uint8_t *p = v->bytes + region->bitmap, contrary[FVE_BITS];
	size_t bits = (size_t)((region->len + v->spec.chunk - 1) / v->spec.chunk);

	memset(p, 0, 0x600);
	memcpy(p, "FVE-EOWBM", 10);
	put_le16(p + 10, 60);
	put_le32(p + 12, 0x600);
	put_le32(p + 16, (uint32_t)index);
	put_le64(p + 20, region->start);
	put_le64(p + 28, region->len);
	put_le64(p + 36, region->log);
	put_le32(p + 44, 0x200);
	put_le32(p + 48, 0x400);
	put_le32(p + 52, 0x200);
	fve_crc(p, 0x200, 56);
	for (size_t i = 0; i < FVE_BITS; i++)
		contrary[i] = !v->bit[index][i];
	fve_put_record(p + 0x200, index % 2 ? v->bit[index] : contrary, bits, 5 + index % 2);
	fve_put_record(p + 0x400, index % 2 ? contrary : v->bit[index], bits, 6 - index % 2);
}

static inline void fve_put_eow(const struct fve_volume *v)
{
	const struct fve_spec *s = &v->spec;
	size_t count = 0;

	for (; count < FVE_REGIONS && s->region[count].len; count++)
		fve_put_bitmap(v, count);
	for (size_t c = 0; c < 2; c++) {
		uint8_t *p = v->bytes + s->info[c];
		memset(p, 0, 56);
		memcpy(p, "FVE-EOW", 8);
		put_le16(p + 8, 56);
		put_le16(p + 10, (uint16_t)(56 + 8 * count));
		put_le32(p + 12, s->sector);
		put_le32(p + 16, s->sector);
		put_le32(p + 20, s->chunk);
		put_le32(p + 24, s->log_size);
		put_le32(p + 32, (uint32_t)count);
		put_le64(p + 40, s->info[0]);
		put_le64(p + 48, s->info[1]);
		for (size_t i = 0; i < count; i++)
			put_le64(p + 56 + 8 * i, s->region[i].bitmap);
		fve_crc(p, 56 + 8 * count, 36);
	}
}

#endif
