/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_entries.h"
#include "fixer/base/bytes.h"

#include <string.h>

#define KEY_HEADER 12 /* of a key datum, before the key */

struct fve_writer fve_writer_to(struct fve_volume *v, struct buffer *out)
{
	/* 2023-05-15T00:00:00Z */
	uint64_t time = filetime_from_ns(1684108800ll * 1000000000);

	return (struct fve_writer){.v = v, .out = out, .start = out->len, .time = time};
}

void fve_put(struct fve_writer *w, const void *data, size_t len)
{
	if (w->r == 0)
		w->r = buffer_append(w->out, data, len);
}

void fve_u16(struct fve_writer *w, unsigned value)
{
	uint8_t bytes[2];

	put_le16(bytes, (uint16_t)value);
	fve_put(w, bytes, sizeof(bytes));
}

void fve_u32(struct fve_writer *w, uint32_t value)
{
	uint8_t bytes[4];

	put_le32(bytes, value);
	fve_put(w, bytes, sizeof(bytes));
}

void fve_u64(struct fve_writer *w, uint64_t value)
{
	uint8_t bytes[8];

	put_le64(bytes, value);
	fve_put(w, bytes, sizeof(bytes));
}

void fve_noise(struct fve_writer *w, size_t len)
{
	uint8_t bytes[512];

	gen_random_bytes(&w->v->random, bytes, len);
	fve_put(w, bytes, len);
}

size_t fve_begin(struct fve_writer *w, enum fve_role role, enum fve_type type, unsigned flags)
{
	size_t at = w->out->len;

	fve_u16(w, 0);
	fve_u16(w, role);
	fve_u16(w, type);
	fve_u16(w, flags);
	return at;
}

void fve_end(struct fve_writer *w, size_t at)
{
	if (w->r == 0)
		put_le16(w->out->data + at, (uint16_t)(w->out->len - at));
}

size_t fve_begin_dataset(
        struct fve_writer *w, const struct guid *id, uint32_t next_nonce, unsigned method)
{
	size_t at = w->out->len;

	fve_u32(w, 0);
	fve_u32(w, 1);
	fve_u32(w, DATASET_LEN);
	fve_u32(w, 0);
	fve_put(w, id->bytes, GUID_LEN);
	fve_u32(w, next_nonce);
	fve_u16(w, method);
	fve_u16(w, method);
	fve_u64(w, w->time);
	return at;
}

void fve_end_dataset(struct fve_writer *w, size_t at)
{
	if (w->r < 0)
		return;
	put_le32(w->out->data + at, (uint32_t)(w->out->len - at));
	put_le32(w->out->data + at + 12, (uint32_t)(w->out->len - at));
}

void fve_text(struct fve_writer *w, enum fve_role role, const char *ascii)
{
	size_t at = fve_begin(w, role, TYPE_TEXT, 1);

	do
		fve_u16(w, (unsigned char)*ascii);
	while (*ascii++);
	fve_end(w, at);
}

void fve_opaque(struct fve_writer *w, enum fve_role role, enum fve_type type, size_t len)
{
	size_t at = fve_begin(w, role, type, 1);

	fve_noise(w, len);
	fve_end(w, at);
}

void fve_unknown(struct fve_writer *w)
{
	if (!w->v->options.unknown_entries)
		return;
	fve_opaque(w, ROLE_UNKNOWN, TYPE_UNKNOWN, 40);
	fve_opaque(w, ROLE_PROPERTY, TYPE_UNKNOWN, 0);
	fve_opaque(w, ROLE_UNKNOWN, TYPE_ERASED, 13);
	size_t at = fve_begin(w, ROLE_UNKNOWN, TYPE_TEXT, 0x0105);
	fve_u16(w, 'x');
	fve_end(w, at);
}

void fve_key(
        struct fve_writer *w, enum fve_role role, unsigned method, const uint8_t *key, size_t len)
{
	size_t at = fve_begin(w, role, TYPE_KEY, 1);

	fve_u16(w, method);
	fve_u16(w, 0);
	fve_put(w, key, len);
	fve_end(w, at);
}

void fve_sealed_key(struct fve_writer *w, enum fve_role role, const uint8_t *under, unsigned method,
        const uint8_t *key, size_t len)
{
	uint8_t nonce[FVE_NONCE_LEN], plain[KEY_HEADER + FVE_MAX_FVEK] = {0};
	uint8_t sealed[FVE_MAC_LEN + sizeof(plain)];
	size_t plain_len = KEY_HEADER + len;

	put_le64(nonce, w->time);
	put_le32(nonce + 8, ++w->counter);
	put_le16(plain, (uint16_t)plain_len);
	put_le16(plain + 2, role);
	put_le16(plain + 4, TYPE_KEY);
	put_le16(plain + 6, 1);
	put_le16(plain + 8, (uint16_t)method);
	memcpy(plain + KEY_HEADER, key, len);
	if (w->r == 0)
		w->r = fve_seal(under, nonce, plain, plain_len, sealed);
	size_t at = fve_begin(w, role, TYPE_SEALED, 1);
	fve_put(w, nonce, sizeof(nonce));
	fve_put(w, sealed, FVE_MAC_LEN + plain_len);
	fve_end(w, at);
}
