/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every volume Windows made for cryptsetup's tests: opened by its recovery passwords or clear key,
 * the whole decrypted device has the SHA-256 its makers published; or it is refused, and rightly.
 */
#include "tests/unit/bitlocker_helpers.h"

#include <sodium.h>

static void hash_device(struct block_device *dev, char hex[65])
{
	static uint8_t buf[1024 * 1024];
	uint8_t digest[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
	for (uint64_t at = 0; at < dev->size; at += sizeof(buf)) {
		size_t n = dev->size - at < sizeof(buf) ? (size_t)(dev->size - at) : sizeof(buf);
		assert_int_equal(block_read(dev, at, buf, n), 0);
		assert_int_equal(EVP_DigestUpdate(ctx, buf, n), 1);
	}
	assert_int_equal(EVP_DigestFinal_ex(ctx, digest, NULL), 1);
	EVP_MD_CTX_free(ctx);
	hex_encode(digest, sizeof(digest), hex);
}

/* Their encrypt-on-write structures were wiped: nothing says what is encrypted. */
static void refused_without_a_map(
        struct block_device *dev, const struct bitlocker *b, const struct secret *vmk)
{
	struct block_device *volume = NULL;
	struct error err = {0};

	assert_true(bitlocker_info(b)->converting && bitlocker_info(b)->encrypt_on_write);
	assert_true(bitlocker_info(b)->map_damaged);
	assert_int_equal(bitlocker_open(dev, b, vmk, &volume, &err), -EBADMSG);
	assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
	assert_non_null(strstr(err.text, "encrypt-on-write map"));
	assert_int_equal(bitlocker_write_refusal(b, &err), -EROFS);
	assert_int_equal(err.reason, REASON_BITLOCKER_CONVERTING);
	assert_null(volume);
}

static void check_image(const struct bitlk_image *image, size_t password)
{
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_BLOCK struct block_device *volume = NULL;
	struct error err = {0};
	struct guid id;
	char hex[65];

	assert_int_equal(bitlocker_parse(&m.dev, &b, &err), 0);
	assert_int_equal(guid_parse(image->volume_id, &id), 0);
	CLEANUP_SECRET struct secret *vmk = bitlk_vmk(image, b, password);
	if (image->sha256[0] == 0) {
		refused_without_a_map(&m.dev, b, vmk);
		return;
	}
	assert_false(bitlocker_info(b)->converting);
	assert_int_equal(bitlocker_open(&m.dev, b, vmk, &volume, &err), 0);
	bool damaged = strcmp(image->name, "aes-xts-128-crc") == 0;
	assert_int_equal(bitlocker_info(b)->good_copies, damaged ? 1 : 3);
	assert_int_equal(volume->writable, !damaged);
	hash_device(volume, hex);
	if (strcmp(hex, image->sha256) != 0)
		fail_msg("%s decrypts to %s, its makers say %s", image->name, hex, image->sha256);
	assert_int_equal(m.writes, 0);
}

static void every_image_decrypts_as_published(void **state)
{
	(void)state;
	size_t decrypted = 0;

	(void)bitlk_need("aes-xts-128");
	assert_int_equal(bitlk_set.count, 21);
	for (size_t i = 0; i < bitlk_set.count; i++) {
		check_image(&bitlk_set.images[i], 0);
		if (bitlk_set.images[i].password[1][0])
			check_image(&bitlk_set.images[i], 1);
		decrypted += bitlk_set.images[i].sha256[0] != 0;
	}
	assert_int_equal(decrypted, 19);
}

static void clear_key_of_a_converting_volume_opens(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("partially-encrypted-aes-cbc-128");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_SECRET struct secret *vmk = NULL;

	assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
	assert_true(bitlocker_info(b)->suspended);
	assert_int_equal(bitlocker_clear_key(b, &vmk, NULL), 0);
	CLEANUP_SECRET struct secret *by_password = bitlk_vmk(image, b, 0);
	assert_memory_equal(vmk->data, by_password->data, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_image_decrypts_as_published),
	        cmocka_unit_test(clear_key_of_a_converting_volume_opens),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, bitlk_setup, bitlk_teardown);
}
