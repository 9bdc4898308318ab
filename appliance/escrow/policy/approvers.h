/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The people who may approve: DIR/approvers.json, names and Argon2id hashes of passphrases. They
 * are known to this process and not to `netmend web`, which could otherwise approve for them. Safe
 * between threads: approvers_verify() takes a sixth of a second and 64 MiB, one at a time.
 *
 * Who guesses has APPROVERS_NAME_TRIES failures of a name within a minute, APPROVERS_ADDRESS_TRIES
 * of an address; what is over is refused without a look at the passphrase, and does not count. So
 * that nobody locks an approver out by guessing, an address from which he was right before has
 * tries and places in the queue of its own, and so has root on the appliance. A refusal is over a
 * minute after the last failure.
 */
#ifndef ESCROW_POLICY_APPROVERS_H
#define ESCROW_POLICY_APPROVERS_H

#include "appliance/escrow/policy/approvals.h"
#include "fixer/base/secret.h"

#define APPROVERS_NAME_TRIES    5
#define APPROVERS_ADDRESS_TRIES 10
#define APPROVERS_AT_ONCE       4 /* waiting for a verification; as many more of known addresses */

struct approvers;

/* A missing file is an empty list; a damaged one is an error. */
int approvers_open(const char *dir, struct approvers **ret, struct error *err);
void approvers_free(struct approvers *a);

/* name: 1 to 31 of a-z 0-9 . _ - @, not "root"; passphrase: 8 bytes at least. -EINVAL, -EEXIST,
 * -ENOENT with REASON_USAGE and what is wanted; on stable storage when 0 is returned. */
int approvers_add(
        struct approvers *a, const char *name, const struct secret *passphrase, struct error *err);
int approvers_remove(struct approvers *a, const char *name, struct error *err);
size_t approvers_list(struct approvers *a, char (*ret)[APPROVER_NAME], size_t max);

/*
 * REASON_OK, APPROVER_UNKNOWN (the same and as slow for a name that is not there), or TRY_LATER:
 * too many failures of this name or of this address within a minute, or too many people at once.
 * OUT_OF_MEMORY: not decided (64 MiB could not be had, or not be locked). name: in any case. from:
 * "" is root on the appliance. now: ms since 1970.
 */
enum reason approvers_verify(struct approvers *a, const char *name, const struct secret *passphrase,
        const char *from, int64_t now);

#endif
