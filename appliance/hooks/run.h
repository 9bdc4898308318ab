/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of netmend-hooks. */
#ifndef HOOKS_RUN_H
#define HOOKS_RUN_H

#include "appliance/hooks/settings.h"

/* Tells every webhook of what happens, in order, until the descriptor stop is readable. holder:
 * this appliance's id. 0 or -errno, logged. */
int hooks_run(struct store *s, const struct hook_settings *settings, const char *holder, int stop);

#endif
