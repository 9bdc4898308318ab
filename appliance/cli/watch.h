/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "appliance/cli/verb.h"

/*
 * Runs the verb again and again, each time in a process of its own, until Ctrl-C (or SIGTERM,
 * SIGHUP), and shows what it printed: on a terminal over what was there before, in a pipe one after
 * the other, with --json as one line each, {"at":ms,"status":exit status,"answer":what it printed}.
 * Leaves the terminal as it was. CLI_OK, or CLI_FAILED and printed.
 */
int cli_watch(const struct cli_call *call);

#endif
