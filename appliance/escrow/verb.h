/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What netmend-escrow can be told to do. Each verb is a function of the part it belongs to. */
#ifndef ESCROW_VERB_H
#define ESCROW_VERB_H

#include "fixer/base/error.h"

#include <stdbool.h>

/* A verb gives the exit status: 0; 1 when it failed and said so; VERB_USAGE; or one of its own. */
#define VERB_USAGE 2

/* What most verbs take: --state DIR, and --json where it is allowed. */
struct verb_options {
	const char *state;
	bool json;
};

/* argv[0] is the verb. 0, or -EINVAL for another option, a word too many, no --state. */
int verb_options(int argc, char **argv, struct verb_options *ret);

/* Logs the error; 1. */
int verb_fail(const struct error *err);

/* serve.c */
int verb_serve(int argc, char **argv);
/* vault/verb_import.c, vault/verb_list.c, vault/verbs.c */
int verb_import(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_wipe(int argc, char **argv);
int verb_passphrase(int argc, char **argv);
/* bmc/verbs.c */
int verb_bmc_import(int argc, char **argv);
int verb_bmc_list(int argc, char **argv);
int verb_bmc_login(int argc, char **argv);
int verb_bmc_logins(int argc, char **argv);
int verb_bmc_remove(int argc, char **argv);
int verb_bmc_forget(int argc, char **argv);
/* audit/verbs.c */
int verb_audit_verify(int argc, char **argv);
int verb_audit_show(int argc, char **argv);
int verb_audit_export(int argc, char **argv);
int verb_audit_rotation(int argc, char **argv);

#endif
