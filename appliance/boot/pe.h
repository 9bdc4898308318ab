/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a UEFI program says of itself: for which processor it is, and under which authorities it is
 * signed. Format: Microsoft's PE/COFF specification; a signature is PKCS #7 in the certificate
 * table. Signatures are not verified here: the firmware does that, with keys we don't have.
 */
#ifndef BOOT_PE_H
#define BOOT_PE_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_SIGNERS_MAX 4
#define PE_NAME        100

struct pe_program {
	bool x64;       /* for x86-64 */
	size_t signers; /* 0: not signed; more than PE_SIGNERS_MAX are left out */
	char signer[PE_SIGNERS_MAX][PE_NAME]; /* the authority's common name, printable ASCII */
};

/* Whether it begins as every UEFI program does: enough to tell a wrong file. */
bool pe_begins(const uint8_t *data, size_t len);

/* data is hostile. -EINVAL with USAGE: no UEFI program, or a certificate table that can't be read.
 */
int pe_read(const uint8_t *data, size_t len, struct pe_program *ret, struct error *err);

#endif
