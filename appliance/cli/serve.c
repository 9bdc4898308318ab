/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/serve.h"
#include "appliance/cli/cli.h"
#include "fixer/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_interfaces(void)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		char text[INET_ADDRSTRLEN];

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		        (i->ifa_flags & IFF_LOOPBACK))
			continue;
		const struct sockaddr_in *in = (const void *)i->ifa_addr;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		printf("  %-15s %s\n", i->ifa_name, text);
	}
	freeifaddrs(all);
}

/* The one thing that has no default, asked for when a person is there. */
static int ask_interface(struct config *config, struct error *err)
{
	char line[64];

	printf("No configuration file. On which network are the machines to be repaired?\n\n");
	print_interfaces();
	printf("\nInterface: ");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return error_set(err, -EINVAL, REASON_USAGE, "no interface given");
	line[strcspn(line, " \t\r\n")] = '\0';
	return config_set(config, "server", "interface", line, "answer", err);
}

int cli_serve(int argc, char **argv)
{
	struct cli_options options;
	struct config config;
	struct error err = {0};

	if (cli_take_options(&argc, argv, &options) != CLI_OK)
		return CLI_USAGE;
	if (argc > 1 || options.json)
		return cli_usage("serve takes --config FILE or --interface IF, nothing else");
	if (geteuid() != 0) {
		error_set(&err, -EPERM, REASON_USAGE,
		        "serve must be started as root (sudo): it opens ports 67, 69, 80 and 443 "
		        "and then runs everything that talks to the network as other users");
		return cli_fail(&err);
	}
	if (cli_load_config(&options, &config, &err) < 0)
		return cli_fail(&err);
	if (config.interface[0] == '\0' && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	        ask_interface(&config, &err) < 0)
		return cli_fail(&err);
	if (config_resolve(&config, &err) < 0)
		return cli_fail(&err);
	log_init("netmend[serve]", false);
	if (serve_main(&config, &err) < 0)
		return cli_fail(&err);
	return CLI_OK;
}
