/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/screen.h"
#include "appliance/cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ECMA-48, and of xterm: the other page (1049), no cursor (25), long lines do not wrap (7). */
#define ENTER      "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE      "\033[?7h\033[?25h\033[?1049l"
#define TOP        "\033[H"
#define END_LINE   "\033[K\r\n"
#define CLEAR_REST "\033[J"
#define PAINT_MAX  (1024U * 1024)

struct screen {
	struct termios before;
	bool quiet; /* standard input is our terminal: before has to be put back */
	struct buffer paint;
};

static int write_all(const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, p, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Only from the foreground: a job in the background would be stopped for it. */
static void keep_quiet(struct screen *s)
{
	if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &s->before) < 0)
		return;
	struct termios quiet = s->before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	s->quiet = tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0;
}

void watch_screen_look(void)
{
	terminal_look();
}

int watch_screen_open(struct screen **ret)
{
	terminal_look();
	if (!terminal()->is)
		return 0;
	struct screen *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	buffer_init(&s->paint, PAINT_MAX);
	int r = write_all(ENTER, strlen(ENTER));
	if (r < 0) {
		free(s);
		return r;
	}
	keep_quiet(s);
	*ret = s;
	return 0;
}

static int paint_heading(struct buffer *out, const struct cli_call *call)
{
	const char *bold = terminal()->styled ? "\033[1m" : "", *plain = bold[0] ? "\033[0m" : "";
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm local;

	if (localtime_r(&now, &local))
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	return buffer_printf(out,
	        TOP "%snetmend %s %s%s   %s, every %g s; Ctrl-C ends" END_LINE END_LINE, bold,
	        call->group->name, call->verb->name, plain, clock, call->options.watch_ms / 1000.0);
}

static int paint_lines(struct buffer *out, const char *text, int room)
{
	int r = 0;

	for (; r == 0 && *text && room > 0; room--) {
		size_t len = strcspn(text, "\n");
		r = buffer_append(out, text, len);
		if (r == 0)
			r = buffer_append(out, END_LINE, strlen(END_LINE));
		text += len + (text[len] == '\n');
	}
	size_t more = 0;
	for (; *text; text++)
		more += *text == '\n';
	if (r == 0 && more > 0)
		r = buffer_printf(out, "(%zu more lines: make the window higher)\033[K", more);
	return r < 0 ? r : buffer_append(out, CLEAR_REST, strlen(CLEAR_REST));
}

int watch_screen_paint(struct screen *s, const struct cli_call *call, const struct buffer *text)
{
	buffer_reset(&s->paint);
	int r = paint_heading(&s->paint, call);
	if (r == 0)
		r = paint_lines(&s->paint, text->len ? (const char *)text->data : "",
		        terminal()->height - 3);
	return r < 0 ? r : write_all(s->paint.data, s->paint.len);
}

void watch_screen_close(struct screen *s, const struct buffer *last)
{
	if (!s)
		return;
	(void)write_all(LEAVE, strlen(LEAVE));
	if (s->quiet)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
	(void)write_all(last->data, last->len);
	buffer_free(&s->paint);
	free(s);
}
