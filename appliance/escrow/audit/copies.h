/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes of records as another log has them (copy.h), to compare with. */
#ifndef ESCROW_AUDIT_COPIES_H
#define ESCROW_AUDIT_COPIES_H

#include "appliance/escrow/audit/chain.h"
#include "fixer/base/cleanup.h"

struct copies;

/* Reads lines of any log; those that are no copies of ours are passed over. -ENODATA: none is. */
int copies_read(FILE *in, struct copies **ret, struct error *err);
void copies_free(struct copies *c);

enum copies_say { COPIES_NONE, COPIES_SAME, COPIES_OTHER };

/* c may be NULL: COPIES_NONE. Copies that contradict each other are COPIES_OTHER. */
enum copies_say copies_compare(const struct copies *c, uint64_t n, const char hash[AUDIT_HASH]);
uint64_t copies_last(const struct copies *c);

DEFINE_CLEANUP(struct copies *, copies_free)
#define CLEANUP_COPIES CLEANUP(copies_free_p)

#endif
