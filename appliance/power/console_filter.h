/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of a serial console's bytes may reach the terminal: libvterm 0.1.4 trusts them. Asked to
 * repeat a character without width it never comes back, and a question about a setting it does not
 * know (DCS $ q) ends the process. So it is given text and the control sequences that move text
 * about, spelt by us; colours, titles, questions and everything else stay out.
 */
#ifndef POWER_CONSOLE_FILTER_H
#define POWER_CONSOLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_FILTER_PARAMETERS 24
/* The most that one byte lets through: a character repeated over a line. */
#define CONSOLE_FILTER_OUT 80

/* Zeroed: the beginning. */
struct console_filter {
	enum { FILTER_TEXT, FILTER_ESCAPE, FILTER_CHARSET, FILTER_SEQUENCE, FILTER_STRING } place;
	char parameters[CONSOLE_FILTER_PARAMETERS + 1]; /* of a sequence, terminated */
	size_t len;                                     /* of them; of a string: bytes in it */
	char charset;                                   /* '(' or ')' */
	char last;                                      /* ASCII character just let through, or 0 */
	bool bad;                                       /* the sequence stays out */
};

/* Takes one byte; how many bytes of out go to the terminal for it. */
size_t console_filter(struct console_filter *f, uint8_t byte, char out[CONSOLE_FILTER_OUT]);

#endif
