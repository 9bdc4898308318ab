/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of the `netmend` command. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "appliance/config/config.h"
#include "appliance/store/store.h"

#include <jansson.h>
#include <stdint.h>

/* Exit statuses of every verb. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* Options common to the verbs. */
struct cli_options {
	const char *config;    /* --config FILE */
	const char *interface; /* --interface IF */
	const char *state;     /* --state DIR */
	bool json;             /* --json */
	int watch_ms;          /* --watch [SECONDS]; 0: not given */
};

/* The configuration they name: --config, else CONFIG_FILE when it is there, else the defaults; then
 * the other options over it. Not resolved. */
int cli_load_config(const struct cli_options *options, struct config *ret, struct error *err);

/* For a command about the state directory: loads, resolves the users only and makes the
 * directories when we are root. Prints why not. CLI_OK or CLI_FAILED. */
int cli_open_state(const struct cli_options *options, struct config *ret);

/* Becomes the account when we are root; nothing when we are it already; otherwise prints that root
 * is needed. CLI_OK or CLI_FAILED. */
int cli_become(const struct account *account);

/* For a verb that works on the fleet: loads the configuration as cli_open_state() does, becomes
 * web's user and opens the store it names, whichever kind it is. What only the caller may read
 * (cli_open_input()) is opened before. Prints why not. CLI_OK or CLI_FAILED; store_close() after.
 */
int cli_open_store(
        const struct cli_options *options, struct config *ret_config, struct store **ret);

/* Makes the file standard input ("-": leaves it), opened as the caller: call it before
 * cli_become(), so that whose file it is decides who may read it. Prints why not. */
int cli_open_input(const char *path);

/* Prints "netmend: text" on standard error and returns CLI_FAILED. */
int cli_fail(const struct error *err);
int cli_usage(const char *text); /* the same with CLI_USAGE and a hint at --help */

/* For programs, on standard output. Takes json over (NULL: no memory). CLI_OK, or CLI_FAILED and
 * printed. */
int cli_print_json(json_t *json);

/* Local time of ms since 1970, "2026-11-22 17:03:11"; "never" for 0. */
#define CLI_TIME_TEXT 32
void cli_time_text(int64_t ms, char ret[CLI_TIME_TEXT]);
/* How long ago that was: "40 s", "5 min", "3 h", "2 days"; "never" for 0. */
void cli_age_text(int64_t ms, char ret[CLI_TIME_TEXT]);

#endif
