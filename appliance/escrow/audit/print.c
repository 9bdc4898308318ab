/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/report.h"
#include "fixer/base/buffer.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 8192 /* no record is longer */

static char *join(const json_t *list)
{
	struct buffer text;
	size_t i;
	json_t *one;

	buffer_init(&text, VALUE_MAX);
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		if (json_is_string(one))
			(void)buffer_printf(
			        &text, "%s%s", i > 0 ? " " : "", json_string_value(one));
	}
	char *copy = strdup(text.data ? (const char *)text.data : "");
	buffer_free(&text);
	return copy;
}

char *print_value(const json_t *value)
{
	if (!value)
		return strdup("");
	if (json_is_string(value))
		return strdup(json_string_value(value));
	return json_is_array(value) ? join(value)
	                            : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

void print_cell(FILE *out, const char *text, char after)
{
	fputc('"', out);
	if (*text && strchr("=+-@\t\r", *text))
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fprintf(out, "\"%c", after);
}
