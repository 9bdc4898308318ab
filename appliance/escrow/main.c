/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmend-escrow: the command line. */
#include "appliance/escrow/verb.h"
#include "fixer/base/log.h"
#include "fixer/base/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define VAULT_OPTIONS "[--settings-fd N] [--passphrase-fd N]"

static const struct verb {
	const char *name, *options;
	int (*run)(int argc, char **argv);
} verbs[] = {
        {"serve", "--state DIR (--socket PATH | --listen-fd N) --web-uid N [--settings-fd N]",
                verb_serve},
        {"import", "--state DIR " VAULT_OPTIONS " [--dry-run] [FD:NAME ...]", verb_import},
        {"status", "--state DIR " VAULT_OPTIONS " [--json]", verb_status},
        {"list", "--state DIR " VAULT_OPTIONS " [--json] [--inventory-fd N]", verb_list},
        {"wipe", "--state DIR " VAULT_OPTIONS, verb_wipe},
        {"passphrase", "--state DIR " VAULT_OPTIONS " --secret-fd N [file] | auto",
                verb_passphrase},
        {"bmc-import", "--state DIR " VAULT_OPTIONS " [--dry-run] FD:NAME", verb_bmc_import},
        {"bmc-list", "--state DIR " VAULT_OPTIONS " [--json]", verb_bmc_list},
        {"bmc-login", "--state DIR " VAULT_OPTIONS " [--secret-fd N] GROUP [USER]", verb_bmc_login},
        {"bmc-logins", "--state DIR " VAULT_OPTIONS " [--json]", verb_bmc_logins},
        {"bmc-remove", "--state DIR " VAULT_OPTIONS " MACHINE", verb_bmc_remove},
        {"bmc-forget", "--state DIR " VAULT_OPTIONS " MACHINE", verb_bmc_forget},
        {"audit-verify", "--state DIR [--copied < LOG]", verb_audit_verify},
        {"audit-show", "--state DIR [--json] [--machine WHICH] [--since TIME]", verb_audit_show},
        {"audit-export", "--state DIR [--csv|--json]", verb_audit_export},
        {"audit-rotation", "--state DIR [--csv|--json|--done GUID|--done - < LIST]",
                verb_audit_rotation},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_usage(FILE *out)
{
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "%s netmend-escrow %s %s\n", i == 0 ? "usage:" : "      ",
		        verbs[i].name, verbs[i].options);
	fputs("The process that holds recovery keys; usually started by `netmend serve`, or "
	      "through `netmend keys` and `netmend power`.\n",
	        out);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	int status = VERB_USAGE;

	log_init("netmend-escrow", false);
	(void)umask(077);
	if (secrets_init() < 0) {
		log_error("cannot protect the process's memory");
		return 1;
	}
	if (strcmp(name, "--help") == 0) {
		print_usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(name, verbs[i].name) == 0)
			status = verbs[i].run(argc - 1, argv + 1);
	if (status == VERB_USAGE)
		print_usage(stderr);
	return status;
}
