/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DIR/approvers.json: {"v":1,"approvers":[{"name":"anna","hash":"$argon2id$..."}]}, 0600. */
#ifndef ESCROW_POLICY_APPROVERS_FILE_H
#define ESCROW_POLICY_APPROVERS_FILE_H

#include "appliance/escrow/policy/approvals.h"
#include "fixer/base/error.h"

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>

/* Argon2id of every passphrase: the same for all, so that none is told from another by the time it
 * takes. 0.17 s and 64 MiB on one core of 2020. */
#define APPROVERS_OPS    4
#define APPROVERS_MEMORY ((size_t)64 << 20)

struct approver {
	char name[APPROVER_NAME];
	char hash[crypto_pwhash_STRBYTES];
};

struct approver_list {
	size_t count;
	struct approver all[NM_MAX_APPROVERS];
};

/* 1 to 31 of a-z 0-9 . _ - @, and not "root", whose decisions are those made on the appliance. */
bool approvers_name_ok(const char *name);

/* Strict. -EBADMSG with REASON_CANNOT_OPEN and what is wrong. */
int approvers_parse(const char *text, size_t len, struct approver_list *ret, struct error *err);

/* Reads and parses; a missing file is an empty list. -EBADMSG, -errno. */
int approvers_load(const char *dir, struct approver_list *ret, struct error *err);

/* On stable storage when 0 is returned; otherwise the old file is still there. */
int approvers_store(const char *dir, const struct approver_list *list, struct error *err);

#endif
