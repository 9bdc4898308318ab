/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sector ciphers against libcrypto, one sector at a time, and the diffuser's formula as it is
 * printed: random keys, data and places. */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "fixer/bitlocker/cipher.h"
#include "tests/unit/diffuser_formula.h"

#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MOST_SECTORS 40
#define MAX_SECTOR   4096
#define EDGE         64 /* what must stay untouched before and after the data */

static const uint16_t methods[] = {METHOD_CBC128_DIFFUSER, METHOD_CBC256_DIFFUSER, METHOD_CBC128,
        METHOD_CBC256, METHOD_XTS128, METHOD_XTS256};
static const uint32_t sector_sizes[] = {512, 4096};

static bool is_256(uint16_t method)
{
	return method == METHOD_CBC256_DIFFUSER || method == METHOD_CBC256 ||
	       method == METHOD_XTS256;
}

static void libcrypto_encrypt(
        const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, uint8_t *data, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	assert_int_equal(EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, data, &n, data, (int)len), 1);
	assert_int_equal(n, len);
	EVP_CIPHER_CTX_free(ctx);
}

/* One sector as the format wants it encrypted. */
static void expected_sector(
        uint16_t method, uint32_t size, const uint8_t *fvek, uint64_t position, uint8_t *sector)
{
	const EVP_CIPHER *ecb = is_256(method) ? EVP_aes_256_ecb() : EVP_aes_128_ecb();
	const EVP_CIPHER *cbc = is_256(method) ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
	const EVP_CIPHER *xts = is_256(method) ? EVP_aes_256_xts() : EVP_aes_128_xts();
	uint8_t iv[16] = {0}, key[32] = {0};

	if (method == METHOD_XTS128 || method == METHOD_XTS256) {
		put_le64(iv, position / size);
		libcrypto_encrypt(xts, fvek, iv, sector, size);
		return;
	}
	put_le64(iv, position);
	if (method == METHOD_CBC128_DIFFUSER || method == METHOD_CBC256_DIFFUSER) {
		memcpy(key, iv, 16);
		memcpy(key + 16, iv, 16);
		key[31] = 0x80;
		libcrypto_encrypt(ecb, fvek + 32, NULL, key, 32);
		formula_encrypt(sector, size, key);
	}
	libcrypto_encrypt(ecb, fvek, NULL, iv, 16);
	libcrypto_encrypt(cbc, fvek, iv, sector, size);
}

/* Places near the start, up to 2^32 sectors, and beyond. */
static uint64_t random_position(uint32_t size)
{
	uint64_t sector = 0;
	static const unsigned bits[] = {0, 4, 32, 33, 50};

	randombytes_buf(&sector, sizeof(sector));
	sector &= (UINT64_C(1) << bits[randombytes_uniform(5)]) - 1;
	return sector * size;
}

static void check_run(
        struct sector_cipher *c, uint16_t method, uint32_t size, const uint8_t *fvek, size_t count)
{
	static uint8_t memory[EDGE + MOST_SECTORS * MAX_SECTOR + 2 * EDGE], before[sizeof(memory)];
	static uint8_t expected[MOST_SECTORS * MAX_SECTOR];
	uint8_t *data = memory + EDGE + randombytes_uniform(EDGE);
	uint64_t position = random_position(size);
	size_t len = count * size;

	randombytes_buf(memory, sizeof(memory));
	memcpy(before, memory, sizeof(memory));
	memcpy(expected, data, len);
	for (size_t s = 0; s < count; s++)
		expected_sector(method, size, fvek, position + s * size, expected + s * size);
	assert_int_equal(sector_cipher_encrypt(c, position, data, len), 0);
	assert_memory_equal(data, expected, len);
	/* Any part of it by itself. */
	size_t part = randombytes_uniform((uint32_t)count) * size;
	assert_int_equal(sector_cipher_decrypt(c, position + part, data + part, len - part), 0);
	assert_int_equal(sector_cipher_decrypt(c, position, data, part), 0);
	assert_memory_equal(memory, before, sizeof(memory));
}

static void check_method(bool portable, uint16_t method, uint32_t size)
{
	CLEANUP_SECRET struct secret *fvek = secret_new(sector_cipher_key_len(method));
	struct sector_cipher *c = NULL;

	assert_non_null(fvek);
	randombytes_buf(fvek->data, fvek->len);
	if (portable)
		assert_int_equal(sector_cipher_new_portable(method, size, fvek, &c), 0);
	else
		assert_int_equal(sector_cipher_new(method, size, fvek, &c), 0);
	for (size_t count = 1; count <= MOST_SECTORS; count++)
		check_run(c, method, size, fvek->data, count);
	assert_int_equal(sector_cipher_encrypt(c, 0, NULL, 0), 0);
	sector_cipher_free(c);
}

static void check_all(bool portable)
{
	for (size_t m = 0; m < sizeof(methods) / sizeof(*methods); m++)
		for (size_t s = 0; s < sizeof(sector_sizes) / sizeof(*sector_sizes); s++)
			check_method(portable, methods[m], sector_sizes[s]);
}

static void every_method_is_as_libcrypto_does_it(void **state)
{
	(void)state;
	if (!xts_aesni_usable())
		print_message("this processor has no AES instructions: XTS by libcrypto only\n");
	check_all(false);
}

static void so_it_is_without_aes_instructions(void **state)
{
	(void)state;
	check_all(true);
}

/* IEEE 1619-2007, vectors 4 (AES-128) and 10 (AES-256): the sector is 0, 1, ... 255, 0, 1, ... */
static void published_xts_vectors(void **state)
{
	(void)state;
	static const struct {
		uint16_t method;
		uint64_t sector;
		const char *key, *starts;
	} vectors[] = {
	        {METHOD_XTS128, 0,
	                "2718281828459045235360287471352631415926535897932384626433832795",
	                "27a7479befa1d476489f308cd4cfa6e2a96e4bbe3208ff25287dd3819616e89c"},
	        {METHOD_XTS256, 0xff,
	                "2718281828459045235360287471352662497757247093699959574966967627"
	                "3141592653589793238462643383279502884197169399375105820974944592",
	                "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b"},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		size_t key_len = strlen(vectors[i].key) / 2;
		CLEANUP_SECRET struct secret *fvek = secret_new(key_len);
		uint8_t sector[512], starts[32];
		struct sector_cipher *c = NULL;
		assert_int_equal(sodium_hex2bin(fvek->data, key_len, vectors[i].key,
		                         strlen(vectors[i].key), NULL, NULL, NULL),
		        0);
		assert_int_equal(sodium_hex2bin(starts, sizeof(starts), vectors[i].starts, 64, NULL,
		                         NULL, NULL),
		        0);
		for (size_t at = 0; at < sizeof(sector); at++)
			sector[at] = (uint8_t)at;
		assert_int_equal(sector_cipher_new(vectors[i].method, 512, fvek, &c), 0);
		assert_int_equal(sector_cipher_encrypt(c, vectors[i].sector * 512, sector, 512), 0);
		assert_memory_equal(sector, starts, sizeof(starts));
		sector_cipher_free(c);
	}
}

static void wrong_keys_and_methods_are_refused(void **state)
{
	(void)state;
	CLEANUP_SECRET struct secret *fvek = secret_new(48);
	struct sector_cipher *c = NULL;

	assert_int_equal(sector_cipher_key_len(0x8006), 0);
	assert_int_equal(sector_cipher_new(0x8006, 512, fvek, &c), -ENOTSUP);
	for (size_t m = 0; m < sizeof(methods) / sizeof(*methods); m++)
		assert_int_equal(sector_cipher_new(methods[m], 512, fvek, &c), -EINVAL);
	assert_null(c);
	sector_cipher_free(c);
}

/* With and without AES instructions. */
static void xts_keys_of_equal_halves_are_refused(void **state)
{
	(void)state;
	static const uint16_t xts[] = {METHOD_XTS128, METHOD_XTS256};

	for (size_t i = 0; i < 2; i++) {
		CLEANUP_SECRET struct secret *fvek = secret_new(sector_cipher_key_len(xts[i]));
		struct sector_cipher *c = NULL;
		assert_int_equal(sector_cipher_new(xts[i], 512, fvek, &c), -EINVAL);
		assert_int_equal(sector_cipher_new_portable(xts[i], 512, fvek, &c), -EINVAL);
		assert_null(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_method_is_as_libcrypto_does_it),
	        cmocka_unit_test(so_it_is_without_aes_instructions),
	        cmocka_unit_test(published_xts_vectors),
	        cmocka_unit_test(wrong_keys_and_methods_are_refused),
	        cmocka_unit_test(xts_keys_of_equal_halves_are_refused),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
