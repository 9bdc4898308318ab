/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/csv.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAW_LEN 65536

enum encoding { UNKNOWN, UTF8, UTF16LE };

struct csv {
	int fd;
	struct secret *raw; /* bytes as read */
	size_t at, len;
	enum encoding encoding;
	char separator;
	unsigned long line;
	struct secret *row; /* the current row's cells, each NUL-terminated */
	size_t used;
};

struct csv *csv_new(int fd)
{
	struct csv *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->fd = fd;
	c->line = 1;
	c->raw = secret_new(RAW_LEN);
	c->row = secret_new(CSV_MAX_ROW);
	if (!c->raw || !c->row) {
		csv_free(c);
		return NULL;
	}
	return c;
}

void csv_free(struct csv *c)
{
	if (!c)
		return;
	secret_free(c->raw);
	secret_free(c->row);
	free(c);
}

/* --- characters ----------------------------------------------------------------------------------
 */

/* The next byte of the file, -1 at its end, -2 on an error. */
static int raw_byte(struct csv *c)
{
	if (c->at == c->len) {
		ssize_t n;
		do
			n = read(c->fd, c->raw->data, RAW_LEN);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return n < 0 ? -2 : -1;
		c->at = 0;
		c->len = (size_t)n;
	}
	return c->raw->data[c->at++];
}

/* The next character as one byte: keys and digits are ASCII, anything beyond becomes '?' in UTF-16.
 */
static int next_char(struct csv *c)
{
	int low = raw_byte(c);

	if (low < 0 || c->encoding != UTF16LE)
		return low;
	int high = raw_byte(c);
	if (high < 0)
		return high;
	return high == 0 ? low : '?';
}

/* Counts a separator candidate in what is buffered of the first line. */
static size_t count_in_first_line(const struct csv *c, char wanted)
{
	bool quoted = false;
	size_t count = 0;

	for (size_t i = c->at; i < c->len; i++) {
		uint8_t byte = c->raw->data[i];
		if (byte == '"')
			quoted = !quoted;
		else if (byte == '\n' && !quoted)
			break;
		else if (byte == (uint8_t)wanted && !quoted)
			count++;
	}
	return count;
}

/* Looks at the first block: byte order mark and separator. */
static int look_at_start(struct csv *c)
{
	int first = raw_byte(c);

	if (first < 0)
		return first;
	c->at--;
	const uint8_t *p = c->raw->data;
	c->encoding = UTF8;
	if (c->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		c->at = 3;
	} else if (c->len >= 2 && memcmp(p, "\xff\xfe", 2) == 0) {
		c->at = 2;
		c->encoding = UTF16LE;
	}
	c->separator = ',';
	if (count_in_first_line(c, ';') > count_in_first_line(c, c->separator))
		c->separator = ';';
	if (count_in_first_line(c, '\t') > count_in_first_line(c, c->separator))
		c->separator = '\t';
	return 0;
}

/* --- rows ----------------------------------------------------------------------------------------
 */

struct row_state {
	bool quoted, after_quote, too_long, any;
	size_t cell_start;
};

static void put(struct csv *c, struct row_state *s, char ch)
{
	if (c->used < CSV_MAX_ROW - 1)
		c->row->data[c->used++] = (uint8_t)ch;
	else
		s->too_long = true;
}

static void end_cell(struct csv *c, struct row_state *s, struct csv_row *row)
{
	char *cell = (char *)c->row->data + s->cell_start;

	while (c->used > s->cell_start && c->row->data[c->used - 1] == ' ')
		c->used--;
	put(c, s, 0);
	while (*cell == ' ')
		cell++;
	if (row->count < CSV_MAX_CELLS)
		row->cells[row->count++] = cell;
	else
		s->too_long = true;
	s->cell_start = c->used;
}

/* One character of a row; true when the row ends with it. */
static bool take_char(struct csv *c, struct row_state *s, int ch, struct csv_row *row)
{
	if (ch == '\n')
		c->line++;
	if (s->quoted) {
		if (ch == '"') {
			s->quoted = false;
			s->after_quote = true;
		} else {
			put(c, s, (char)ch);
		}
		return false;
	}
	if (ch == '"') {
		if (s->after_quote)
			put(c, s, '"'); /* a doubled quote inside a quoted cell */
		s->quoted = true;
		s->after_quote = false;
		return false;
	}
	s->after_quote = false;
	if (ch == '\n')
		return true;
	if (ch == c->separator)
		end_cell(c, s, row);
	else if (ch != '\r' && ch != 0)
		put(c, s, (char)ch);
	return false;
}

int csv_next(struct csv *c, struct csv_row *ret)
{
	struct row_state s = {0};
	int ch;

	if (c->encoding == UNKNOWN) {
		int r = look_at_start(c);
		if (r < 0)
			return r == -1 ? 0 : -EIO;
	}
	c->used = 0;
	*ret = (struct csv_row){.line = c->line};
	while ((ch = next_char(c)) >= 0) {
		s.any = true;
		if (take_char(c, &s, ch, ret))
			break;
	}
	if (ch == -2)
		return -EIO;
	if (!s.any)
		return 0;
	end_cell(c, &s, ret);
	return s.too_long ? -EMSGSIZE : 1;
}
