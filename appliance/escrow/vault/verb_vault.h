/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the verbs about the vault share: their options, and opening what they work on. */
#ifndef ESCROW_VERB_VAULT_H
#define ESCROW_VERB_VAULT_H

#include "appliance/escrow/audit/audit.h"
#include "appliance/escrow/vault/vault.h"
#include "appliance/escrow/verb.h"

struct vault_verb {
	const char *state;
	bool json, dry_run;
	int settings_fd;   /* -1: none: the vault has its own key file */
	int passphrase_fd; /* what opens a vault of kind ASK; -1: none */
	int secret_fd;     /* of the verb passphrase: the new passphrase or key file; -1: none */
	int inventory_fd;  /* of the verb list; -1: none */
	char **words;      /* behind the options, until NULL */
	enum vault_key_kind kind; /* how the settings say the vault is opened; after opening it */
	bool syslog;              /* audit records are copied; likewise */
};

/* argv[0] is the verb. 0 or -EINVAL. */
int vault_verb_options(int argc, char **argv, struct vault_verb *ret);

/* Makes the folder when it is missing, opens the vault with the key of the settings, unlocks it
 * when its passphrase was handed over. */
int vault_verb_open(struct vault_verb *o, struct vault **ret, struct error *err);

/* The same, unlocked, and the audit record beside it. */
int vault_verb_open_both(struct vault_verb *o, struct vault **ret_vault, struct audit **ret_audit,
        struct error *err);

/* Before a file of somebody else's making is read: from now on this process reaches nothing but
 * what it has open and its own folder. */
int vault_verb_walls(const struct vault_verb *o, struct error *err);

/* Reads fd to its end, at most max bytes (-EMSGSIZE), and closes it. */
int vault_verb_read(int fd, size_t max, struct secret **ret, struct error *err);

/* "2024-07-19 04:09" UTC; "never" for 0. */
#define VAULT_TIME_TEXT 20
void vault_time_text(int64_t ms, char out[VAULT_TIME_TEXT]);

#endif
