/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of `netmend power`. Each gives an exit status and has printed why. */
#ifndef CLI_POWER_H
#define CLI_POWER_H

#include "appliance/cli/verb.h"

/* power_records.c: the controllers in escrow's vault. */
int power_import(const struct cli_call *call);
int power_list(const struct cli_call *call);
int power_login(const struct cli_call *call);
int power_logins(const struct cli_call *call);
int power_remove(const struct cli_call *call);
int power_forget(const struct cli_call *call);

/* power_look.c: check and status, told apart by the verb's name. */
int cli_power_check(const struct cli_call *call);

/* power_act.c: boot, media, eject, on, off, cycle, told apart by the verb's name. */
int cli_power_act(const struct cli_call *call);

/* power_orders.c: what was ordered and how far it is. */
int cli_power_orders(const struct cli_call *call);
int cli_power_stop(const struct cli_call *call);

#endif
