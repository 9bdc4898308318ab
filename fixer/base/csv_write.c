/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/csv.h"

#include <string.h>

/* What makes a formula of a cell in one spreadsheet or another, and the mark against that. */
static bool is_special(char c)
{
	return c && strchr("=+-@\t\r'", c);
}

static int append_text(struct buffer *out, const char *cell, bool quoted)
{
	int r = is_special(cell[0]) ? buffer_append(out, "'", 1) : 0;

	for (; r == 0 && *cell; cell++) {
		if (quoted && *cell == '"')
			r = buffer_append(out, "\"", 1);
		if (r == 0)
			r = buffer_append(out, cell, 1);
	}
	return r;
}

int csv_append(struct buffer *out, bool first, const char *cell)
{
	bool quoted = strpbrk(cell, "\",;\t\r\n") != NULL;
	int r = first ? 0 : buffer_append(out, ",", 1);

	if (r == 0 && quoted)
		r = buffer_append(out, "\"", 1);
	if (r == 0)
		r = append_text(out, cell, quoted);
	if (r == 0 && quoted)
		r = buffer_append(out, "\"", 1);
	return r;
}

const char *csv_plain(const char *cell)
{
	return cell[0] == '\'' && is_special(cell[1]) ? cell + 1 : cell;
}
