/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine writes to its serial console, by IPMI's serial over LAN. Nothing is ever typed. */
#ifndef POWER_CONSOLE_H
#define POWER_CONSOLE_H

#include "appliance/power/power.h"

/*
 * power_ops.console of IPMI: the screen that the characters make which come from now on, until
 * nothing more has come for 3 seconds, or shortly before the deadline. Most BMCs keep nothing: what
 * was written before is not seen. Who is on that console already is not thrown out: POWER_BUSY. ret
 * is touched after success only.
 */
int ipmi_console(const struct power_target *t, int64_t deadline, struct power_screen *ret,
        struct error *err);

/* --- the terminal (console_screen.c): bytes in, rows out -------------------------------------- */

struct console_terminal;
struct console_terminal *console_terminal_new(void); /* NULL without memory */
void console_terminal_free(struct console_terminal *t);
void console_terminal_write(struct console_terminal *t, const void *bytes, size_t len);
/* The rows of ret, not its time. */
void console_terminal_rows(const struct console_terminal *t, struct power_screen *ret);

#endif
