/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libhivex turns the names in a hive into UTF-8 with iconv(). A static program's iconv() loads
 * modules from the system it runs on, and on a machine booted by netmend there are none. So the
 * linker sends iconv calls here (--wrap, in the Makefile): the two conversions that reading a hive
 * needs are made by this code, all others go on to the C library.
 */
#include "fixer/base/bytes.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

iconv_t __real_iconv_open(const char *to, const char *from);
size_t __real_iconv(iconv_t cd, char **in, size_t *in_left, char **out, size_t *out_left);
int __real_iconv_close(iconv_t cd);

iconv_t __wrap_iconv_open(const char *to, const char *from);
size_t __wrap_iconv(iconv_t cd, char **in, size_t *in_left, char **out, size_t *out_left);
int __wrap_iconv_close(iconv_t cd);

/* Their addresses are the descriptors. */
static char from_latin1, from_utf16;

static bool is_ours(iconv_t cd)
{
	return cd == (iconv_t)&from_latin1 || cd == (iconv_t)&from_utf16;
}

iconv_t __wrap_iconv_open(const char *to, const char *from)
{
	if (strcmp(to, "UTF-8") == 0 && strcmp(from, "LATIN1") == 0)
		return (iconv_t)&from_latin1;
	if (strcmp(to, "UTF-8") == 0 && strcmp(from, "UTF-16LE") == 0)
		return (iconv_t)&from_utf16;
	return __real_iconv_open(to, from);
}

int __wrap_iconv_close(iconv_t cd)
{
	return is_ours(cd) ? 0 : __real_iconv_close(cd);
}

/* The next character and the bytes it takes; 0 at a half one (EINVAL) or a wrong one (EILSEQ). */
static size_t next_character(iconv_t cd, const uint8_t *in, size_t left, uint32_t *ret)
{
	if (cd == (iconv_t)&from_latin1) {
		*ret = in[0];
		return 1;
	}
	uint32_t high = left >= 2 ? get_le16(in) : 0;
	bool pair = high >= 0xd800 && high < 0xdc00;
	if (left < (pair ? 4 : 2)) {
		errno = EINVAL;
		return 0;
	}
	uint32_t low = pair ? get_le16(in + 2) : 0xdc00;
	if ((high >= 0xdc00 && high < 0xe000) || low < 0xdc00 || low >= 0xe000) {
		errno = EILSEQ;
		return 0;
	}
	*ret = pair ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : high;
	return pair ? 4 : 2;
}

/* 1 to 4 bytes; out has room for 4. */
static size_t encode_utf8(uint32_t c, uint8_t *out)
{
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (uint8_t)(lead[len] | c);
	return len;
}

size_t __wrap_iconv(iconv_t cd, char **in, size_t *in_left, char **out, size_t *out_left)
{
	if (!is_ours(cd))
		return __real_iconv(cd, in, in_left, out, out_left);
	if (!in || !*in)
		return 0; /* "start anew": there is no state */
	while (*in_left > 0) {
		uint8_t bytes[4];
		uint32_t c;
		size_t taken = next_character(cd, (const uint8_t *)*in, *in_left, &c);
		if (taken == 0)
			return (size_t)-1;
		size_t made = encode_utf8(c, bytes);
		if (made > *out_left) {
			errno = E2BIG;
			return (size_t)-1;
		}
		memcpy(*out, bytes, made);
		*in += taken;
		*in_left -= taken;
		*out += made;
		*out_left -= made;
	}
	return 0;
}
