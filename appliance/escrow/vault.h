/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The vault: recovery keys by key ID, encrypted at rest. One SQLite file; every row is a box of one
 * size under a key from vault.key, found by a keyed hash of the key ID.
 */
#ifndef ESCROW_VAULT_H
#define ESCROW_VAULT_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define VAULT_RECOVERY_KEY_LEN 16 /* what 48 digits encode */

struct vault;

/* Opens DIR/vault.db with DIR/vault.key, making both (0600) when neither is there. A database
 * without its key file is an error, not a new vault. */
int vault_open(const char *dir, struct vault **ret, struct error *err);
void vault_close(struct vault *v);

/* Many adds in one transaction: begin, add..., commit. */
int vault_begin(struct vault *v, struct error *err);
int vault_commit(struct vault *v, struct error *err);

/* key: the 16 bytes. host: where it came from, may be "". *ret_new is false when the vault already
 * had exactly this key for this ID. */
int vault_add(struct vault *v, const struct guid *id, const struct secret *key, const char *host,
        bool *ret_new, struct error *err);

struct vault_candidates {
	size_t count;
	struct secret *keys[NM_MAX_CANDIDATES];
};

/* Every key stored for the ID, newest first, at most NM_MAX_CANDIDATES; none is not an error. */
int vault_lookup(
        struct vault *v, const struct guid *id, struct vault_candidates *ret, struct error *err);
void vault_candidates_clear(struct vault_candidates *c);

int vault_count(struct vault *v, uint64_t *ret, struct error *err);

#endif
