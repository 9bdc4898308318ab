/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machines a verb of `netmend power` is about, and its numbers. */
#ifndef CLI_POWER_PICK_H
#define CLI_POWER_PICK_H

#include "appliance/cli/machines.h"

#include <jansson.h>

/* The filter of its options, where machines are not named: both are CLI_USAGE, and printed.
 * filter_free() in either case. */
int cli_power_filter(const struct cli_call *call, struct machine_filter *ret);

/* Those its words name, or those of its filter. A word that is no machine is printed: CLI_FAILED,
 * as when there is none. free() what `all` points to. */
int cli_power_pick(const struct cli_call *call, struct store *store,
        const struct machine_filter *filter, struct machine_list *ret);

/* The number of an option, `otherwise` where it was not given. CLI_OK; CLI_USAGE and printed. */
int cli_power_number(const struct cli_call *call, const char *name, long otherwise, long least,
        long most, long *ret);

/* A machine as questions to escrow name it; NULL without memory or where the store fails. */
json_t *cli_power_subject(struct store *store, const struct machine *m);

#endif
