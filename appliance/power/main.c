/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmend-power: the command line. */
#include "appliance/guard/wiping_heap.h"
#include "appliance/power/command.h"
#include "fixer/base/json_wipe.h"
#include "fixer/base/log.h"
#include "fixer/base/secret.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void print_usage(FILE *to)
{
	(void)fprintf(to,
	        "usage:\n%sDrives management controllers (BMCs).\n"
	        "order does one order in this process and prints what came of it as JSON: for "
	        "trying\none controller out. The password is the first line of FILE, or of "
	        "standard "
	        "input (-).\nORDER: status, check, boot, media, eject, on, off, cycle.\n",
	        power_command_usage);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int status = 2;

	log_init("netmend-power", false);
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	json_wipe_init();
	if (secrets_init() < 0) {
		log_error("cannot protect the process's memory");
		return 1;
	}
	if (strcmp(verb, "--help") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(verb, "order") == 0)
		status = power_command(argc - 1, argv + 1);
	if (status == 2)
		print_usage(stderr);
	return status;
}
