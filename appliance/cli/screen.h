/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A terminal that is painted over and over, and left as it was. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "appliance/cli/verb.h"
#include "fixer/base/buffer.h"

struct screen;

/* Takes the terminal's other page, hides the cursor, and keeps what is typed from showing. *ret
 * stays NULL when standard output is no terminal. 0 or -errno. */
int watch_screen_open(struct screen **ret);

/* Looks at its size again. */
void watch_screen_look(void);

/* The verb and the time, then as many lines of the text as fit, in one write: nothing flickers. 0
 * or -errno. */
int watch_screen_paint(struct screen *s, const struct cli_call *call, const struct buffer *text);

/* Gives the terminal back; the last text stays on it. s may be NULL. */
void watch_screen_close(struct screen *s, const struct buffer *last);

#endif
