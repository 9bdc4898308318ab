/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passphrases: what is UTF-8 and what is not, and that the key is that of the UTF-16 text. */
#include "tests/unit/key_helpers.h"

#include <iconv.h>
#include <openssl/sha.h>
#include <sodium.h>

static int parse(const char *text, size_t len, struct secret **key)
{
	struct error err = {0};
	int r = passphrase_parse(text, len, key, &err);

	if (r < 0) {
		assert_int_equal(err.code, r);
		assert_int_equal(err.reason, REASON_PASSPHRASE_FORMAT);
		assert_true(err.text[0]);
	}
	return r;
}

static void refused(const char *text, size_t len)
{
	struct secret *key = NULL;

	if (parse(text, len, &key) != -EINVAL)
		fail_msg("accepted: %zu bytes beginning with %02x", len, (unsigned char)text[0]);
	assert_null(key);
}

/* The C library converts, libcrypto hashes. */
static void assert_key_of(const char *text, size_t len)
{
	CLEANUP_SECRET struct secret *key = NULL;
	char units[2048], *in = (char *)(uintptr_t)text, *out = units;
	size_t in_left = len, out_left = sizeof(units);
	uint8_t digest[32];
	iconv_t convert = iconv_open("UTF-16LE", "UTF-8");

	assert_true(iconv(convert, &in, &in_left, &out, &out_left) != (size_t)-1);
	(void)iconv_close(convert);
	SHA256((const uint8_t *)units, sizeof(units) - out_left, digest);
	assert_int_equal(parse(text, len, &key), 0);
	assert_int_equal(key->len, 32);
	assert_memory_equal(key->data, digest, 32);
}

static void key_is_the_hash_of_utf16(void **state)
{
	(void)state;
	static const char *const texts[] = {"anaconda", "anaconda\u00a3", " two  blanks ", "\t",
	        "\x7f", "\xc2\x80\u07ff\u0800\ud7ff\ue000\ufffd\uffff",
	        "\U00010000\U0001f40d\U0010ffff", "\u65e5\u672c\u8a9e \u0395\u03bb\u03bb"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_key_of(texts[i], strlen(texts[i]));
}

static void what_is_not_utf8_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
	        {"\x80", 1},
	        {"a\xbf", 2}, /* continuation alone */
	        {"\xc0\x80", 2},
	        {"\xc1\xbf", 2}, /* overlong in two bytes */
	        {"\xe0\x80\x80", 3},
	        {"\xe0\x9f\xbf", 3}, /* in three */
	        {"\xf0\x80\x80\x80", 4},
	        {"\xf0\x8f\xbf\xbf", 4}, /* in four */
	        {"\xed\xa0\x80", 3},
	        {"\xed\xbf\xbf", 3},             /* surrogates */
	        {"\xed\xa0\xbd\xed\xb0\x8d", 6}, /* a pair of them */
	        {"\xf4\x90\x80\x80", 4},
	        {"\xf7\xbf\xbf\xbf", 4}, /* over U+10FFFF */
	        {"\xf8\x88\x80\x80\x80", 5},
	        {"\xfc\x84\x80\x80\x80\x80", 6},
	        {"\xfe", 1},
	        {"\xff", 1},
	        {"\xc2", 1},
	        {"\xe2\x82", 2},
	        {"\xf0\x9f\x90", 3}, /* cut off */
	        {"\xc2"
	         "a",
	                2},
	        {"\xe2\x82"
	         "a",
	                3},
	        {"\xe2"
	         "a\xac",
	                3},
	        {"\xa3", 1}, /* the pound sign of Latin-1 */
	        {"a\0b", 3},
	        {"\0", 1},
	        {"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refused(cases[i].text, cases[i].len);
}

/* Every first byte of a character of more than one, with second bytes around every bound there is
 * and ends that fit some of them. */
static void agrees_with_the_c_library(void **state)
{
	(void)state;
	static const char second[] = "a\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0";
	static const char *const ends[] = {"", "\x80", "\x80\x80", "\xbfz"};
	iconv_t convert = iconv_open("UTF-16LE", "UTF-8");
	size_t accepted = 0;

	for (size_t i = 0; i < 128 * 9 * 4; i++) {
		char text[8] = {(char)(0x80 | i / 36), second[i / 4 % 9]}, units[16];
		char *in = text, *out = units;
		size_t out_left = sizeof(units);
		memcpy(text + 2, ends[i % 4], strlen(ends[i % 4]));
		size_t len = strlen(text), in_left = len;
		struct secret *key = NULL;
		(void)iconv(convert, NULL, NULL, NULL, NULL);
		bool good = iconv(convert, &in, &in_left, &out, &out_left) != (size_t)-1;
		if (passphrase_parse(text, len, &key, NULL) != (good ? 0 : -EINVAL))
			fail_msg("%02zx %02x and %zu more", 0x80 | i / 36, (uint8_t)text[1],
			        len - 2);
		secret_free(key);
		accepted += good;
	}
	(void)iconv_close(convert);
	assert_true(accepted > 300);
}

static void length_is_counted_in_utf16_units(void **state)
{
	(void)state;
	char text[4 * 300];

	memset(text, 'a', sizeof(text));
	assert_key_of(text, 256);
	refused(text, 257);
	for (size_t i = 0; i < 129; i++)
		memcpy(text + 4 * i, "\U0001f40d", 4);
	assert_key_of(text, 4 * 128);
	refused(text, 4 * 129);
	text[0] = 'a'; /* 255 units, then a pair: 257 */
	memset(text, 'a', 255);
	memcpy(text + 255, "\U0001f40d", 4);
	refused(text, 259);
	refused(text, sizeof(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(key_is_the_hash_of_utf16),
	        cmocka_unit_test(what_is_not_utf8_is_refused),
	        cmocka_unit_test(agrees_with_the_c_library),
	        cmocka_unit_test(length_is_counted_in_utf16_units),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
