/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/characters.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Fills the buffer as far as the file goes: its first block is what one may look at twice. */
static int fill(struct characters *c)
{
	if (!c->block)
		return 0; /* all of it is there */
	c->raw = c->block->data;
	c->before += c->len;
	c->at = c->len = 0;
	while (c->len < CHARACTERS_BLOCK && !c->file_ended) {
		ssize_t n = read(c->fd, c->block->data + c->len, CHARACTERS_BLOCK - c->len);
		if (c->stop && *c->stop)
			return CHARACTERS_STOPPED;
		if (n < 0 && errno != EINTR)
			return CHARACTERS_FAILED;
		c->file_ended = n == 0;
		if (n > 0)
			c->len += (size_t)n;
	}
	return 0;
}

/* UTF-16 without a mark shows in its zeros: text is mostly ASCII. */
static enum encoding guess(const uint8_t *p, size_t len)
{
	size_t zeros[2] = {0};

	len = len > 1024 ? 1024 : len;
	for (size_t i = 0; i < len; i++)
		zeros[i % 2] += p[i] == 0;
	if (zeros[1] > len / 4 && zeros[0] == 0)
		return UTF16LE;
	return zeros[0] > len / 4 && zeros[1] == 0 ? UTF16BE : UTF8;
}

int characters_begin(struct characters *c)
{
	int r = fill(c);

	if (r < 0)
		return r;
	const uint8_t *p = c->raw;
	if (c->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		c->first = 3;
		c->encoding = UTF8;
	} else if (c->len >= 2 && (p[0] ^ p[1]) == 1 && p[0] >= 0xfe) {
		c->first = 2;
		c->encoding = p[0] == 0xff ? UTF16LE : UTF16BE;
	} else {
		c->encoding = guess(p, c->len);
	}
	c->at = c->first;
	return 0;
}

static int raw_byte(struct characters *c)
{
	if (c->at == c->len) {
		if (c->file_ended || c->peeking)
			return CHARACTERS_END;
		int r = fill(c);
		if (r < 0)
			return r;
		if (c->len == 0)
			return CHARACTERS_END;
	}
	return c->raw[c->at++];
}

static int raw_unit(struct characters *c)
{
	int first = raw_byte(c), second = first < 0 ? first : raw_byte(c);

	if (second < 0)
		return second;
	return c->encoding == UTF16LE ? first | second << 8 : first << 8 | second;
}

/* A byte of UTF-8, or a character of UTF-16. */
int characters_next(struct characters *c)
{
	if (c->encoding == UTF8)
		return raw_byte(c);
	int high = raw_unit(c);
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff)
		return 0xfffd;
	int low = raw_unit(c);
	if (low < 0)
		return low;
	return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
	                                      : 0xfffd;
}

size_t characters_encode(const struct characters *c, int ch, uint8_t out[4])
{
	size_t more = ch < 0x80 ? 0 : ch < 0x800 ? 1 : ch < 0x10000 ? 2 : 3;
	static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};

	if (c->encoding == UTF8)
		more = 0;
	out[0] = (uint8_t)(heads[more] | ch >> (6 * more));
	for (size_t i = 1; i <= more; i++)
		out[i] = (uint8_t)(0x80 | (ch >> (6 * (more - i)) & 0x3f));
	return more + 1;
}
