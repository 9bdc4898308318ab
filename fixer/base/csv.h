/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CSV. A reader for hostile files, also those full of keys: RFC 4180 quotes, any one separator, LF
 * or CRLF; UTF-8, and UTF-16 of either order, with or without a byte order mark. Gives UTF-8 (bytes
 * of a file that is neither stay as they are). Streams; every buffer of its own is locked memory.
 * And a writer of cells that no spreadsheet runs.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "fixer/base/buffer.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_MAX_CELLS 64
#define CSV_MAX_ROW   16384

struct csv;

struct csv_row {
	unsigned long line, last_line; /* where it starts and ends, from 1 */
	size_t count;
	const char *cells[CSV_MAX_CELLS]; /* blanks around trimmed; valid until the next call */
};

/* Reads from fd, which stays the caller's; stop (may be NULL), when set by a signal's handler, ends
 * a read that waits. NULL without locked memory. */
struct csv *csv_new(int fd, const volatile sig_atomic_t *stop);
/* The same for a text in memory, which stays the caller's and must outlive it. csv_peek() looks at
 * all of it. */
struct csv *csv_new_memory(const void *text, size_t len);
void csv_free(struct csv *c);

/*
 * 1 with a row, 0 at the end, -EIO, -EINTR when stopped. Three that set the lines, after which one
 * goes on calling: -EMSGSIZE for a row that is too long or has too many cells, which is passed
 * over; -EILSEQ when a quoted cell outgrows a row, or the file: its quote was most likely never
 * closed, and the next row is the one after the last line named.
 */
int csv_next(struct csv *c, struct csv_row *ret);

/* Before the first csv_next(): the rows that begin the file, as csv_next() gives them, 0 when the
 * part looked at (128 KiB) is over. csv_rewind() goes back to the first with this separator. */
int csv_peek(struct csv *c, struct csv_row *ret);
void csv_rewind(struct csv *c, char separator);

const char *csv_encoding(const struct csv *c); /* "UTF-8", "UTF-16LE", ...; after a peek. Static. */
uint64_t csv_offset(const struct csv *c);      /* bytes of the file behind us */

/* ---- writing ---- */

/* Appends a cell, and a comma before it unless it is the first of its row; rows end with
 * CSV_ROW_END, which the caller appends. What a spreadsheet would run (it begins with = + - @, a
 * tabulator or a carriage return) gets a ' in front, and so does what begins with ' itself.
 * Errors of buffer_append(). */
#define CSV_ROW_END "\r\n"
int csv_append(struct buffer *out, bool first, const char *cell);
/* Where the cell's text begins once the ' that csv_append() puts in front is taken away. */
const char *csv_plain(const char *cell);

#endif
