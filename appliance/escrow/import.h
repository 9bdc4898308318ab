/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_IMPORT_H
#define ESCROW_IMPORT_H

#include "appliance/escrow/vault.h"

#include <stdio.h>

struct import_counts {
	uint64_t added, present, rejected;
};

/*
 * Imports CSV from fd: in each row the cell with 48 digits is the recovery password, the one with a
 * GUID (braces, any case, inside an AD name) is the key ID, the first other one is the host. A
 * first line without either is a header. Rejected rows are named on report as "line N: why", never
 * by value. Idempotent. 0 when the file was read to its end, whatever was rejected.
 */
int import_csv(
        struct vault *vault, int fd, FILE *report, struct import_counts *ret, struct error *err);

/* The first GUID inside text. 0 or -ENOENT. */
int import_find_guid(const char *text, struct guid *ret);

#endif
