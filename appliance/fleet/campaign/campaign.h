/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Campaigns as people and the appliance move them. All of it works on the store alone, so that the
 * page's API and `netmend campaign` do the same; each function that changes something is one
 * durable transaction with the person's action in it. Errors as in store.h, besides those told.
 */
#ifndef CAMPAIGN_CAMPAIGN_H
#define CAMPAIGN_CAMPAIGN_H

#include "appliance/fleet/campaign/plan.h"
#include "appliance/fleet/fleet.h"
#include "appliance/store/actions.h"

/* -EEXIST: the name is taken. */
int campaign_create(struct store *s, const struct plan *plan, const struct actor *actor,
        int64_t now, int64_t *ret_id);
/* Only a draft: -EPERM otherwise. */
int campaign_replan(struct store *s, int64_t id, const struct plan *plan, const struct actor *actor,
        int64_t now);
int campaign_delete(struct store *s, int64_t id, const struct actor *actor, int64_t now);

enum campaign_verb {
	CAMPAIGN_VERB_START,
	CAMPAIGN_VERB_PAUSE,
	CAMPAIGN_VERB_RESUME,
	CAMPAIGN_VERB_OPEN,   /* the next wave; or the wave named; or, when that is open, the next
	                         machines of its start order */
	CAMPAIGN_VERB_FINISH, /* all that are known are back: nobody else is waited for */
	CAMPAIGN_VERB_ABORT,
	CAMPAIGN_VERB_RETRY, /* its failed machines, of one wave or all */
	CAMPAIGN_VERBS
};
/* "start"; -1 when there is none. */
int campaign_verb_parse(const char *name);

struct campaign_order {
	enum campaign_verb verb;
	int wave;         /* 0: not said */
	const char *text; /* why, for the record; "" */
};
/* -EPERM with NOT_NOW in err: its state does not allow that. *ret_count: machines retried. */
int campaign_act(struct store *s, int64_t id, const struct campaign_order *order,
        const struct actor *actor, int64_t now, int64_t *ret_count, struct error *err);

/* ---- looking ---- */

/* The CAMPAIGN of include/netmend/README.md. */
int campaign_show(struct store *s, int64_t id, int64_t now, json_t **ret);
/* Which wave would take how many, and what a person should know before it starts. */
int campaign_preview(struct store *s, const struct plan *plan, int64_t now, json_t **ret);
/* All that happened: report.c says what is in it. -EPERM: it has not started. */
int campaign_report(struct store *s, int64_t id, int64_t now, json_t **ret);

/* ---- machines ---- */

/* What the machine's campaign says of it now: OK, or why it waits. ret_turn may be NULL. For a
 * machine in no campaign OK, and ret_turn is all zero. */
int campaign_turn(struct store *s, const struct machine *m, int64_t now, enum reason *ret,
        struct store_turn *ret_turn);
/* Within a transaction: a machine in none goes into the campaign that wants it, if one is live. */
int campaign_admit(struct store *s, struct machine *m, int64_t now);
/* Within a transaction: takes it out of a campaign that is over, whose report is kept; the caller
 * saves it. */
int campaign_leave_ended(struct store *s, struct machine *m);
/* Within a transaction, before machines leave: what is known of each campaign that is over is kept.
 * Once for all that leave, for it looks at all reports. */
int campaign_keep_reports(struct store *s, int64_t now);

/* ---- by itself ---- */

/* Once a second: opens, stops and finishes, under the lease "campaign". */
int campaign_tick(struct fleet *f);
/* Who goes leaves the lease to whoever comes. */
void campaign_end(struct fleet *f);

#endif
