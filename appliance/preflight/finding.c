/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/finding.h"

#include "fixer/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct finding *finding_add(
        struct findings *all, const char *check, enum finding_level level, const char *format, ...)
{
	char text[FINDING_WHAT];
	va_list args;

	if (all->count == FINDINGS_MAX)
		all->count--;
	struct finding *f = &all->list[all->count++];
	*f = (struct finding){.check = check, .level = level};
	all->problems += level == FINDING_PROBLEM;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean(f->what, sizeof(f->what), text);
	return f;
}

void finding_fix(struct finding *f, const char *format, ...)
{
	char line[FINDING_FIX];
	size_t len = strlen(f->fix);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len > 0 && len + 1 < sizeof(f->fix))
		f->fix[len++] = '\n';
	text_clean(f->fix + len, sizeof(f->fix) - len, line);
}

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = {
	        [FINDING_OK] = "ok", [FINDING_NOTE] = "note", [FINDING_PROBLEM] = "problem"};

	return names[level];
}
