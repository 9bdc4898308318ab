/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/escrow.h"
#include "appliance/supervisor/serve.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int cli_run_escrow(const struct cli_options *options, const char *verb, const char *const *words)
{
	char program[STATE_PATH_MAX], state[STATE_PATH_MAX];
	const char *argv[CLI_ESCROW_WORDS_MAX + 6] = {"netmend-escrow", verb, "--state", state};
	struct error err = {0};
	struct config config;
	size_t count = 4;

	if (cli_open_state(options, &config) != CLI_OK)
		return CLI_FAILED;
	if (serve_find_program("netmend-escrow", program, &err) < 0)
		return cli_fail(&err);
	if (cli_become(&config.escrow) != CLI_OK)
		return CLI_FAILED;
	state_path(state, config.state, "escrow");
	if (options->json)
		argv[count++] = "--json";
	for (size_t i = 0; words && words[i] && i < CLI_ESCROW_WORDS_MAX; i++)
		argv[count++] = words[i];
	execv(program, (char **)(uintptr_t)argv);
	error_set(&err, -errno, REASON_CANNOT_OPEN, "cannot run %s: %s", program, strerror(errno));
	return cli_fail(&err);
}
