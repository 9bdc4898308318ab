/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes: a key pair is replaced before it runs out of memory for what it has opened, and nothing
 * ever opens twice. That browsers' boxes open at all is tested with another implementation
 * (tests/module/escrow_people_test.py). */
#include "appliance/escrow/box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#define TEXT "hello"
#define BOX  (BOX_POINT + 12 + sizeof(TEXT) + 16)

static EVP_PKEY *public_from(const uint8_t point[BOX_POINT], EVP_PKEY *like)
{
	EVP_PKEY *key = EVP_PKEY_new();

	assert_int_equal(EVP_PKEY_copy_parameters(key, like), 1);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(key, point, BOX_POINT), 1);
	return key;
}

static void derive(EVP_PKEY_CTX *ctx, uint8_t out[32])
{
	size_t len = 32;

	assert_int_equal(EVP_PKEY_derive(ctx, out, &len), 1);
	EVP_PKEY_CTX_free(ctx);
}

/* The key of a box from `own` to the point `to`. */
static void box_key_for(EVP_PKEY *own, const uint8_t salt[2 * BOX_POINT], uint8_t out[32])
{
	EVP_PKEY *peer = public_from(salt + BOX_POINT, own);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	uint8_t shared[32];

	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	derive(ctx, shared);
	EVP_PKEY_free(peer);
	ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt, 2 * BOX_POINT), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_hkdf_key(ctx, shared, 32), 1);
	assert_int_equal(EVP_PKEY_CTX_add1_hkdf_info(ctx, (const uint8_t *)"netmend box 1", 13), 1);
	derive(ctx, out);
}

/* As a browser does it. */
static void seal(const uint8_t to[BOX_POINT], uint8_t box[BOX])
{
	EVP_PKEY *own = EVP_EC_gen("P-256");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t salt[2 * BOX_POINT], key[32], *point = NULL;
	int n;

	assert_int_equal(EVP_PKEY_get1_encoded_public_key(own, &point), BOX_POINT);
	memcpy(salt, point, BOX_POINT);
	memcpy(salt + BOX_POINT, to, BOX_POINT);
	OPENSSL_free(point);
	box_key_for(own, salt, key);
	memcpy(box, salt, BOX_POINT);
	memset(box + BOX_POINT, 7, 12);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, box + BOX_POINT), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, box + BOX_POINT + 12, &n, (const uint8_t *)TEXT,
	                         sizeof(TEXT)),
	        1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, box, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, box + BOX - 16), 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_PKEY_free(own);
}

static int try_open(struct box_key *k, const uint8_t *box, size_t len)
{
	struct secret *plain = NULL;
	struct error err = {0};
	int r = box_open(k, BOX_ORDER, box, len, &plain, &err);

	if (r == 0) {
		assert_int_equal(plain->len, sizeof(TEXT));
		assert_string_equal((const char *)plain->data, TEXT);
		secret_free(plain);
	} else {
		assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
		assert_null(plain);
	}
	return r;
}

static void test_once(void **state)
{
	struct box_key *k = box_key_new();
	uint8_t point[BOX_POINT], box[BOX];

	(void)state;
	box_key_public(k, point);
	seal(point, box);
	for (size_t len = 0; len < BOX; len++)
		assert_int_equal(try_open(k, box, len), -EBADMSG);
	assert_int_equal(try_open(k, box, BOX), 0);
	assert_int_equal(try_open(k, box, BOX), -EALREADY);
	box_key_free(k);
}

/* What was sealed as an order is none of keys; it opens as what it is afterwards. */
static void test_another_kind(void **state)
{
	struct box_key *k = box_key_new();
	uint8_t point[BOX_POINT], box[BOX];
	struct secret *plain = NULL;
	struct error err = {0};

	(void)state;
	box_key_public(k, point);
	seal(point, box);
	assert_int_equal(box_open(k, BOX_KEYS, box, BOX, &plain, &err), -EBADMSG);
	assert_null(plain);
	assert_int_equal(try_open(k, box, BOX), 0);
	box_key_free(k);
}

static void test_every_bit_counts(void **state)
{
	struct box_key *k = box_key_new();
	uint8_t point[BOX_POINT], box[BOX];

	(void)state;
	box_key_public(k, point);
	seal(point, box);
	for (size_t i = 0; i < BOX; i++) {
		box[i] ^= 0x10;
		assert_int_equal(try_open(k, box, BOX), -EBADMSG);
		box[i] ^= 0x10;
	}
	assert_int_equal(try_open(k, box, BOX), 0);
	box_key_free(k);
}

static void test_another_process(void **state)
{
	struct box_key *k = box_key_new(), *other = box_key_new();
	uint8_t point[BOX_POINT], box[BOX];

	(void)state;
	box_key_public(other, point);
	seal(point, box);
	assert_int_equal(try_open(k, box, BOX), -EBADMSG);
	box_key_free(other);
	box_key_free(k);
}

static void test_the_pair_is_replaced(void **state)
{
	struct box_key *k = box_key_new();
	uint8_t point[BOX_POINT], now[BOX_POINT], first[BOX], box[BOX];
	unsigned opened = 1;

	(void)state;
	box_key_public(k, point);
	seal(point, first);
	assert_int_equal(try_open(k, first, BOX), 0);
	for (;;) {
		box_key_public(k, now);
		if (memcmp(now, point, BOX_POINT) != 0)
			break;
		seal(point, box);
		assert_int_equal(try_open(k, box, BOX), 0);
		assert_true(opened++ < 5000);
	}
	assert_true(opened > 1000);
	assert_int_equal(try_open(k, first, BOX), -EBADMSG);
	seal(now, box);
	assert_int_equal(try_open(k, box, BOX), 0);
	box_key_free(k);
}

static int setup(void **state)
{
	(void)state;
	return secrets_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_once),
	        cmocka_unit_test(test_another_kind),
	        cmocka_unit_test(test_every_bit_counts),
	        cmocka_unit_test(test_another_process),
	        cmocka_unit_test(test_the_pair_is_replaced),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
