/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cursor over bytes from a disk or a network. Every pull is checked; after the first failure the
 * cursor stays failed, so a parser may pull a whole header and test once.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

static inline struct cursor cursor_over(const void *data, size_t len)
{
	return (struct cursor){.at = data, .left = len, .failed = false};
}

/* The next len bytes, or NULL (and the cursor failed) when fewer are left. */
const uint8_t *cursor_take(struct cursor *c, size_t len);

/* A sub-cursor over the next len bytes; failed when fewer are left. */
struct cursor cursor_sub(struct cursor *c, size_t len);

/* 0 after a failure. */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_le16(struct cursor *c);
uint32_t cursor_le32(struct cursor *c);
uint64_t cursor_le64(struct cursor *c);

/* Copies len bytes out; leaves dst zeroed on failure. */
bool cursor_copy(struct cursor *c, void *dst, size_t len);
bool cursor_skip(struct cursor *c, size_t len);

/* Unchecked access to memory the caller has bounded. */
uint16_t get_le16(const void *p);
uint32_t get_le32(const void *p);
uint64_t get_le64(const void *p);
uint32_t get_be32(const void *p);
uint64_t get_be64(const void *p);
void put_le16(void *p, uint16_t v);
void put_le32(void *p, uint32_t v);
void put_le64(void *p, uint64_t v);

/* True when [off, off + len) lies inside [0, limit); no overflow. */
static inline bool range_within(uint64_t off, uint64_t len, uint64_t limit)
{
	return off <= limit && len <= limit - off;
}

#endif
