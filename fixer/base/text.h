/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conversions between bytes on a disk or a wire and text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUID_LEN  16
#define GUID_TEXT 37 /* with the NUL */

struct guid {
	uint8_t bytes[GUID_LEN]; /* as on disk: first three fields little-endian */
};

/* "063EA4E1-220C-4293-BA01-4754620A96E7", upper case as Windows shows a recovery key ID. */
void guid_format(const struct guid *g, char out[GUID_TEXT]);
/* With or without braces, any case. 0 or -EINVAL (ret untouched). */
int guid_parse(const char *text, struct guid *ret);
bool guid_equal(const struct guid *a, const struct guid *b);

/* out needs 2 * len + 1 bytes; lower case. */
void hex_encode(const void *data, size_t len, char *out);
/* Exactly 2 * len digits. 0 or -EINVAL. */
int hex_decode(const char *text, void *out, size_t len);

/* Standard alphabet with padding. Returns malloc()ed text, NULL without memory. */
char *base64_encode(const void *data, size_t len);
/* Decodes into out of capacity bytes; sets *ret_len. 0, -EINVAL, -EMSGSIZE. */
int base64_decode(const char *text, void *out, size_t capacity, size_t *ret_len);

/* Windows FILETIME (100 ns since 1601-01-01 UTC) to and from nanoseconds since 1970. */
int64_t filetime_to_ns(uint64_t filetime);
uint64_t filetime_from_ns(int64_t ns);
/* "2024-07-19T04:09:00Z" to seconds since 1970; 0 or -EINVAL. */
int iso8601_parse(const char *text, int64_t *ret);
#define ISO8601_TEXT 32
void iso8601_format(int64_t ns, char out[ISO8601_TEXT]); /* seconds precision, UTC */

/* UTF-16LE units to malloc()ed UTF-8; unpaired surrogates become U+FFFD. NULL without memory. */
char *utf16_to_utf8(const void *units, size_t count);

/* Bytes of the character text (terminated) begins with, its number in *ret_code (NULL is fine); 0
 * at the end, for bytes that are not UTF-8 (RFC 3629) and for control characters (C0, DEL, C1). */
size_t utf8_char(const char *text, uint32_t *ret_code);

/* UTF-8 to UTF-16LE units, at most max. -EINVAL where utf8_char() gives 0, -EMSGSIZE. */
int utf8_to_utf16(const char *text, uint16_t *out, size_t max, size_t *ret_len);

/* Copies src into dst of size bytes, cut at a character boundary, always terminated. Control
 * characters, marks that turn the direction of text and bytes that are not UTF-8 are replaced by
 * '?': the result can go to a screen, a log and JSON. For any string a machine tells about itself.
 * The two do not overlap. */
void text_clean(char *dst, size_t size, const char *src);

#endif
