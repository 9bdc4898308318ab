/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What several BitLocker tests do with cryptsetup's images. */
#ifndef TESTS_BITLOCKER_HELPERS_H
#define TESTS_BITLOCKER_HELPERS_H

#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "tests/generators/bitlk_images.h"
#include "tests/unit/memory_device.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <zlib.h>
#include <cmocka.h>

static struct bitlk_images bitlk_set;

static inline int bitlk_setup(void **state)
{
	(void)state;
	int r = bitlk_images_load(&bitlk_set);
	return r == -ENOENT ? 0 : r;
}

static inline int bitlk_teardown(void **state)
{
	(void)state;
	bitlk_images_free(&bitlk_set);
	return 0;
}

/* The image of that name; skips the test when there is no data. */
static inline struct bitlk_image *bitlk_need(const char *name)
{
	if (bitlk_set.count == 0) {
		print_message("skipped: no " BITLK_ARCHIVE "\n");
		skip();
	}
	struct bitlk_image *image = bitlk_image_find(&bitlk_set, name);
	assert_non_null(image);
	return image;
}

/* The VMK by the i-th recovery password, or by the clear key when the image has none. */
static inline struct secret *bitlk_vmk_derive(
        const struct bitlk_image *image, const struct bitlocker *b, size_t i)
{
	CLEANUP_SECRET struct secret *key = NULL, *stretched = NULL;
	const struct bitlocker_info *info = bitlocker_info(b);
	const char *password = image->password[i];
	struct secret *vmk = NULL;
	struct guid id;
	unsigned group;

	if (password[0] == 0) {
		assert_true(info->suspended);
		assert_int_equal(bitlocker_clear_key(b, &vmk, NULL), 0);
		return vmk;
	}
	assert_int_equal(guid_parse(image->protector[i], &id), 0);
	assert_int_equal(
	        recovery_password_parse(password, strlen(password), &key, &group, NULL), 0);
	for (size_t p = 0; p < info->protector_count; p++) {
		const struct bitlocker_protector *protector = &info->protectors[p];
		if (!guid_equal(&protector->id, &id))
			continue;
		assert_int_equal(protector->kind, PROTECTOR_RECOVERY_PASSWORD);
		assert_true(protector->has_blob);
		assert_int_equal(bitlocker_stretch(key, protector->blob.salt, &stretched), 0);
		assert_int_equal(bitlocker_blob_open(&protector->blob, stretched, &vmk), 0);
		return vmk;
	}
	fail_msg("%s has no protector %s", image->name, image->protector[i]);
	return NULL;
}

/* The same, stretching each password once only; the caller frees its copy. */
static inline struct secret *bitlk_vmk(
        const struct bitlk_image *image, const struct bitlocker *b, size_t i)
{
	static uint8_t known[BITLK_MAX][2][BITLOCKER_KEY_LEN];
	static bool is_known[BITLK_MAX][2];
	size_t index = (size_t)(image - bitlk_set.images);

	if (!is_known[index][i]) {
		CLEANUP_SECRET struct secret *vmk = bitlk_vmk_derive(image, b, i);
		memcpy(known[index][i], vmk->data, BITLOCKER_KEY_LEN);
		is_known[index][i] = true;
	}
	return secret_copy(known[index][i], BITLOCKER_KEY_LEN);
}

/* --- changing metadata the way only the holder of the VMK can -------------------------------- */

static inline uint8_t *bitlk_copy(const struct bitlk_image *image, size_t i)
{
	return image->bytes + get_le64(image->bytes + 160 + 16 + 8 * i);
}

static inline size_t bitlk_copy_len(const uint8_t *copy)
{
	return (size_t)get_le16(copy + 8) * 16;
}

static inline void bitlk_fix_crc(uint8_t *copy)
{
	size_t len = bitlk_copy_len(copy);

	if (len <= 65536 - 88)
		put_le32(copy + len + 4, (uint32_t)crc32_z(0, copy, len));
}

/* Seals the SHA-256 of the copy under vmk again, and corrects its CRC. */
static inline void bitlk_reseal(uint8_t *copy, const struct secret *vmk)
{
	size_t len = bitlk_copy_len(copy), digest_len = 32;
	uint8_t datum[44] = {44, 0, 0, 0, 1, 0, 1, 0, 5, 0x20}, *sealed = copy + len + 16;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, copy, len, datum + 12, &digest_len), 1);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_ccm(), NULL, NULL, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, NULL), 1);
	assert_int_equal(EVP_EncryptInit_ex(ctx, NULL, NULL, vmk->data, sealed), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, sealed + 28, &n, datum, sizeof(datum)), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, sealed + 12), 1);
	EVP_CIPHER_CTX_free(ctx);
	bitlk_fix_crc(copy);
}

/* All three copies as they are, to be put back after a test has damaged them. */
struct bitlk_saved {
	const struct bitlk_image *image;
	uint8_t sector0[512], copies[3][65536];
};

static inline struct bitlk_saved *bitlk_save(const struct bitlk_image *image)
{
	struct bitlk_saved *saved = malloc(sizeof(*saved));

	assert_non_null(saved);
	saved->image = image;
	memcpy(saved->sector0, image->bytes, sizeof(saved->sector0));
	for (size_t i = 0; i < 3; i++)
		memcpy(saved->copies[i], bitlk_copy(image, i), sizeof(saved->copies[i]));
	return saved;
}

static inline void bitlk_restore(const struct bitlk_saved *saved)
{
	memcpy(saved->image->bytes, saved->sector0, sizeof(saved->sector0));
	for (size_t i = 0; i < 3; i++)
		memcpy(bitlk_copy(saved->image, i), saved->copies[i], sizeof(saved->copies[i]));
}

#endif
