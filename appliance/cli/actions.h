/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLI_ACTIONS_H
#define CLI_ACTIONS_H

#include "appliance/cli/verb.h"

/* `netmend audit actions`: what people did, of web's store. An exit status. */
int cli_actions(const struct cli_call *call);

extern const struct cli_option cli_actions_options[];

#endif
