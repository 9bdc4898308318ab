/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Management controllers (BMCs) of machines, in the vault's file beside the recovery keys: where
 * each is, and how it lets us in. One record a machine, each one box of one size; found by keyed
 * hashes of the machine's UUID, serial, MACs and name. Logins may be a record's own, its group's
 * or the default one. Threads, processes, errors and locking: as vault.h.
 */
#ifndef ESCROW_VAULT_BMC_H
#define ESCROW_VAULT_BMC_H

#include "appliance/escrow/vault/vault.h"

#define VAULT_BMC_MACS     4
#define VAULT_BMC_MAC      18  /* "52:54:00:12:34:56" */
#define VAULT_BMC_UUID     37  /* upper case */
#define VAULT_BMC_TYPE     8   /* "auto", "ipmi", "redfish", "amt" */
#define VAULT_BMC_ADDRESS  256 /* a host name or an IP address, without a port */
#define VAULT_BMC_GROUP    65
#define VAULT_BMC_USER     65
#define VAULT_BMC_PIN      65  /* SHA-256 of a certificate (DER), 64 hex digits in lower case */
#define VAULT_BMC_PASSWORD 129 /* with its NUL */
#define VAULT_BMC_DEFAULT  ""  /* the group of the default login */

/* The machine a controller belongs to; "" for what is not known, at least one is. */
struct vault_bmc_machine {
	char name[VAULT_HOST], uuid[VAULT_BMC_UUID], serial[VAULT_SERIAL];
	char macs[VAULT_BMC_MACS][VAULT_BMC_MAC]; /* of the machine itself, not of the controller */
};

struct vault_bmc {
	int64_t id; /* of the record; not used by vault_bmc_put() */
	struct vault_bmc_machine machine;
	char type[VAULT_BMC_TYPE], address[VAULT_BMC_ADDRESS];
	uint16_t port; /* 0: that of its kind */
	char group[VAULT_BMC_GROUP];
	char user[VAULT_BMC_USER]; /* "": its group's login */
	struct secret *password;   /* with its NUL; owned. NULL: its group's login */
	char pin[VAULT_BMC_PIN];   /* "": not known yet */
	int64_t changed;           /* ms since 1970 */
};
void vault_bmc_clear(struct vault_bmc *b);

enum vault_bmc_put {
	VAULT_BMC_ADDED,
	VAULT_BMC_CHANGED, /* in the place of this machine's record */
	VAULT_BMC_SAME,    /* exactly this was there */
};

/*
 * b in the place of this machine's record, if there is one. A certificate that is known stays so
 * while address and port do; where b has no login of its own and its address did not change, the
 * one there stays. -EEXIST: its identities are those of several records, or another machine's
 * record has its address and port: err names them, nothing is changed. Of many, between
 * vault_begin() and vault_commit().
 */
int vault_bmc_put(
        struct vault *v, const struct vault_bmc *b, enum vault_bmc_put *ret, struct error *err);

/* The record of this machine: the one with its UUID (in either byte order), else its serial, else
 * one of its MACs, else its name. login: user and password are those to be used: its own, its
 * group's, or the default ones (all empty where there are none). -ENOENT; -EBADMSG for a row that
 * this vault did not write. */
int vault_bmc_find(struct vault *v, const struct vault_bmc_machine *m, bool login,
        struct vault_bmc *ret, struct error *err);

/* All records in the order of their ids from after + 1 on, passwords left out, until take returns
 * other than 0, which is then the result. take must not call the vault. */
int vault_bmc_each(struct vault *v, int64_t after,
        int (*take)(void *context, const struct vault_bmc *b), void *context, struct error *err);

int vault_bmc_remove(struct vault *v, int64_t id, struct error *err); /* -ENOENT */

/* What was learnt of a record: its certificate, "" to forget it. only_first: nothing where one is
 * known already (-EEXIST). address: nothing where the record has another one by now (-ESTALE). */
int vault_bmc_pin(struct vault *v, int64_t id, const char *address, const char *pin,
        bool only_first, struct error *err);

/* The login of a group, "" for the default one; user NULL removes it (-ENOENT). */
int vault_bmc_login_put(struct vault *v, const char *group, const char *user,
        const struct secret *password, struct error *err);
/* Calls take for each that there is, without its password. */
int vault_bmc_logins(struct vault *v,
        int (*take)(void *context, const char *group, const char *user), void *context,
        struct error *err);

/* How many records there are, and a number that is another one after each change of them (also by
 * another process). Work while locked. */
int vault_bmc_figures(
        struct vault *v, uint64_t *ret_count, int64_t *ret_revision, struct error *err);

#endif
