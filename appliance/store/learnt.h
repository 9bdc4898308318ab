/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long the steps of a repair take in this fleet. Errors as in store.h. */
#ifndef STORE_LEARNT_H
#define STORE_LEARNT_H

#include "appliance/store/store.h"

enum learnt_step {
	LEARNT_BOOT,   /* hand-out to session */
	LEARNT_REPAIR, /* session to result; waiting for people included */
	LEARNT_RETURN, /* result to Windows */
	/* Parts of a repair, as fixers report them. */
	LEARNT_KEY,   /* until it had its key; waiting for people included */
	LEARNT_PLAN,  /* unlocking and planning */
	LEARNT_SAVE,  /* until the repair was on the appliance */
	LEARNT_WRITE, /* writing and checking */
	LEARNT_STEPS
};
#define LEARNT_PARTS LEARNT_KEY /* the first of them */

/* "boot", "repair", "return", "key", ...; static. */
const char *learnt_step_name(enum learnt_step step);

#define LEARNT_SAMPLES_MAX 300

/* The newest durations of a step that is no part of a repair, in ms, in no order: at most
 * LEARNT_SAMPLES_MAX. */
int store_durations(
        struct store *s, enum learnt_step step, int64_t ret[LEARNT_SAMPLES_MAX], size_t *ret_count);

/* Calls each() for the newest results (JSON), at most LEARNT_SAMPLES_MAX. */
int store_newest_results(
        struct store *s, int (*each)(const char *json, void *context), void *context);

struct learnt {
	int samples;    /* 0: nothing is known */
	int64_t median; /* ms */
	int64_t most;   /* the longest of them */
	int64_t at;     /* when it was computed; 0: never */
};

/* What was kept; zero for a step of which nothing was. */
int store_learnt(struct store *s, struct learnt ret[LEARNT_STEPS]);
/* Within a transaction. */
int store_learnt_set(struct store *s, enum learnt_step step, const struct learnt *learnt);

#endif
