/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `netmend serve` (root) hands to this process: policy and the vault's key, taken from a
 * configuration that only root can write. It comes as one JSON object through a pipe, so that no
 * secret is ever in a file, an argument or an environment of ours. Format: appliance/README.md.
 */
#ifndef ESCROW_SETTINGS_H
#define ESCROW_SETTINGS_H

#include "appliance/escrow/policy/policy.h"
#include "appliance/escrow/vault/vault.h"

struct settings_source {
	char name[32];
	char type[16]; /* vault, ldap, graph, exec */
};

struct settings {
	struct vault_key vault; /* its secret is owned by the settings */
	struct policy_rules rules;
	size_t source_count; /* in the order they are asked */
	struct settings_source sources[NM_MAX_SOURCES];
	char fetch[108];  /* path of netmend-fetch's socket; "": there is none */
	char power[108];  /* the same of netmend-power's */
	bool syslog;      /* audit records are copied there */
	bool page_import; /* recovery keys may come through the status page */
};

/* What holds without any: vault with a key file made on the first start, everything automatic. */
void settings_defaults(struct settings *ret);

/* Strict. -EBADMSG names the field. Text of len bytes. */
int settings_parse(const char *text, size_t len, struct settings *ret, struct error *err);

/* Reads fd to its end (at most NM_MAX_SETTINGS), closes it, parses. */
int settings_read(int fd, struct settings *ret, struct error *err);

void settings_clear(struct settings *s);

#endif
