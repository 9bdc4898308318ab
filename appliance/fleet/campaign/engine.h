/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When the next wave opens, when the line stops, when it is over: counts and a clock in, a decision
 * out. No store, no clock of its own; the same look gives the same decision.
 */
#ifndef CAMPAIGN_ENGINE_H
#define CAMPAIGN_ENGINE_H

#include "appliance/fleet/campaign/plan.h"

enum standing {
	STANDING_WAITING,  /* its turn has not come, or it has not shown itself */
	STANDING_WORKING,  /* between its network boot and Windows */
	STANDING_RETURNED, /* Windows is back; or it was only looked at, and no more is to come */
	STANDING_FAILED,
	STANDING_ASIDE, /* a person holds it: nobody waits for it */
};

/* A fixer that starts over shows what failed until its machine has booted again: that fails only
 * when it has stood so long. */
#define CAMPAIGN_SETTLE_MS (INT64_C(180) * 1000)

/* settled: in this state for CAMPAIGN_SETTLE_MS. */
enum standing campaign_standing(
        enum machine_state state, enum reason reason, bool held, bool settled);

/* The power of a wave's machines. */
struct wave_power {
	int64_t bmc;    /* have a management controller that is known */
	int64_t people; /* have none, and wait: people start them */
	/* By their latest order of this campaign; failed: and they have not come by other means. */
	int64_t waiting, driving, booting, done, failed;
	int64_t untouched; /* may come, wait, and have no order: answer as alive, asked just now */
};

struct wave_now {
	struct store_wave row;
	int64_t machines, waiting, working, returned, failed, aside;
	struct wave_power power;
	int lowest_rank; /* of the machines not back that have a start order; 0: none */
};

struct campaign_look {
	enum campaign_state state;
	enum reason reason; /* why it is in that state */
	int64_t now;
	size_t wave_count;
	struct wave_now waves[WAVES_MAX];
	int64_t judged_returned, judged_failed; /* since a person last said: go on */
	int64_t judged_power;                   /* of judged_failed: not switched on */
	int64_t unseen; /* of the plan's list, that nobody knows; counted when all are back */
};

/* Every machine known that no person holds is back, and there is one. */
bool campaign_all_back(const struct campaign_look *look);
/* Machines nobody knows yet may still join. */
bool campaign_may_grow(const struct plan *p, const struct campaign_look *look);

struct campaign_decision {
	enum campaign_state state;
	enum reason reason;
	char text[NM_MAX_EVENT_TEXT + 1]; /* of a new state */
	struct store_wave waves[WAVES_MAX];
	bool state_changed;
	bool changed; /* anything */
};

/* Only a running campaign within its window opens waves; a line that stands counts who is back. It
 * is over when all are back and nobody may join, or when its time is: a machine that is not back
 * then is free for another campaign. */
void campaign_decide(
        const struct plan *p, const struct campaign_look *look, struct campaign_decision *ret);

/* OK, or CAMPAIGN_NOT_NOW. */
enum reason campaign_window(int64_t from, int64_t until, int64_t now);
/* Why no wave of it may go on: OK, CAMPAIGN_PAUSED, CAMPAIGN_STOPPED, CAMPAIGN_ENDED (a draft, too)
 * or CAMPAIGN_NOT_NOW. */
enum reason campaign_shut(enum campaign_state state, int64_t from, int64_t until, int64_t now);

/* Where it stands and what it waits for, in a sentence. */
#define CAMPAIGN_LINE 400
void campaign_line(const struct plan *p, const struct campaign_look *look, char *ret, size_t size);

#endif
