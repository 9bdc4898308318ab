/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/csv.h"
#include "fixer/base/characters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct csv {
	struct characters text;
	char separator;
	unsigned long line;
	struct secret *row; /* the current row's cells, each NUL-terminated */
	size_t used;
};

static struct csv *csv_make(void)
{
	struct csv *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->line = 1;
	c->separator = ',';
	c->row = secret_new(CSV_MAX_ROW);
	if (c->row)
		return c;
	free(c);
	return NULL;
}

struct csv *csv_new(int fd, const volatile sig_atomic_t *stop)
{
	struct csv *c = csv_make();

	if (!c)
		return NULL;
	c->text.fd = fd;
	c->text.stop = stop;
	c->text.block = secret_new(CHARACTERS_BLOCK);
	if (c->text.block)
		return c;
	csv_free(c);
	return NULL;
}

struct csv *csv_new_memory(const void *text, size_t len)
{
	struct csv *c = csv_make();

	if (!c)
		return NULL;
	c->text.raw = text;
	c->text.len = len;
	c->text.file_ended = true;
	return c;
}

void csv_free(struct csv *c)
{
	if (!c)
		return;
	secret_free(c->text.block);
	secret_free(c->row);
	free(c);
}

uint64_t csv_offset(const struct csv *c)
{
	return c->text.before + c->text.at;
}

const char *csv_encoding(const struct csv *c)
{
	static const char *const names[] = {"", "UTF-8", "UTF-16LE", "UTF-16BE"};

	return names[c->text.encoding];
}

/* --- rows ----------------------------------------------------------------------------------- */

struct row_state {
	bool quoted, after_quote, too_long, any;
	bool skipping; /* a quote that is never closed: on to the end of the line */
	size_t cell_start;
};

static void put_byte(struct csv *c, struct row_state *s, int byte)
{
	if (c->used < CSV_MAX_ROW - 1)
		c->row->data[c->used++] = (uint8_t)byte;
	else
		s->too_long = true;
}

static void put(struct csv *c, struct row_state *s, int ch)
{
	uint8_t bytes[4];
	size_t count = characters_encode(&c->text, ch, bytes);

	for (size_t i = 0; i < count; i++)
		put_byte(c, s, bytes[i]);
}

static bool is_blank(int ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}

/* Nothing but blanks in the cell so far: only here a quote opens a quoted cell. */
static bool at_cell_start(const struct csv *c, const struct row_state *s)
{
	for (size_t i = s->cell_start; i < c->used; i++)
		if (!is_blank(c->row->data[i]))
			return false;
	return true;
}

static void end_cell(struct csv *c, struct row_state *s, struct csv_row *row)
{
	char *cell = (char *)c->row->data + s->cell_start;

	while (c->used > s->cell_start && is_blank(c->row->data[c->used - 1]))
		c->used--;
	put_byte(c, s, 0);
	c->row->data[c->used - 1] = 0; /* also when the row is full */
	while (is_blank(*cell))
		cell++;
	if (row->count < CSV_MAX_CELLS)
		row->cells[row->count++] = cell;
	else
		s->too_long = true;
	s->cell_start = c->used;
}

static void take_quoted(struct csv *c, struct row_state *s, int ch)
{
	if (ch == '"') {
		s->quoted = false;
		s->after_quote = true;
	} else if (ch != 0) {
		put(c, s, ch);
		s->skipping = s->too_long;
	}
}

/* One character of a row; true when the row ends with it. */
static bool take_char(struct csv *c, struct row_state *s, int ch, struct csv_row *row)
{
	if (ch == '\n')
		c->line++;
	if (s->skipping)
		return ch == '\n';
	if (s->quoted) {
		take_quoted(c, s, ch);
		return false;
	}
	if (ch == '"' && (s->after_quote || at_cell_start(c, s))) {
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
		put(c, s, ch);
	return false;
}

static int read_row(struct csv *c, struct csv_row *ret)
{
	struct row_state s = {0};
	bool ended = false;
	int ch = CHARACTERS_END;

	c->used = 0;
	*ret = (struct csv_row){.line = c->line};
	while (!ended && (ch = characters_next(&c->text)) >= 0) {
		s.any = true;
		ended = take_char(c, &s, ch, ret);
	}
	if (ch == CHARACTERS_FAILED || ch == CHARACTERS_STOPPED)
		return ch == CHARACTERS_FAILED ? -EIO : -EINTR;
	if (!s.any || (!ended && c->text.peeking && !c->text.file_ended))
		return 0; /* of a row that the peek cuts off nothing is known */
	ret->last_line = c->line - ended;
	if (s.quoted)
		return -EILSEQ;
	end_cell(c, &s, ret);
	return s.too_long ? -EMSGSIZE : 1;
}

int csv_peek(struct csv *c, struct csv_row *ret)
{
	int r = c->text.encoding == UNKNOWN ? characters_begin(&c->text) : 0;

	if (r < 0)
		return r == CHARACTERS_FAILED ? -EIO : -EINTR;
	c->text.peeking = true;
	return read_row(c, ret);
}

void csv_rewind(struct csv *c, char separator)
{
	c->text.at = c->text.first;
	c->line = 1;
	c->separator = separator;
}

int csv_next(struct csv *c, struct csv_row *ret)
{
	int r = c->text.encoding == UNKNOWN ? characters_begin(&c->text) : 0;

	if (r < 0)
		return r == CHARACTERS_FAILED ? -EIO : -EINTR;
	c->text.peeking = false;
	return read_row(c, ret);
}
