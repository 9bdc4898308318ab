/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Refusals and misuse, recorded so that every one is accounted for and nobody can fill the disk
 * with them: one by one at first (but no more than 1,000 a minute, whoever they are of), then
 * counted for each machine and reason and written as a sum, after a minute, then two, four, up to
 * half an hour, and at the end. Safe between threads.
 */
#ifndef ESCROW_REFUSALS_H
#define ESCROW_REFUSALS_H

#include "appliance/escrow/record.h"

struct refusals;

/* All borrowed. NULL without memory. */
struct refusals *refusals_new(struct audit *audit, const char *campaign);
void refusals_free(struct refusals *r); /* writes nothing: refusals_tick() before */

/* An ask was refused. first: for this reason for the first time in its session. */
void refusals_note(struct refusals *r, const struct ask *ask, enum reason reason, const char *text,
        bool first);

/* A token or a session was misused. */
void refusals_misuse(struct refusals *r, const struct subject *s, enum reason reason);

/* Writes the sums that are due; all of them at the end. now: clock_wall(). */
void refusals_tick(struct refusals *r, int64_t now, bool all);

#endif
