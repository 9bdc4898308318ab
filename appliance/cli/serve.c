/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/serve.h"
#include "appliance/cli/verb.h"
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

static int do_serve(const struct cli_call *call)
{
	struct config config;
	struct error err = {0};

	if (geteuid() != 0) {
		error_set(&err, -EPERM, REASON_USAGE,
		        "serve must be started as root (sudo): it opens ports 67, 69, 80 and 443 "
		        "and then runs everything that talks to the network as other users");
		return cli_fail(&err);
	}
	if (cli_load_config(&call->options, &config, &err) < 0)
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

const struct cli_verb serve_verbs[] = {
        {"", "", 0, 0, CLI_INTERFACE, NULL, "run the appliance (as root)", do_serve},
        {0},
};
