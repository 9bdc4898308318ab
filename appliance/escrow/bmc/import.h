/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A list of management controllers (CSV) into the vault. The first row names the columns:
 * machine, uuid, serial, mac, address, port, type, user, password, group, certificate, and what
 * else tools call them; unlike recovery keys nothing here shows by itself what it is. Good rows are
 * kept and bad ones told, each with its line; no cell of a column that holds a password is.
 */
#ifndef ESCROW_BMC_IMPORT_H
#define ESCROW_BMC_IMPORT_H

#include "appliance/escrow/vault/bmc.h"

#include <signal.h>
#include <stdio.h>

enum bmc_column {
	BMC_COLUMN_NAME,
	BMC_COLUMN_UUID,
	BMC_COLUMN_SERIAL,
	BMC_COLUMN_MAC, /* of the machine; several in a cell, or several columns */
	BMC_COLUMN_ADDRESS,
	BMC_COLUMN_PORT,
	BMC_COLUMN_TYPE,
	BMC_COLUMN_USER,
	BMC_COLUMN_PASSWORD,
	BMC_COLUMN_GROUP,
	BMC_COLUMN_CERTIFICATE,
	BMC_COLUMNS,
	BMC_COLUMN_UNKNOWN = BMC_COLUMNS
};
/* What a column's name in the header says. */
enum bmc_column bmc_column_of(const char *name);

struct bmc_import {
	struct vault *vault;
	const char *name; /* of the file, for the report */
	FILE *report;     /* a line for each bad row */
	const volatile sig_atomic_t *stop;
	bool dry_run; /* nothing is kept */
};

struct bmc_import_counts {
	uint64_t rows, added, changed, same, rejected, without_login;
	bool passwords; /* there was one in the file */
};

/* One transaction. -EINVAL: the header does not say which column is the address, or which the
 * machine; -EIO; -EINTR: stopped, nothing is kept. fd stays the caller's. */
int bmc_import_csv(
        const struct bmc_import *i, int fd, struct bmc_import_counts *ret, struct error *err);

/* One row's cells as a record. -EINVAL with what is wrong, never a password. The caller clears
 * *ret. */
int bmc_row_read(const enum bmc_column *columns, const char *const *cells, size_t count,
        struct vault_bmc *ret, struct error *err);

#endif
