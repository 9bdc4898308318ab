/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, enum reason reason, const char *format, ...)
{
	if (!err)
		return code;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->code = code;
	err->reason = reason;
	return code;
}

void error_prefix(struct error *err, const char *format, ...)
{
	char where[sizeof(err->text)], whole[2 * sizeof(err->text) + 4];

	if (!err || err->code == 0)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(where, sizeof(where), format, args);
	va_end(args);
	(void)snprintf(whole, sizeof(whole), "%s: %s", where, err->text);
	whole[sizeof(err->text) - 1] = 0;
	memcpy(err->text, whole, sizeof(err->text));
}
