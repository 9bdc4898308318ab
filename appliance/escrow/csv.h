/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A CSV reader for hostile exports full of keys: RFC 4180 quotes, comma, semicolon or TAB (found
 * out from the first line), LF or CRLF, UTF-8 or UTF-16LE with BOM. Streams; every buffer is locked
 * memory.
 */
#ifndef ESCROW_CSV_H
#define ESCROW_CSV_H

#include <stddef.h>

#define CSV_MAX_CELLS 64
#define CSV_MAX_ROW   16384

struct csv;

struct csv_row {
	unsigned long line; /* where it starts, from 1 */
	size_t count;
	const char *cells[CSV_MAX_CELLS]; /* blanks around trimmed; valid until the next call */
};

/* Reads from fd, which stays the caller's. NULL without locked memory. */
struct csv *csv_new(int fd);
void csv_free(struct csv *c);

/* 1 with a row, 0 at the end, -EIO; -EMSGSIZE for a row that is too long or has too many cells
 * (line is set, the row is skipped, go on calling). */
int csv_next(struct csv *c, struct csv_row *ret);

#endif
