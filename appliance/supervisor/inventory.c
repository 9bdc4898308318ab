/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/inventory.h"

#include "appliance/supervisor/state.h"
#include "fixer/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum column { COLUMN_UUID, COLUMN_SERIAL, COLUMN_MAC, COLUMNS };

#define CELL_MAX 64

static const char *const column_names[COLUMNS] = {"uuid", "serial", "mac"};

struct inventory {
	const char *path;
	int line;
	int order[COLUMNS]; /* of the file's columns, each an enum column */
	int column_count;
	size_t machines;
	struct locked_text *out;
};

static int bad(const struct inventory *i, struct error *err, const char *what)
{
	return error_set(err, -EINVAL, REASON_USAGE, "[release] inventory %s:%d: %s", i->path,
	        i->line, what);
}

/* The next cell without the blanks around it; false when the line is over. Too long a one is cut,
 * and told by its length. */
static bool next_cell(const char **at, char out[CELL_MAX], size_t *ret_len)
{
	if (!*at)
		return false;
	const char *start = *at + strspn(*at, " \t\"");
	size_t whole = strcspn(*at, ",");
	const char *end = *at + whole;

	*at = *end ? end + 1 : NULL;
	while (end > start && strchr(" \t\"\r", end[-1]))
		end--;
	*ret_len = end > start ? (size_t)(end - start) : 0;
	snprintf(out, CELL_MAX, "%.*s", (int)*ret_len, start);
	return true;
}

static int parse_header(struct inventory *i, const char *line, struct error *err)
{
	char cell[CELL_MAX];
	size_t len;

	while (next_cell(&line, cell, &len)) {
		int column = 0;

		while (column < COLUMNS && strcasecmp(cell, column_names[column]) != 0)
			column++;
		for (int k = 0; k < i->column_count; k++)
			if (i->order[k] == column)
				column = COLUMNS;
		if (column == COLUMNS)
			return bad(i, err,
			        "the first line names the columns: uuid,serial,mac, each once");
		i->order[i->column_count++] = column;
	}
	return 0;
}

/* 52-54-00-AB-00-01, 525400ab0001, ... to 52:54:00:ab:00:01. */
static int normal_mac(char cell[CELL_MAX])
{
	char digits[13];
	size_t count = 0;

	for (const char *c = cell; *c; c++) {
		if (strchr(":-.", *c))
			continue;
		if (!isxdigit((unsigned char)*c) || count == 12)
			return -EINVAL;
		digits[count++] = (char)tolower((unsigned char)*c);
	}
	if (count != 12)
		return -EINVAL;
	for (size_t k = 0; k < 6; k++)
		snprintf(cell + 3 * k, 4, k < 5 ? "%.2s:" : "%.2s", digits + 2 * k);
	return 0;
}

static const char *normal_cell(int column, char cell[CELL_MAX])
{
	struct guid guid;

	if (column == COLUMN_UUID) {
		if (guid_parse(cell, &guid) < 0)
			return "uuid is not like 4C4C4544-0036-3510-8052-B4C04F564433";
		guid_format(&guid, cell);
	} else if (column == COLUMN_MAC) {
		if (normal_mac(cell) < 0)
			return "mac is not like 52:54:00:12:34:56";
	} else {
		char clean[CELL_MAX];
		text_clean(clean, sizeof(clean), cell);
		if (strcmp(clean, cell) != 0)
			return "serial is not text";
	}
	return NULL;
}

static int parse_machine(struct inventory *i, const char *line, struct error *err)
{
	char cells[COLUMNS][CELL_MAX] = {{0}}, cell[CELL_MAX];
	bool any = false;
	size_t len;

	for (int k = 0; next_cell(&line, cell, &len); k++) {
		if (k == i->column_count || len >= CELL_MAX)
			return bad(i, err,
			        k == i->column_count ? "more cells than the first line names"
			                             : "a cell is longer than 63 characters");
		if (len == 0)
			continue;
		const char *wrong = normal_cell(i->order[k], cell);
		if (wrong)
			return bad(i, err, wrong);
		memcpy(cells[i->order[k]], cell, CELL_MAX);
		any = true;
	}
	if (!any)
		return 0; /* a blank line */
	locked_text_format(i->out, "%s{", i->machines++ ? "," : "");
	for (int column = 0; column < COLUMNS; column++) {
		locked_text_format(i->out, "%s\"%s\":", column ? "," : "", column_names[column]);
		locked_text_string(i->out, cells[column], strlen(cells[column]));
	}
	locked_text_format(i->out, "}");
	return 0;
}

static int parse(struct inventory *i, char *text, struct error *err)
{
	char *rest = text;
	int r = 0;

	if (strncmp(rest, "\xef\xbb\xbf", 3) == 0)
		rest += 3;
	while (r == 0 && rest) {
		const char *line = strsep(&rest, "\n");
		i->line++;
		r = i->line == 1 ? parse_header(i, line, err) : parse_machine(i, line, err);
	}
	return r;
}

int inventory_add_text(struct locked_text *t, const char *path, char *text, size_t len,
        size_t *ret_count, struct error *err)
{
	struct inventory i = {.path = path, .out = t};

	if (len == 0 || memchr(text, '\0', len))
		return error_set(err, -EINVAL, REASON_USAGE, "[release] inventory %s: %s", path,
		        len == 0 ? "empty" : "not a text file");
	locked_text_format(t, "[");
	int r = parse(&i, text, err);
	locked_text_format(t, "]");
	if (r == 0)
		*ret_count = i.machines;
	return r;
}

int inventory_add(struct locked_text *t, const char *path, size_t *ret_count, struct error *err)
{
	struct buffer text;
	int r = state_read_file(path, INVENTORY_FILE_MAX, &text, err);

	if (r < 0) {
		error_prefix(err, "[release] inventory");
		return r;
	}
	r = inventory_add_text(t, path, (char *)text.data, text.len, ret_count, err);
	buffer_free(&text);
	return r;
}
