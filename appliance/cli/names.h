/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "appliance/cli/verb.h"

/* `netmend completion names`: one a line; nothing, without an error, where there is no store. */
int cli_names(const struct cli_call *call);

#endif
