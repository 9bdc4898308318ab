/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine's own screen: one large plain status, and the same as lines on the serial console.
 * Used by init and by the fixer; on a workstation (no /dev/tty0 owned by us) it is lines on
 * standard output.
 */
#ifndef BASE_SCREEN_H
#define BASE_SCREEN_H

#include "netmend/reason.h"

#include <stdbool.h>

/* Opens the consoles (tty0 and every serial console of /sys/class/tty/console/active) and doubles
 * the console font when the framebuffer is wide enough. They are ours when standard output is
 * /dev/console, as init sets it; otherwise, and without a console, everything goes to standard
 * output. Never fails. */
void screen_open(void);

/* Top line, kept until changed: machine name and serial, attempt. */
void screen_machine(const char *text);

/* Replaces the status: state in large letters ("WAITING FOR THE KEY"), then up to a few lines of
 * detail separated by '\n'. Serial gets "netmend: STATE: detail". */
void screen_status(const char *state, const char *detail);

/* The status of a reason: its title, text, and the advice. */
void screen_reason(enum reason reason, const char *text);

/* A few letters and digits to be read from across a room, under the status until they are changed;
 * "" takes them away. What has no large letter (screen_view.h) is left blank. Serial lines get
 * nothing: the status says the same in words. */
void screen_code(const char *code);

/* A line for the serial consoles only. */
void screen_serial(const char *text);

/* Returns when the serial consoles have sent everything: before a reboot. */
void screen_flush(void);

/* One more line under the status, also on serial; the last few are kept. */
void screen_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
