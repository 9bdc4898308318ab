/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is too long, learnt from how long it takes in this fleet. */
#ifndef FLEET_LEARN_H
#define FLEET_LEARN_H

#include "appliance/store/learnt.h"

struct fleet;

/* A limit is learnt from so many durations on, and is so many times their median, but within the
 * bounds of its step. */
#define LEARN_SAMPLES_MIN 20
#define LEARN_MULTIPLE    4
/* How old what was learnt may be before it is learnt anew; while there are few durations, for the
 * page. */
#define LEARN_MS      ((int64_t)5 * 60 * 1000)
#define LEARN_SOON_MS ((int64_t)5 * 1000)

/* Sorts the values. 0 for none; the lower of the middle two. */
int64_t learn_median(int64_t *values, size_t count);

/* How long a machine may be silent in this step, in ms; 0: for ever. */
int64_t learn_limit(enum learnt_step step, const struct learnt *learnt);

/* "45 s", "1 min 5 s", "6 min", "2 h 3 min". */
#define LEARN_DURATION_TEXT 32
void learn_duration(int64_t ms, char ret[LEARN_DURATION_TEXT]);

/* For the timeline: "usually back after 1 min 5 s; not seen for 6 min". Without the first half
 * while nothing is known. Nothing for LEARNT_REPAIR. */
void learn_text(enum learnt_step step, const struct learnt *learnt, int64_t silent_ms, char *ret,
        size_t size);

/* How long the parts of a repair took, from a result (netmend/README.md); 0: not told. */
void learn_parts(const char *result, int64_t ret[LEARNT_STEPS]);

/* Takes over what this or another appliance has learnt, and learns anew when that is old. */
int learn_tick(struct fleet *f, int64_t now);

#endif
