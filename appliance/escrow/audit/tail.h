/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the end of the log is found before something is appended to it. */
#ifndef ESCROW_AUDIT_TAIL_H
#define ESCROW_AUDIT_TAIL_H

#include "appliance/escrow/audit/chain.h"

struct tail_note {
	const char *event; /* NULL: the log ended as the head says */
	char text[200];
};

/*
 * Makes the log ready for the next record and says where it goes on. The caller has the lock.
 *  - Whole records after the last one that the head knows of are kept: a power cut came before the
 *    head was written.
 *  - What stands behind them and could be the beginning of one write is cut off: a power cut came
 * in the middle of it, and nobody was told of those records. Event "torn".
 *  - Otherwise somebody changed the files: event "damaged". Nothing is cut off. The chain goes on
 *    from what the head remembers (without a head, from the last record there is), so that
 *    audit_verify() finds the place for ever.
 */
int tail_settle(int log, int head, struct chain *ret, struct tail_note *note, struct error *err);

#endif
