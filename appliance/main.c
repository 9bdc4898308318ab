/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/cli.h"
#include "appliance/supervisor/watch.h"
#include "appliance/web/web.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
        "netmend " NETMEND_VERSION ": repairs machines that boot from the network\n"
        "\n"
        "  netmend serve                      run the appliance (as root)\n"
        "  netmend check                      judge configuration and host, start nothing\n"
        "\n"
        "  netmend machines list              every machine and how far it is\n"
        "  netmend machines add MAC [NAME]    put on the list: it is repaired when it boots\n"
        "  netmend machines import FILE       the same for a file of lines MAC[,NAME]; - is stdin\n"
        "  netmend machines remove WHICH      take off the list (WHICH: MAC, number or name)\n"
        "  netmend machines hold WHICH [WHY]  stop it: no boot, no key\n"
        "  netmend machines release WHICH     end a hold\n"
        "  netmend machines discard WHICH     start over without its interrupted repair\n"
        "  netmend machines show WHICH        everything known about it\n"
        "\n"
        "  netmend keys import FILE           recovery keys from CSV into escrow; - is stdin\n"
        "  netmend keys status                what escrow holds\n"
        "  netmend audit verify               check the chain of released keys\n"
        "  netmend audit show                 print it\n"
        "\n"
        "  netmend recipe list                the recipes that are built in\n"
        "  netmend recipe show NAME           one of them as a file, to change\n"
        "  netmend recipe check NAME|FILE     what a recipe would do, or the line that is wrong\n"
        "\n"
        "Options: --config FILE   default /etc/netmend.conf, if there is one\n"
        "         --state DIR     instead of the configuration's\n"
        "         --interface IF  serve, check: the network the machines are on\n"
        "         --json          machines list, show; recipe check\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong arguments or recipe.\n";

static int run_web(int argc, char **argv)
{
	struct web_options options;
	struct error err = {0};

	log_init("netmend[web]", false);
	if (web_options_parse(argc, argv, &options, &err) < 0) {
		log_error("%s", err.text);
		return CLI_USAGE;
	}
	return web_main(&options) < 0 ? CLI_FAILED : CLI_OK;
}

static int run_watch(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return cli_usage("watch is started by serve");
	log_init("netmend[watch]", false);
	return watch_main() < 0 ? CLI_FAILED : CLI_OK;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} verbs[] = {
	        {"serve", cli_serve},
	        {"check", cli_check},
	        {"machines", cli_machines},
	        {"keys", cli_keys},
	        {"audit", cli_audit},
	        {"recipe", cli_recipe},
	        {"web", run_web},
	        {"watch", run_watch},
	};

	if (argc < 2) {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	        strcmp(argv[1], "help") == 0) {
		fputs(help, stdout);
		return CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("netmend " NETMEND_VERSION);
		return CLI_OK;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr, "netmend: no such command: %s (see netmend --help)\n", argv[1]);
	return CLI_USAGE;
}
