/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A passphrase counts as its SHA-256 in UTF-16LE, without a zero at its end. */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"

#include <errno.h>
#include <openssl/evp.h>

static int not_a_passphrase(struct error *err, const char *why)
{
	return error_set(err, -EINVAL, REASON_PASSPHRASE_FORMAT, "not a passphrase: %s", why);
}

/* The next character; 0 for what is not UTF-8 (RFC 3629: neither longer than it need be, nor a
 * surrogate, nor beyond U+10FFFF), and for a zero, which nobody can type. */
static uint32_t utf8_take(struct cursor *c)
{
	static const uint32_t least[] = {0x80, 0x800, 0x10000}; /* by number of bytes that follow */
	uint32_t first = cursor_u8(c);

	if (first < 0x80)
		return first;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	size_t more = 1 + (first >= 0xe0) + (first >= 0xf0);
	uint32_t value = first & (0x3fu >> more);
	for (size_t i = 0; i < more; i++) {
		uint32_t next = cursor_u8(c);
		if ((next & 0xc0) != 0x80) /* also where the text ends */
			return 0;
		value = value << 6 | (next & 0x3f);
	}
	if (value < least[more - 1] || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 0;
	return value;
}

/* Writes c as one unit or as a surrogate pair; gives the number of units. */
static size_t utf16_put(uint32_t c, uint8_t *out)
{
	if (c < 0x10000) {
		put_le16(out, (uint16_t)c);
		return 1;
	}
	put_le16(out, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
	put_le16(out + 2, (uint16_t)(0xdc00 + (c & 0x3ff)));
	return 2;
}

/* units: room for PASSPHRASE_MAX + 1 of them. */
static int to_utf16(struct cursor c, uint8_t *units, size_t *ret_count, struct error *err)
{
	size_t count = 0;

	while (c.left > 0) {
		if (count >= PASSPHRASE_MAX)
			return not_a_passphrase(err, "it has over 256 characters");
		uint32_t character = utf8_take(&c);
		if (character == 0)
			return not_a_passphrase(err, "it is not UTF-8 text");
		count += utf16_put(character, units + 2 * count);
	}
	if (count == 0)
		return not_a_passphrase(err, "it is empty");
	if (count > PASSPHRASE_MAX)
		return not_a_passphrase(err, "it has over 256 characters");
	*ret_count = count;
	return 0;
}

int passphrase_parse(const char *utf8, size_t len, struct secret **ret_key, struct error *err)
{
	CLEANUP_SECRET struct secret *units = secret_new((size_t)2 * (PASSPHRASE_MAX + 1));
	CLEANUP_SECRET struct secret *key = secret_new(BITLOCKER_KEY_LEN);
	size_t count = 0;

	if (!units || !key)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
	int r = to_utf16(cursor_over(utf8, len), units->data, &count, err);
	if (r < 0)
		return r;
	if (EVP_Q_digest(NULL, "SHA256", NULL, units->data, 2 * count, key->data, &key->len) != 1)
		return error_set(err, -EIO, REASON_INTERNAL, "libcrypto has no SHA-256");
	*ret_key = key;
	key = NULL;
	return 0;
}
