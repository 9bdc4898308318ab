/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend keys`: what is done on the vault's file (keys.c), and what the running escrow is asked
 * (keys_running.c). */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "appliance/cli/verb.h"

int keys_sources(const struct cli_call *call);
int keys_snapshot(const struct cli_call *call);
int keys_unlock(const struct cli_call *call);

#endif
