/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/export.h"
#include "appliance/api/call.h"
#include "fixer/base/csv.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT_MAX ((size_t)64 * 1024 * 1024)

static int cell(struct buffer *out, bool first, const json_t *value, enum export_kind kind)
{
	char number[ISO8601_TEXT] = "";
	json_int_t n = json_integer_value(value);

	if (json_is_string(value))
		return csv_append(out, first, json_string_value(value));
	if (json_is_object(value)) {
		char *text = json_dumps(value, JSON_COMPACT);
		int r = text ? csv_append(out, first, text) : -ENOMEM;
		free(text);
		return r;
	}
	if (json_is_integer(value) && kind == EXPORT_PLAIN)
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, n);
	else if (n > 0)
		iso8601_format(n * 1000000, number);
	else if (json_is_true(value))
		(void)snprintf(number, sizeof(number), "yes");
	return csv_append(out, first, number);
}

static int line_end(struct buffer *out)
{
	return buffer_append(out, CSV_ROW_END, strlen(CSV_ROW_END));
}

static int rows_write(
        struct buffer *out, const json_t *rows, const struct export_column *columns, size_t count)
{
	const json_t *row;
	size_t i;
	int r = 0;

	for (size_t k = 0; r == 0 && k < count; k++)
		r = csv_append(out, k == 0, columns[k].name);
	if (r == 0)
		r = line_end(out);
	json_array_foreach(rows, i, row)
	{
		for (size_t k = 0; r == 0 && k < count; k++)
			r = cell(out, k == 0, json_object_get(row, columns[k].name),
			        columns[k].kind);
		if (r == 0)
			r = line_end(out);
	}
	return r;
}

void export_reply(
        struct http_request *r, json_t *rows, const struct export_column *columns, size_t count)
{
	struct buffer out;

	buffer_init(&out, EXPORT_MAX);
	int e = rows ? rows_write(&out, rows, columns, count) : -ENOMEM;
	json_decref(rows);
	if (e < 0) {
		buffer_free(&out);
		call_failed(r, "export", e);
		return;
	}
	http_reply_memory(r, 200, "text/csv; charset=utf-8", (char *)out.data, out.len);
}
