/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables on standard output: each column as wide as its content. On a terminal they fit its width
 * (what is too long ends in an ellipsis); in a pipe nothing is cut.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "fixer/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

/* Colours stand beside words that say the same: a screen without them loses nothing. */
enum table_style { TABLE_PLAIN, TABLE_GOOD, TABLE_WAIT, TABLE_WARN, TABLE_FAIL };

struct table_column {
	const char *heading;
	bool right; /* numbers */
	bool whole; /* never cut: what a person types again, such as a MAC or a number */
};

struct table;

/* Columns are borrowed until table_free(). NULL without memory, which the rest takes, too. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *t);

/* The next cell, from left to right, then in the next row. Control characters and what is not UTF-8
 * become '?'. */
void table_cell(struct table *t, enum table_style style, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

size_t table_rows(const struct table *t);

/* Heading and rows. 0; -ENOMEM: a cell or the table had no memory, and nothing was printed. */
int table_print(const struct table *t);

/* The same, or what to say instead when there are no rows (NULL: the heading alone). CLI_OK, or
 * CLI_FAILED and printed. */
int cli_print_table(const struct table *t, const char *none);

DEFINE_CLEANUP(struct table *, table_free)
#define CLEANUP_TABLE CLEANUP(table_free_p)

#endif
