/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/console_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE     0x1b
#define CANCEL     0x18
#define SUBSTITUTE 0x1a
#define BELL       0x07
#define DELETE     0x7f
#define STRING_MAX 1024 /* noise on the line that looks like the beginning of one */
#define DIGITS_MAX 4

/* Of ECMA-48: characters and lines in and out, cursor, erase, scroll, tabulators, scroll region. */
static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`adefgr";
/* ESC with one of: save and restore the cursor, lines down and up, tabulator, start over. */
static const char escapes[] = "78DEHMc";
/* Origin, wrap at the end of a line, the other screen. */
static const char *const private_modes[] = {"?6", "?7", "?47", "?1047", "?1049"};

static size_t text(struct console_filter *f, uint8_t c, char *out)
{
	bool moves = c >= '\b' && c <= 0x0f; /* BS HT LF VT FF CR SO SI */

	if (c == ESCAPE)
		f->place = FILTER_ESCAPE;
	if ((c < 0x20 && !moves) || c == DELETE)
		return 0;
	f->last = c >= 0x20 && c < DELETE ? (char)c : 0;
	out[0] = (char)c;
	return 1;
}

static size_t escape(struct console_filter *f, uint8_t c, char *out)
{
	f->place = FILTER_TEXT;
	f->last = c == '[' ? f->last : 0; /* it may be asked for again */
	f->len = 0;
	f->bad = false;
	if (c == ESCAPE) {
		f->place = FILTER_ESCAPE;
	} else if (c == '[') {
		f->place = FILTER_SEQUENCE;
	} else if (c == '(' || c == ')') {
		f->place = FILTER_CHARSET;
		f->charset = (char)c;
	} else if (c && strchr("PX]^_", c)) {
		f->place = FILTER_STRING;
	} else if (c && strchr(escapes, c)) {
		out[0] = ESCAPE;
		out[1] = (char)c;
		return 2;
	}
	return 0;
}

/* Letters, or lines to draw with. */
static size_t charset(struct console_filter *f, uint8_t c, char *out)
{
	f->place = c == ESCAPE ? FILTER_ESCAPE : FILTER_TEXT;
	if (c != 'B' && c != '0')
		return 0;
	out[0] = ESCAPE;
	out[1] = f->charset;
	out[2] = (char)c;
	return 3;
}

/* Digits, semicolons, a question mark in front; no number that is longer than any screen. */
static bool parameters_good(const char *p)
{
	size_t digits = 0;

	for (const char *c = p; *c; c++) {
		bool digit = *c >= '0' && *c <= '9';
		digits = digit ? digits + 1 : 0;
		if (digits > DIGITS_MAX || (!digit && *c != ';' && !(*c == '?' && c == p)))
			return false;
	}
	return true;
}

static bool mode_good(const char *p)
{
	if (strcmp(p, "4") == 0 || strcmp(p, "20") == 0) /* insert; line feed returns, too */
		return true;
	for (size_t i = 0; i < sizeof(private_modes) / sizeof(private_modes[0]); i++)
		if (strcmp(p, private_modes[i]) == 0)
			return true;
	return false;
}

static size_t repeat(const struct console_filter *f, char *out)
{
	unsigned long n = strtoul(f->parameters, NULL, 10);

	if (!f->last)
		return 0;
	n = n == 0 ? 1 : n < CONSOLE_FILTER_OUT ? n : CONSOLE_FILTER_OUT;
	memset(out, f->last, n);
	return n;
}

/* A whole sequence, its parameters good. */
static size_t finish(struct console_filter *f, char c, char *out)
{
	const char *p = f->parameters;
	bool set = c == 'h' || c == 'l';

	if (c == 'b' && p[0] != '?')
		return repeat(f, out);
	f->last = 0;
	if ((c == 's' || c == 'u') && !p[0]) /* in the words of a VT100 */
		return (size_t)snprintf(out, CONSOLE_FILTER_OUT, "\x1b%c", c == 's' ? '7' : '8');
	if (set ? mode_good(p) : p[0] != '?' && strchr(finals, c))
		return (size_t)snprintf(out, CONSOLE_FILTER_OUT, "\x1b[%s%c", p, c);
	return 0;
}

static size_t sequence(struct console_filter *f, uint8_t c, char *out)
{
	if (c == ESCAPE) {
		f->place = FILTER_ESCAPE;
	} else if (c == CANCEL || c == SUBSTITUTE || c >= DELETE) {
		f->place = FILTER_TEXT;
	} else if (c >= 0x40) {
		f->place = FILTER_TEXT;
		f->parameters[f->len] = 0;
		if (!f->bad && parameters_good(f->parameters))
			return finish(f, (char)c, out);
		f->last = 0;
	} else if (c >= 0x20) {
		f->bad = f->bad || f->len == CONSOLE_FILTER_PARAMETERS;
		if (!f->bad)
			f->parameters[f->len++] = (char)c;
	}
	return 0;
}

static void string(struct console_filter *f, uint8_t c)
{
	if (c == ESCAPE)
		f->place = FILTER_ESCAPE; /* of its end, ESC \, or of something new */
	else if (c == BELL || c == CANCEL || c == SUBSTITUTE || ++f->len == STRING_MAX)
		f->place = FILTER_TEXT;
}

size_t console_filter(struct console_filter *f, uint8_t byte, char out[CONSOLE_FILTER_OUT])
{
	switch (f->place) {
	case FILTER_TEXT:
		return text(f, byte, out);
	case FILTER_ESCAPE:
		return escape(f, byte, out);
	case FILTER_CHARSET:
		return charset(f, byte, out);
	case FILTER_SEQUENCE:
		return sequence(f, byte, out);
	case FILTER_STRING:
		string(f, byte);
	}
	return 0;
}
