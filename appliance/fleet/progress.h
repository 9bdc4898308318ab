/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far the fleet is, how fast it goes, and who does not move: computed from the store alone, so
 * that every appliance on it and the command line say the same. No clock of its own.
 */
#ifndef FLEET_PROGRESS_H
#define FLEET_PROGRESS_H

#include "appliance/store/learnt.h"
#include "appliance/store/tally.h"

#include <jansson.h>

#define PROGRESS_BUCKETS_MAX 288
#define PROGRESS_BUCKET_MS   ((int64_t)5 * 60 * 1000) /* the shortest */
#define PROGRESS_STUCK_MAX   100

/* A rate is that of the last while; how long it takes yet is computed from a short and a long one.
 * Neither reaches behind a pause, in which nothing at all happened: then people slept. */
#define PROGRESS_SHORT_MINUTES 30
#define PROGRESS_LONG_MINUTES  180
#define PROGRESS_PAUSE_MS      ((int64_t)60 * 60 * 1000)
#define PROGRESS_LEAST_MINUTES 5 /* nobody's rate is known sooner */

/* What is older, or of the future, was written by a clock that was wrong: the chart has it at the
 * nearest time that may be right, no rate has it. */
#define PROGRESS_FIRST_MS INT64_C(1704067200000) /* 2024-01-01 */

struct progress_rate {
	int64_t recovered;
	int64_t ms;  /* within so long */
	int minutes; /* the same, rounded up */
};

struct progress_stuck {
	int64_t machine;
	enum machine_state state; /* in which it does not move */
	int64_t since, limit;     /* ms since 1970; ms */
};

struct progress {
	int64_t now;
	int64_t total;     /* machines, without those that are ignored */
	int64_t recovered; /* of them in Windows again */
	struct progress_rate rate, slow;
	int64_t soonest, latest; /* ms from now; both 0: done, or nobody can say */
	int64_t bucket;          /* ms */
	struct store_tally buckets[PROGRESS_BUCKETS_MAX];
	size_t bucket_count;
	struct learnt learnt[LEARNT_STEPS];
	struct progress_stuck stuck[PROGRESS_STUCK_MAX]; /* the longest first */
	size_t stuck_count;
};

/* 0 or the store's -errno. */
int progress_read(struct store *s, int64_t now, struct progress *ret);
/* GET /api/v1/progress, as in netmend/README.md; the figures of it that tell of no single machine.
 * NULL without memory. */
json_t *progress_json(const struct progress *p);
json_t *progress_figures_json(const struct progress *p);

/* Machines an hour, to one decimal, at the present rate. */
double progress_per_hour(const struct progress *p);

/* The steps of a machine's way in their order, of which we know how long they take: calls each()
 * with the state it is in meanwhile. */
int progress_steps(const struct progress *p,
        int (*each)(const char *step, const struct learnt *learnt, void *context), void *context);

/* ---- arithmetic, for tests ---- */

/* minutes: in order of time; their times are corrected. Fills in rate, slow and buckets of p, whose
 * now is set. */
void progress_count(struct progress *p, struct store_tally *minutes, size_t count);
/* From total, recovered, rate and slow: soonest and latest. */
void progress_estimate(struct progress *p);
/* Puts one in its place, when there is one. */
void progress_stuck_add(struct progress *p, const struct progress_stuck *stuck);
/* How long a machine may be in this state, in ms; 0: for ever. */
int64_t progress_limit(enum machine_state state, const struct learnt learnt[LEARNT_STEPS]);

#endif
