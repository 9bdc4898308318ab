/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The characters of a file in UTF-8 or UTF-16; what csv.c reads. */
#ifndef BASE_CHARACTERS_H
#define BASE_CHARACTERS_H

#include "fixer/base/secret.h"

#include <signal.h>
#include <stdbool.h>

#define CHARACTERS_BLOCK 131072 /* what one may look at twice */

enum encoding { UNKNOWN, UTF8, UTF16LE, UTF16BE };

/* What comes instead of a character. */
enum { CHARACTERS_END = -1, CHARACTERS_FAILED = -2, CHARACTERS_STOPPED = -3 };

struct characters {
	int fd;                            /* not used for a text in memory */
	const volatile sig_atomic_t *stop; /* may be NULL */
	struct secret *block;              /* CHARACTERS_BLOCK bytes, as read; NULL: in memory */
	const uint8_t *raw;                /* what block holds, or the whole text */
	size_t at, len;
	uint64_t before; /* bytes of the file before raw */
	size_t first;    /* in the first block: where the text begins, behind the mark */
	bool file_ended;
	bool peeking; /* the first block is all there is */
	enum encoding encoding;
};

/* Reads the first block and finds out the encoding. 0, CHARACTERS_FAILED or _STOPPED. */
int characters_begin(struct characters *c);

/* A byte of UTF-8, or a character of UTF-16 (half ones are U+FFFD). */
int characters_next(struct characters *c);

/* Bytes of UTF-8 the character has, written to out: 1 to 4. A byte of a UTF-8 file stays what it
 * is. */
size_t characters_encode(const struct characters *c, int ch, uint8_t out[4]);

#endif
