/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one import has brought so far, as a set of keyed hashes. Inside the vault only. */
#ifndef ESCROW_VAULT_BROUGHT_H
#define ESCROW_VAULT_BROUGHT_H

#include "appliance/escrow/vault/vault.h"

/* hash: at least 8 bytes, of which the first 8 count; of a mark, an index or a name, which are
 * hashed under keys of their own. */
bool brought_has(const struct vault_brought *b, const uint8_t *hash);
/* 0, also when it is there already, or -ENOMEM. */
int brought_put(struct vault_brought *b, const uint8_t *hash);

#endif
