/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/table.h"
#include "appliance/cli/terminal.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP    2 /* cells between columns */
#define NARROW 8 /* no column is cut to less */

struct cell {
	char *text;
	enum table_style style;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct cell *cells;
	size_t count, room;
	bool failed;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t)
		*t = (struct table){.columns = columns, .column_count = count};
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

size_t table_rows(const struct table *t)
{
	return t ? t->count / t->column_count : 0;
}

static char *clean_copy(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	if (copy)
		text_clean(copy, size, text);
	return copy;
}

static bool add(struct table *t, enum table_style style, const char *text)
{
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 16 * t->column_count;
		struct cell *cells = reallocarray(t->cells, room, sizeof(*cells));
		if (!cells)
			return false;
		t->cells = cells;
		t->room = room;
	}
	char *copy = clean_copy(text);
	if (copy)
		t->cells[t->count++] = (struct cell){.text = copy, .style = style};
	return copy != NULL;
}

void table_cell(struct table *t, enum table_style style, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	if (!t || t->failed)
		return;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		t->failed = true;
		return;
	}
	t->failed = !add(t, style, text);
	free(text);
}

/* ---- widths ---- */

static void natural_widths(const struct table *t, size_t *widths)
{
	for (size_t c = 0; c < t->column_count; c++)
		widths[c] = terminal_width(t->columns[c].heading);
	for (size_t i = 0; i < t->count; i++) {
		size_t width = terminal_width(t->cells[i].text);
		size_t *column = &widths[i % t->column_count];
		*column = width > *column ? width : *column;
	}
}

/* The widest column that may be cut, or the number of columns: none. */
static size_t widest(const struct table *t, const size_t *widths)
{
	size_t found = t->column_count;

	for (size_t c = 0; c < t->column_count; c++)
		if (!t->columns[c].whole && widths[c] > NARROW &&
		        (found == t->column_count || widths[c] > widths[found]))
			found = c;
	return found;
}

static void fit_widths(const struct table *t, size_t *widths, size_t screen)
{
	size_t total = GAP * (t->column_count - 1), c;

	for (c = 0; c < t->column_count; c++)
		total += widths[c];
	while (total > screen && (c = widest(t, widths)) < t->column_count) {
		widths[c]--;
		total--;
	}
}

/* ---- printing ---- */

static const char *style_code(enum table_style style)
{
	static const char *const codes[] = {[TABLE_PLAIN] = "",
	        [TABLE_GOOD] = "\033[32m",
	        [TABLE_WAIT] = "\033[36m",
	        [TABLE_WARN] = "\033[33m",
	        [TABLE_FAIL] = "\033[31m"};

	return terminal()->styled ? codes[style] : "";
}

static void print_blanks(size_t count)
{
	printf("%*s", (int)count, "");
}

/* Cells of the text's first bytes. */
static size_t width_of(const char *text, size_t bytes)
{
	return terminal_width(text) - terminal_width(text + bytes);
}

/* Content, cut to its column, between the codes that begin and end its style. */
static void print_cell(const char *text, size_t width, bool right, bool last, const char *style)
{
	const char *ellipsis = terminal()->utf8 ? "\xe2\x80\xa6" : "~";
	size_t own = terminal_width(text), bytes = strlen(text);
	bool cut = own > width;

	if (cut) {
		bytes = terminal_fit(text, width - 1);
		own = width_of(text, bytes) + 1; /* one less than width before a wide character */
	}
	if (right)
		print_blanks(width - own);
	printf("%s%.*s%s%s", style, (int)bytes, text, cut ? ellipsis : "",
	        style[0] ? "\033[0m" : "");
	if (!last)
		print_blanks((right ? 0 : width - own) + GAP);
}

/* Text of a row's column; the heading has no cells. */
static const char *text_of(const struct table *t, const struct cell *cells, size_t c)
{
	return cells ? cells[c].text : t->columns[c].heading;
}

static void print_row(const struct table *t, const struct cell *cells, const size_t *widths)
{
	const char *bold = terminal()->styled ? "\033[1m" : "";
	size_t count = t->column_count;

	while (count > 0 && text_of(t, cells, count - 1)[0] == '\0')
		count--;
	for (size_t c = 0; c < count; c++)
		print_cell(text_of(t, cells, c), widths[c], t->columns[c].right, c + 1 == count,
		        cells ? style_code(cells[c].style) : bold);
	putchar('\n');
}

int table_print(const struct table *t)
{
	if (!t || t->failed)
		return -ENOMEM;
	size_t *widths = calloc(t->column_count, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	natural_widths(t, widths);
	if (terminal()->is)
		fit_widths(t, widths, (size_t)terminal()->width);
	print_row(t, NULL, widths);
	for (size_t i = 0; i + t->column_count <= t->count; i += t->column_count)
		print_row(t, &t->cells[i], widths);
	free(widths);
	return 0;
}
