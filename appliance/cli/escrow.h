/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `netmend keys` and `netmend audit` share: the work is netmend-escrow's, under its user. */
#ifndef CLI_ESCROW_H
#define CLI_ESCROW_H

#include "appliance/cli/cli.h"

#define CLI_ESCROW_WORDS_MAX 80

/* Becomes escrow-user and replaces this process by "netmend-escrow verb --state DIR [--json] [words
 * ...]"; words end with NULL and may be NULL. Returns only when it can't, and has printed why. */
int cli_run_escrow(const struct cli_options *options, const char *verb, const char *const *words);

#endif
