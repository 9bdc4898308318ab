/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machines of an inventory have no key in the vault: to be known before the incident. */
#ifndef ESCROW_MISSING_H
#define ESCROW_MISSING_H

#include "appliance/escrow/vault/vault.h"

#include <stdio.h>

struct missing_counts {
	uint64_t machines, missing;
	uint64_t unnamed; /* rows with neither name nor serial nor key ID */
};

/* line: of the inventory. host and serial as they stand there, clean; id: "" or the key ID. */
typedef int missing_fn(
        void *context, unsigned long line, const char *host, const char *serial, const char *id);

/*
 * Reads CSV from fd (csv.h, columns.h: a column of names, serials or key IDs is told by content)
 * and calls each() for every machine of which the vault has no key, by none of what its row says.
 * report gets which column is taken for what. -EINVAL when no column is understood.
 */
int missing_find(struct vault *v, int fd, FILE *report, missing_fn *each, void *context,
        struct missing_counts *ret, struct error *err);

#endif
