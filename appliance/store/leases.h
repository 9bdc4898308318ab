/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of several appliances on one store, who does what only one may do. Errors as in store.h. */
#ifndef STORE_LEASES_H
#define STORE_LEASES_H

#include "appliance/store/store.h"

/* A lease, as the one remembers it who has it or wants it: name and who are set, the rest is zero.
 */
struct store_lease {
	const char *name;
	const char *who;       /* the appliance's id */
	char mark[PLACE_TEXT]; /* what the store has of us; "": we do not hold it */
	bool asked;            /* this process has asked before */
};

/* Takes the lease, or keeps it, until now + ms, in a transaction of its own. 0; -EBUSY: another
 * holder has it, or we had it and lost it. Each taking leaves a mark of its own, and only who knows
 * the last one keeps the lease before its time is up; but a process that asks for the first time
 * takes it from its predecessor of the same id at once. So of two with one id (a copied host), even
 * with one memory (a copied snapshot of a running one), each taking ends the other's: whoever asks
 * before each piece of work, instead of remembering, is never at it together with the other. All
 * appliances' clocks must agree to within a few seconds (they run NTP). It keeps work from being
 * done twice in vain: what must never happen twice looks at the store again within its own
 * transaction. */
int store_lease_take(struct store *s, struct store_lease *l, int64_t now, int64_t ms);
/* Gives it back; no error when it is not ours. */
int store_lease_drop(struct store *s, struct store_lease *l);

#endif
