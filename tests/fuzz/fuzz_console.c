/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a machine writes to its serial console, in one piece and byte by byte (libvterm
 * may put a stray byte elsewhere then). Whatever it is, rows are clean, short and without blanks at
 * their end. */
#include "appliance/power/console.h"
#include "tests/fuzz/fuzz.h"

static void look(const char *row)
{
	size_t len = strnlen(row, POWER_SCREEN_ROW), characters = 0;

	must(is_clean(row, POWER_SCREEN_ROW));
	for (size_t i = 0; i < len; i++)
		characters += ((unsigned char)row[i] & 0xc0) != 0x80;
	must(characters <= POWER_SCREEN_COLUMNS);
	must(len == 0 || row[len - 1] != ' ');
}

static void show(const uint8_t *data, size_t size, size_t piece)
{
	static struct power_screen screen;
	struct console_terminal *t = console_terminal_new();

	must(t);
	memset(&screen, 'x', sizeof(screen));
	for (size_t at = 0; at < size; at += piece)
		console_terminal_write(t, data + at, size - at < piece ? size - at : piece);
	console_terminal_rows(t, &screen);
	console_terminal_free(t);
	for (size_t i = 0; i < POWER_SCREEN_ROWS; i++)
		look(screen.rows[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	show(data, size, size ? size : 1);
	show(data, size, 1);
	return 0;
}
