/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/bytes.h"

#include <endian.h>
#include <string.h>

const uint8_t *cursor_take(struct cursor *c, size_t len)
{
	if (c->failed || len > c->left) {
		c->failed = true;
		return NULL;
	}
	const uint8_t *p = c->at;
	c->at += len;
	c->left -= len;
	return p;
}

struct cursor cursor_sub(struct cursor *c, size_t len)
{
	const uint8_t *p = cursor_take(c, len);
	if (!p)
		return (struct cursor){.failed = true};
	return cursor_over(p, len);
}

uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);
	return p ? *p : 0;
}

uint16_t cursor_le16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	return p ? get_le16(p) : 0;
}

uint32_t cursor_le32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	return p ? get_le32(p) : 0;
}

uint64_t cursor_le64(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 8);
	return p ? get_le64(p) : 0;
}

bool cursor_copy(struct cursor *c, void *dst, size_t len)
{
	const uint8_t *p = cursor_take(c, len);
	if (p)
		memcpy(dst, p, len);
	else
		memset(dst, 0, len);
	return p != NULL;
}

bool cursor_skip(struct cursor *c, size_t len)
{
	return cursor_take(c, len) != NULL;
}

uint16_t get_le16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

uint32_t get_le32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

uint64_t get_le64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

uint32_t get_be32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

uint64_t get_be64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

void put_le16(void *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

void put_le32(void *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

void put_le64(void *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}
