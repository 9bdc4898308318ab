/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/text.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void guid_format(const struct guid *g, char out[GUID_TEXT])
{
	const uint8_t *b = g->bytes;
	(void)snprintf(out, GUID_TEXT, "%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X",
	        get_le32(b), get_le16(b + 4), get_le16(b + 6), b[8], b[9], b[10], b[11], b[12],
	        b[13], b[14], b[15]);
}

int guid_parse(const char *text, struct guid *ret)
{
	/* Which on-disk byte each pair of digits in the text is. */
	static const uint8_t order[GUID_LEN] = {
	        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct guid g;
	bool braces = text[0] == '{';
	const char *p = text + braces;

	for (size_t i = 0; i < GUID_LEN; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
			return -EINVAL;
		char pair[3] = {p[0], p[0] ? p[1] : 0, 0};
		if (hex_decode(pair, &g.bytes[order[i]], 1) < 0)
			return -EINVAL;
		p += 2;
	}
	if (braces && *p++ != '}')
		return -EINVAL;
	if (*p != 0)
		return -EINVAL;
	*ret = g;
	return 0;
}

bool guid_equal(const struct guid *a, const struct guid *b)
{
	return memcmp(a->bytes, b->bytes, GUID_LEN) == 0;
}

void hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, void *out, size_t len)
{
	uint8_t *p = out;

	if (strlen(text) != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int hi = hex_digit(text[2 * i]), lo = hex_digit(text[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return -EINVAL;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

char *base64_encode(const void *data, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(size);
	if (text)
		sodium_bin2base64(text, size, data, len, sodium_base64_VARIANT_ORIGINAL);
	return text;
}

int base64_decode(const char *text, void *out, size_t capacity, size_t *ret_len)
{
	size_t len = 0, text_len = strlen(text);
	const char *end = NULL;

	if (text_len / 4 > capacity / 3 + 1)
		return -EMSGSIZE;
	if (sodium_base642bin(out, capacity, text, text_len, NULL, &len, &end,
	            sodium_base64_VARIANT_ORIGINAL) != 0)
		return -EINVAL;
	if (end != text + text_len)
		return -EINVAL;
	*ret_len = len;
	return 0;
}

/* 1601-01-01 to 1970-01-01 in units of 100 ns. */
#define FILETIME_EPOCH 116444736000000000LL

int64_t filetime_to_ns(uint64_t filetime)
{
	int64_t ticks;

	if (filetime > INT64_MAX)
		filetime = INT64_MAX;
	ticks = (int64_t)filetime - FILETIME_EPOCH;
	if (ticks > INT64_MAX / 100)
		return INT64_MAX;
	if (ticks < INT64_MIN / 100)
		return INT64_MIN;
	return ticks * 100;
}

uint64_t filetime_from_ns(int64_t ns)
{
	return (uint64_t)(ns / 100 + FILETIME_EPOCH);
}

int iso8601_parse(const char *text, int64_t *ret)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!end || *end != 0 || strlen(text) != 20)
		return -EINVAL;
	*ret = (int64_t)timegm(&tm);
	return 0;
}

void iso8601_format(int64_t ns, char out[ISO8601_TEXT])
{
	time_t s = (time_t)(ns / 1000000000);
	struct tm tm;

	if (!gmtime_r(&s, &tm) || strftime(out, ISO8601_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, ISO8601_TEXT, "unknown");
}

static size_t utf8_put(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

char *utf16_to_utf8(const void *units, size_t count)
{
	const uint8_t *p = units;

	if (count > SIZE_MAX / 3 - 1)
		return NULL;
	char *out = malloc(count * 3 + 1);
	if (!out)
		return NULL;
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t c = get_le16(p + 2 * i);
		if (c >= 0xd800 && c < 0xdc00 && i + 1 < count) {
			uint32_t low = get_le16(p + 2 * i + 2);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i++;
			}
		}
		if (c >= 0xd800 && c < 0xe000)
			c = 0xfffd;
		n += utf8_put(c, out + n);
	}
	out[n] = 0;
	return out;
}

size_t utf8_char(const char *text, uint32_t *ret_code)
{
	static const uint32_t least[] = {0x20, 0x20, 0xa0, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	size_t len = 1 + (p[0] >= 0xc0) + (p[0] >= 0xe0) + (p[0] >= 0xf0);
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || (len == 1 && c > 0x7e) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	if (p[0] >= 0xf8)
		return 0;
	if (ret_code)
		*ret_code = c;
	return len;
}

int utf8_to_utf16(const char *text, uint16_t *out, size_t max, size_t *ret_len)
{
	size_t n = 0;

	while (*text) {
		uint32_t c;
		size_t len = utf8_char(text, &c);
		if (len == 0)
			return -EINVAL;
		if (max - n < (c < 0x10000 ? 1u : 2u))
			return -EMSGSIZE;
		if (c >= 0x10000) {
			put_le16(&out[n++], (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
			c = 0xdc00 + (c & 0x3ff);
		}
		put_le16(&out[n++], (uint16_t)c);
		text += len;
	}
	*ret_len = n;
	return 0;
}

/* Marks that turn the direction of what follows, as far as the end of the line, and the two that
 * end a line: a name with one of them makes the text around it look like something else. (Unicode,
 * Bidi_Control and the separators Zl and Zp.) */
static bool misleads(uint32_t code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void text_clean(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	if (size == 0)
		return;
	while (src && *src) {
		uint32_t code = 0;
		size_t len = utf8_char(src, &code);
		bool good = len > 0 && !misleads(code);
		size_t taken = good ? len : 1;
		if (taken >= size - n)
			break;
		if (good)
			memcpy(dst + n, src, len);
		else
			dst[n] = '?';
		n += taken;
		src += len ? len : 1;
	}
	dst[n] = 0;
}
