/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a passphrase. The C library's own conversion says what its key must be. */
#include "fixer/bitlocker/bitlocker.h"
#include "tests/fuzz/fuzz.h"

#include <iconv.h>
#include <openssl/evp.h>
#include <sodium.h>

/* Gives the bytes of UTF-16LE; 0 when the text is not UTF-8 or longer than a passphrase may be. */
static size_t to_utf16(char *text, size_t size, uint8_t *units, size_t capacity)
{
	iconv_t convert = iconv_open("UTF-16LE", "UTF-8");
	char *out = (char *)units;
	size_t left = capacity;

	must(convert != (iconv_t)-1);
	size_t r = iconv(convert, &text, &size, &out, &left);
	must(iconv_close(convert) == 0);
	return r == 0 && size == 0 ? capacity - left : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t units[2 * PASSPHRASE_MAX], expected[32];
	CLEANUP_SECRET struct secret *key = NULL;
	CLEANUP_FREE char *text = text_of(data, size);
	struct error err = {0};

	must(sodium_init() >= 0);
	size_t len = memchr(text, 0, size) ? 0 : to_utf16(text, size, units, sizeof(units));
	int r = passphrase_parse(text, size, &key, &err);
	must_explain(r, &err);
	must((r == 0) == (len > 0));
	if (r < 0)
		return 0;
	must(EVP_Digest(units, len, expected, NULL, EVP_sha256(), NULL) == 1);
	must(key->len == sizeof(expected) && memcmp(key->data, expected, key->len) == 0);
	return 0;
}
