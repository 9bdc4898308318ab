/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/metric.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(struct metrics *m, const char *text, size_t len)
{
	if (m->failed == 0)
		m->failed = buffer_append(&m->out, text, len);
}

static void append_text(struct metrics *m, const char *text)
{
	append(m, text, strlen(text));
}

void metric_family(struct metrics *m, const char *name, const char *type, const char *help)
{
	const char *const parts[] = {
	        "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		append_text(m, parts[i]);
}

/* Backslash, quote and line feed of a label's value have a backslash before them. */
static void append_value(struct metrics *m, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			append_text(m, "\\n");
		else if (*value == '\\' || *value == '"')
			append(m, (const char[]){'\\', *value}, 2);
		else
			append(m, value, 1);
	}
}

static void append_sample(struct metrics *m, const char *name, const char *number, va_list labels)
{
	const char *before = "{";

	append_text(m, name);
	for (const char *label; (label = va_arg(labels, const char *));) {
		append_text(m, before);
		append_text(m, label);
		append_text(m, "=\"");
		append_value(m, va_arg(labels, const char *));
		append_text(m, "\"");
		before = ",";
	}
	append_text(m, before[0] == ',' ? "} " : " ");
	append_text(m, number);
	append_text(m, "\n");
}

void metric_add(struct metrics *m, const char *name, int64_t value, ...)
{
	char number[24];
	va_list labels;

	(void)snprintf(number, sizeof(number), "%" PRId64, value);
	va_start(labels, value);
	append_sample(m, name, number, labels);
	va_end(labels);
}

void metric_add_seconds(struct metrics *m, const char *name, double seconds, ...)
{
	char number[32];
	va_list labels;

	(void)snprintf(number, sizeof(number), "%.6f", seconds);
	va_start(labels, seconds);
	append_sample(m, name, number, labels);
	va_end(labels);
}
