/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of the `netmend` command. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "appliance/config/config.h"

/* Exit statuses of every verb. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* argv[0] is the verb. Each returns an exit status and has printed why when it isn't CLI_OK. */
int cli_serve(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_keys(int argc, char **argv);
int cli_machines(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_recipe(int argc, char **argv);

/* Options common to the verbs; what is left in argv are the verb's own words. */
struct cli_options {
	const char *config;    /* --config FILE */
	const char *interface; /* --interface IF */
	const char *state;     /* --state DIR */
	bool json;             /* --json */
};

/* Takes the options out of argv (verb included in the count) and closes the gaps. Prints and
 * returns CLI_USAGE for an unknown one. */
int cli_take_options(int *argc, char **argv, struct cli_options *ret);

/* The configuration they name: --config, else CONFIG_FILE when it is there, else the defaults; then
 * the other options over it. Not resolved. */
int cli_load_config(const struct cli_options *options, struct config *ret, struct error *err);

/* For a command about the state directory: loads, resolves the users only and makes the
 * directories when we are root. Prints why not. CLI_OK or CLI_FAILED. */
int cli_open_state(const struct cli_options *options, struct config *ret);

/* Becomes the account when we are root; nothing when we are it already; otherwise prints that root
 * is needed. CLI_OK or CLI_FAILED. */
int cli_become(const struct account *account);

/* Makes the file standard input ("-": leaves it), opened as the caller: call it before
 * cli_become(), so that whose file it is decides who may read it. Prints why not. */
int cli_open_input(const char *path);

/* Prints "netmend: text" on standard error and returns CLI_FAILED. */
int cli_fail(const struct error *err);
int cli_usage(const char *text); /* the same with CLI_USAGE and a hint at --help */

#endif
