/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend keys` and `netmend audit`: handed to netmend-escrow, under its user. This program never
 * reads a key. */
#include "appliance/cli/cli.h"
#include "appliance/supervisor/serve.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Replaces this process; returns only when it can't. */
static int run_escrow(const struct cli_options *options, const char *verb)
{
	char self[STATE_PATH_MAX], program[STATE_PATH_MAX], state[STATE_PATH_MAX];
	struct error err = {0};
	struct config config;

	if (cli_open_state(options, &config) != CLI_OK)
		return CLI_FAILED;
	if (serve_find_escrow(self, program, &err) < 0)
		return cli_fail(&err);
	if (cli_become(&config.escrow) != CLI_OK)
		return CLI_FAILED;
	state_path(state, config.state, "escrow");
	execl(program, "netmend-escrow", verb, "--state", state, options->json ? "--json" : NULL,
	        (char *)NULL);
	error_set(&err, -errno, REASON_CANNOT_OPEN, "cannot run %s: %s", program, strerror(errno));
	return cli_fail(&err);
}

int cli_keys(int argc, char **argv)
{
	struct cli_options options;

	if (cli_take_options(&argc, argv, &options) != CLI_OK)
		return CLI_USAGE;
	if (options.json)
		return cli_usage("keys knows no --json");
	if (argc == 3 && strcmp(argv[1], "import") == 0)
		return cli_open_input(argv[2]) == CLI_OK ? run_escrow(&options, "import")
		                                         : CLI_FAILED;
	if (argc == 2 && strcmp(argv[1], "status") == 0)
		return run_escrow(&options, "status");
	return cli_usage("keys import FILE, or keys status");
}

int cli_audit(int argc, char **argv)
{
	struct cli_options options;

	if (cli_take_options(&argc, argv, &options) != CLI_OK)
		return CLI_USAGE;
	if (argc == 2 && strcmp(argv[1], "verify") == 0 && !options.json)
		return run_escrow(&options, "audit-verify");
	if (argc == 2 && strcmp(argv[1], "show") == 0)
		return run_escrow(&options, "audit-show");
	return cli_usage("audit verify, or audit show");
}
