/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "netmend";
static bool debug_on;

void log_init(const char *program, bool debug)
{
	program_name = program;
	debug_on = debug;
}

/* One write() a line, so that lines of several processes do not mix. */
static void log_line(int priority, const char *format, va_list args)
{
	char line[1024];
	int head = snprintf(line, sizeof(line), "<%d>%s: ", priority, program_name);
	int body = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
	size_t len = strnlen(line, sizeof(line) - 1);

	for (size_t i = (size_t)head; body > 0 && i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	ssize_t n = write(STDERR_FILENO, line, len);
	(void)n; /* nowhere left to complain to */
}

#define LOG_FUNCTION(name, priority)              \
	void name(const char *format, ...)        \
	{                                         \
		va_list args;                     \
		va_start(args, format);           \
		log_line(priority, format, args); \
		va_end(args);                     \
	}

LOG_FUNCTION(log_error, 3)
LOG_FUNCTION(log_warning, 4)
LOG_FUNCTION(log_info, 6)

void log_debug(const char *format, ...)
{
	va_list args;

	if (!debug_on)
		return;
	va_start(args, format);
	log_line(7, format, args);
	va_end(args);
}
