/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/screen.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/screen_font.h"
#include "fixer/base/screen_view.h"
#include "fixer/base/text.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#define SERIAL_MAX 4

static struct {
	int vt; /* -1 when there is none, or it is not ours */
	bool big;
	int serial[SERIAL_MAX];
	unsigned serials;
	struct screen_view view;
} screen = {.vt = -1};

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n <= 0)
			return; /* a console that fails is no reason to stop */
		p += n;
		len -= (size_t)n;
	}
}

/* Text with control characters replaced, line breaks kept. */
static void clean_text(char *dst, size_t size, const char *src)
{
	text_clean(dst, size, src);
	for (size_t i = 0; src && dst[i]; i++)
		if (src[i] == '\n')
			dst[i] = '\n';
}

static void redraw(void)
{
	struct winsize size;
	struct buffer out;

	if (screen.vt < 0 || ioctl(screen.vt, TIOCGWINSZ, &size) < 0 || !size.ws_col ||
	        !size.ws_row)
		return;
	buffer_init(&out, 64 * 1024);
	if (screen_layout(&screen.view, size.ws_col, size.ws_row, screen.big, &out) == 0)
		write_all(screen.vt, out.data, out.len);
	buffer_free(&out);
}

/* Console names are those of /sys/class/tty/console/active: "tty0 ttyS0". */
static void open_serials(void)
{
	char names[256], path[64], *rest = names, *name;
	CLEANUP_CLOSE int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, names, sizeof(names) - 1);

	names[n > 0 ? n : 0] = 0;
	while ((name = strsep(&rest, " \n"))) {
		bool virtual = strncmp(name, "tty", 3) == 0 && isdigit((unsigned char)name[3]);
		if (!*name || virtual || screen.serials == SERIAL_MAX)
			continue;
		(void)snprintf(path, sizeof(path), "/dev/%.32s", name);
		int serial = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		if (serial < 0)
			continue;
		/* O_NONBLOCK only for the opening, which may wait for a carrier. */
		(void)fcntl(serial, F_SETFL, 0);
		screen.serial[screen.serials++] = serial;
	}
}

/* The consoles are ours when init gave us /dev/console (device 5:1) as standard output. */
static bool consoles_are_ours(void)
{
	struct stat st;
	return fstat(STDOUT_FILENO, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 1);
}

void screen_open(void)
{
	if (!consoles_are_ours())
		return;
	open_serials();
	screen.vt = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (screen.vt >= 0)
		screen.big = screen_font_enlarge(screen.vt);
}

void screen_serial(const char *text)
{
	char line[2 * SCREEN_TEXT + 2];

	text_clean(line, sizeof(line) - 1, text);
	size_t len = strlen(line);
	line[len++] = '\n';
	for (unsigned i = 0; i < screen.serials; i++)
		write_all(screen.serial[i], line, len);
	if (screen.serials == 0 && screen.vt < 0)
		write_all(STDOUT_FILENO, line, len);
}

void screen_flush(void)
{
	for (unsigned i = 0; i < screen.serials; i++)
		(void)tcdrain(screen.serial[i]);
}

void screen_machine(const char *text)
{
	char clean[sizeof(screen.view.machine)], line[sizeof(clean) + 32];

	text_clean(clean, sizeof(clean), text);
	if (strcmp(clean, screen.view.machine) == 0)
		return;
	memcpy(screen.view.machine, clean, sizeof(clean));
	redraw();
	(void)snprintf(line, sizeof(line), "netmend: machine %s", clean);
	screen_serial(line);
}

/* What the other side reads: "netmend: STATE: detail", one line however many the screen has. */
static void say_status(const char *suffix)
{
	char line[2 * SCREEN_TEXT];

	(void)snprintf(line, sizeof(line), "netmend: %.160s%s%.700s%s", screen.view.state,
	        screen.view.detail[0] ? ": " : "", screen.view.detail, suffix);
	for (char *p = line; *p; p++)
		if (*p == '\n')
			*p = ' ';
	screen_serial(line);
}

static void set_status(
        enum screen_band band, const char *state, const char *detail, const char *advice)
{
	struct screen_view *v = &screen.view;

	v->band = band;
	clean_text(v->state, sizeof(v->state), state);
	for (char *p = v->state; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	clean_text(v->detail, sizeof(v->detail), detail);
	clean_text(v->advice, sizeof(v->advice), advice);
	redraw();
}

void screen_status(const char *state, const char *detail)
{
	set_status(SCREEN_BLUE, state, detail, "");
	say_status("");
}

void screen_code(const char *code)
{
	text_clean(screen.view.code, sizeof(screen.view.code), code);
	redraw();
}

static enum screen_band band_of(enum reason reason)
{
	const char *severity = reason_severity(reason);

	if (strcmp(severity, "fail") == 0)
		return SCREEN_RED;
	if (strcmp(severity, "warn") == 0)
		return SCREEN_AMBER;
	return strcmp(severity, "ok") == 0 ? SCREEN_GREEN : SCREEN_BLUE;
}

void screen_reason(enum reason reason, const char *text)
{
	char advice[SCREEN_TEXT], suffix[64];

	(void)snprintf(
	        advice, sizeof(advice), "%s\n\n%s", reason_advice(reason), reason_code(reason));
	(void)snprintf(suffix, sizeof(suffix), " [%s]", reason_code(reason));
	set_status(band_of(reason), reason_title(reason), text, advice);
	say_status(suffix);
}

void screen_line(const char *format, ...)
{
	struct screen_view *v = &screen.view;
	char text[SCREEN_TEXT], line[SCREEN_TEXT + 16];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	unsigned at = 0;
	while (at < SCREEN_LINES && v->lines[at][0])
		at++;
	if (at == SCREEN_LINES)
		memmove(v->lines[0], v->lines[1], (size_t)(--at) * SCREEN_TEXT);
	text_clean(v->lines[at], SCREEN_TEXT, text);
	redraw();
	(void)snprintf(line, sizeof(line), "netmend: %s", v->lines[at]);
	screen_serial(line);
}
