/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What standard output is, and how wide a text is on it. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct terminal {
	bool is;           /* standard output is a terminal */
	bool styled;       /* colour and bold may be used: NO_COLOR and TERM=dumb say no */
	bool utf8;         /* it shows more than ASCII */
	int width, height; /* in cells; 80 by 24 when it does not say */
};

/* As it was when last looked at; the first call looks. A process that was forked keeps what its
 * parent saw, so that what is painted through a pipe is made for the screen. */
const struct terminal *terminal(void);
void terminal_look(void);

/* Cells the text takes: 0 for a combining character, 2 for a wide one. The text is clean
 * (text_clean()). */
size_t terminal_width(const char *text);

/* Bytes of the text's longest beginning that takes no more than the cells. */
size_t terminal_fit(const char *text, size_t cells);

#endif
