/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/terminal.h"
#include "fixer/base/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define WIDTH  80
#define HEIGHT 24

static struct terminal seen;
static bool looked;

/* The person's locale; only asked, never made this program's: numbers and sorting stay as they are.
 */
static bool shows_utf8(void)
{
	locale_t person = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = person && strcmp(nl_langinfo_l(CODESET, person), "UTF-8") == 0;

	if (person)
		freelocale(person);
	return utf8;
}

/* COLUMNS and LINES say more than a terminal that does not know its size. */
static int size_of(unsigned short told, const char *variable, int otherwise)
{
	const char *text = getenv(variable);
	long number = told ? told : text ? strtol(text, NULL, 10) : 0;

	return number > 0 && number <= 10000 ? (int)number : otherwise;
}

void terminal_look(void)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size = {0};

	seen.is = isatty(STDOUT_FILENO);
	seen.styled = seen.is && !(no_colour && no_colour[0]) && term && strcmp(term, "dumb") != 0;
	seen.utf8 = shows_utf8();
	if (seen.is)
		(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	seen.width = size_of(size.ws_col, "COLUMNS", WIDTH);
	seen.height = size_of(size.ws_row, "LINES", HEIGHT);
	looked = true;
}

const struct terminal *terminal(void)
{
	if (!looked)
		terminal_look();
	return &seen;
}

/* wcwidth() asks the locale; C.UTF-8 is part of Debian's libc-bin and there on every host. */
static size_t cells_of(uint32_t code)
{
	static locale_t unicode;

	if (!unicode)
		unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!unicode)
		return 1;
	locale_t before = uselocale(unicode);
	int cells = wcwidth((wchar_t)code);
	(void)uselocale(before);
	return cells < 0 ? 1 : (size_t)cells;
}

size_t terminal_fit(const char *text, size_t cells)
{
	size_t taken = 0, bytes = 0, len;
	uint32_t code;

	while ((len = utf8_char(text + bytes, &code)) > 0) {
		taken += cells_of(code);
		if (taken > cells)
			break;
		bytes += len;
	}
	return bytes;
}

size_t terminal_width(const char *text)
{
	size_t taken = 0, len;
	uint32_t code;

	for (; (len = utf8_char(text, &code)) > 0; text += len)
		taken += cells_of(code);
	return taken;
}
