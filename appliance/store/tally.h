/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened in the fleet, summed up by the minute, so that nobody walks through its events to
 * know how fast it goes. Errors as in store.h. */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include "appliance/store/store.h"

enum tally {
	TALLY_STARTED,   /* an attempt began: the fixer was handed out */
	TALLY_REPAIRED,  /* a fixer reported a repair */
	TALLY_RECOVERED, /* Windows was seen again */
	TALLY_FAILED,    /* a machine got to where it does not go on by itself */
	TALLIES
};

#define TALLY_MS ((int64_t)60 * 1000)

struct store_tally {
	int64_t at; /* of the minute's beginning, by the clock of whoever wrote it */
	int64_t count[TALLIES];
};

/* Within a transaction: one more, now. */
int store_tally_add(struct store *s, enum tally what, int64_t now);
/* Calls each() for the minutes in which something happened, the oldest first. */
int store_tallies(struct store *s, int (*each)(const struct store_tally *minute, void *context),
        void *context);

#endif
