/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which column of an export means what: decided once for a file, by its header and its first rows,
 * and said on the report, so that a person sees what the import is going to do.
 */
#ifndef ESCROW_COLUMNS_H
#define ESCROW_COLUMNS_H

#include "fixer/base/csv.h"

#include <stdbool.h>
#include <stdio.h>

struct columns {
	size_t count;
	char separator;
	unsigned long header; /* its line; 0: the file has none */
	bool is_id[CSV_MAX_CELLS];
	bool is_password[CSV_MAX_CELLS]; /* only for saying what stands there instead of one */
	bool ids_unsure; /* several columns hold IDs and nothing tells which: each key is kept under
	                  * all of them */
	int host, serial; /* -1: none */
	bool host_unsure; /* no header says what the text is: tried as name and as serial */
	char names[CSV_MAX_CELLS][48]; /* from the header, clean; "" without one */
};

/* What file it is. In an export of keys a first row with neither ID nor password is a header; a
 * list of machines has none unless it is in words that one knows. */
enum columns_file { COLUMNS_EXPORT, COLUMNS_INVENTORY };

/* Peeks at c and rewinds it. -EIO and -EINTR as csv_peek(), -ENOMEM. An empty file has no columns.
 */
int columns_decide(struct csv *c, enum columns_file file, struct columns *ret);

/* One line: "column 2 'KeyID' is the key ID, column 3 ...". */
void columns_print(const struct columns *columns, FILE *out);

/* "#TYPE ...", "sep=;" and rows of blanks say nothing. */
bool columns_row_is_empty(const struct csv_row *row);

/* What a column's name in a header says. */
enum column_word {
	WORD_UNKNOWN,
	WORD_ID,
	WORD_SHORT_ID, /* "Id" alone: a key's, unless another column says it better */
	WORD_OTHER_ID, /* of a volume, a device, ...: a GUID, but no key's */
	WORD_PASSWORD,
	WORD_HOST,
	WORD_HOST_LONG, /* a distinguished name: when there is no plainer one */
	WORD_SERIAL,
};
enum column_word column_word(const char *name);

#endif
