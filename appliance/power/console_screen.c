/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A VT100 of libvterm, 80 by 24, that answers nothing. */
#include "appliance/power/console.h"
#include "appliance/power/console_filter.h"

#include "fixer/base/text.h"

#include <stdlib.h>
#include <vterm.h>

#define REPLACED 0xfffd
struct console_terminal {
	VTerm *vt;
	VTermScreen *screen;
	struct console_filter filter;
};

/* What is asked stays out already. */
static void say_nothing(const char *bytes, size_t len, void *user)
{
	(void)bytes;
	(void)len;
	(void)user;
}

struct console_terminal *console_terminal_new(void)
{
	struct console_terminal *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->vt = vterm_new(POWER_SCREEN_ROWS, POWER_SCREEN_COLUMNS);
	if (!t->vt) {
		free(t);
		return NULL;
	}
	vterm_set_utf8(t->vt, 1);
	vterm_output_set_callback(t->vt, say_nothing, NULL);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_enable_altscreen(t->screen, 1);
	vterm_screen_reset(t->screen, 1);
	return t;
}

void console_terminal_free(struct console_terminal *t)
{
	if (!t)
		return;
	vterm_free(t->vt);
	free(t);
}

void console_terminal_write(struct console_terminal *t, const void *bytes, size_t len)
{
	const uint8_t *next = bytes;
	char out[4 * CONSOLE_FILTER_OUT];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		used += console_filter(&t->filter, next[i], out + used);
		if (i + 1 == len || used > sizeof(out) - CONSOLE_FILTER_OUT) {
			(void)vterm_input_write(t->vt, out, used);
			used = 0;
		}
	}
}

/* The code of a cell's character; marks put on top of it are left away. */
static uint32_t code_of(const VTermScreenCell *cell)
{
	uint32_t code = cell->chars[0];

	if (code == 0)
		return ' ';
	bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
	bool none = code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
	return control || none ? REPLACED : code;
}

static size_t put_utf8(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static void read_row(const struct console_terminal *t, int row, char out[POWER_SCREEN_ROW])
{
	char text[POWER_SCREEN_ROW];
	size_t len = 0, end = 0;
	VTermScreenCell cell;

	for (int column = 0; column < POWER_SCREEN_COLUMNS; column++) {
		if (!vterm_screen_get_cell(t->screen, (VTermPos){row, column}, &cell))
			break;
		uint32_t code = code_of(&cell);
		len += put_utf8(code, text + len);
		if (code != ' ')
			end = len;
		if (cell.width == 2) /* its right half is no character of its own */
			column++;
	}
	text[end] = 0;
	text_clean(out, POWER_SCREEN_ROW, text);
}

void console_terminal_rows(const struct console_terminal *t, struct power_screen *ret)
{
	for (int row = 0; row < POWER_SCREEN_ROWS; row++)
		read_row(t, row, ret->rows[row]);
}
