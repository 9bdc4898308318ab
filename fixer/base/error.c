/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/error.h"
#include "fixer/base/text.h"

#include <stdarg.h>
#include <stdio.h>

/* Errors quote what a machine, a disk or a network sent. Room for one character more than in
 * err->text, so that none is cut in the middle. */
#define RAW_TEXT (sizeof(((struct error *)NULL)->text) + 4)

int error_set(struct error *err, int code, enum reason reason, const char *format, ...)
{
	char raw[RAW_TEXT];

	if (!err)
		return code;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	text_clean(err->text, sizeof(err->text), raw);
	err->code = code;
	err->reason = reason;
	return code;
}

void error_prefix(struct error *err, const char *format, ...)
{
	char where[RAW_TEXT], whole[2 * RAW_TEXT];

	if (!err || err->code == 0)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(where, sizeof(where), format, args);
	va_end(args);
	(void)snprintf(whole, sizeof(whole), "%s: %s", where, err->text);
	text_clean(err->text, sizeof(err->text), whole);
}
