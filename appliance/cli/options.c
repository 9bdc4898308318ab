/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/cli.h"
#include "appliance/supervisor/child.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cli_fail(const struct error *err)
{
	fprintf(stderr, "netmend: %s\n", err->text);
	return CLI_FAILED;
}

int cli_usage(const char *text)
{
	fprintf(stderr, "netmend: %s (see netmend --help)\n", text);
	return CLI_USAGE;
}

int cli_load_config(const struct cli_options *options, struct config *ret, struct error *err)
{
	struct config config;
	int r = 0;

	if (options->config)
		r = config_load(options->config, &config, err);
	else if (access(CONFIG_FILE, F_OK) == 0)
		r = config_load(CONFIG_FILE, &config, err);
	else
		config_defaults(&config);
	if (r == 0 && options->interface)
		r = config_set(
		        &config, "server", "interface", options->interface, "--interface", err);
	if (r == 0 && options->state)
		r = config_set(&config, "server", "state", options->state, "--state", err);
	if (r == 0)
		*ret = config;
	return r;
}

int cli_open_state(const struct cli_options *options, struct config *ret)
{
	struct error err = {0};
	struct config config;

	if (cli_load_config(options, &config, &err) < 0 ||
	        config_resolve_accounts(&config, &err) < 0 ||
	        (geteuid() == 0 && state_prepare(&config, &err) < 0))
		return cli_fail(&err);
	*ret = config;
	return CLI_OK;
}

int cli_become(const struct account *account)
{
	struct error err = {0};

	if (getuid() == account->uid)
		return CLI_OK;
	if (geteuid() != 0) {
		error_set(&err, -EPERM, REASON_USAGE, "run this as root (sudo) or as user %s",
		        account->name);
		return cli_fail(&err);
	}
	int r = identity_drop(account->uid, account->gid, 0);
	if (r == 0)
		return CLI_OK;
	error_set(
	        &err, r, REASON_INTERNAL, "cannot become user %s: %s", account->name, strerror(-r));
	return cli_fail(&err);
}

int cli_open_input(const char *path)
{
	struct error err = {0};

	if (strcmp(path, "-") == 0)
		return CLI_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && dup2(fd, STDIN_FILENO) >= 0)
		return CLI_OK;
	error_set(&err, -errno, REASON_CANNOT_OPEN, "cannot open %s: %s", path, strerror(errno));
	return cli_fail(&err);
}
