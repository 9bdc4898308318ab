/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ways init waits and ends. */
#ifndef INIT_LEAVE_H
#define INIT_LEAVE_H

#include "netmend/reason.h"

#include <stdint.h>

/* Waits until something happened or until then (ms since kernel start); restarts the machine when
 * somebody pressed Ctrl-Alt-Del. */
void init_wait_until(uint64_t until);

/* Restarts the machine. */
_Noreturn void init_leave(void);

/* Leaves the screen as it is until somebody presses Ctrl-Alt-Del. */
_Noreturn void init_hold(void);

/* Shows the reason, restarts after so many seconds. */
_Noreturn void init_fail(enum reason reason, const char *text, unsigned seconds);

#endif
