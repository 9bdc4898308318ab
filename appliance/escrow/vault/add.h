/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adding one row, for imports and snapshots. Inside the vault only. */
#ifndef ESCROW_VAULT_ADD_H
#define ESCROW_VAULT_ADD_H

#include "appliance/escrow/vault/internal.h"

struct add_context {
	int64_t source, run; /* run: number of the snapshot, 0 for an import */
	bool page;           /* an import through the status page */
	int64_t now;
	struct vault_brought *brought; /* NULL: no import */
	bool look;                     /* nothing is written; with brought only */
};

/* With the lock, and vault_ready(). */
int add_row(struct vault *v, const struct add_context *c, const struct vault_entry *e,
        enum vault_added *ret, struct error *err);

int64_t vault_now(void); /* ms since 1970 */

#endif
