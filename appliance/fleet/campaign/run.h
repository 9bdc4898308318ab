/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share, beside campaign.h. All within a transaction. */
#ifndef CAMPAIGN_RUN_H
#define CAMPAIGN_RUN_H

#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/campaign/engine.h"

/* Its stored plan, to be cleared. -EBADMSG with PLAN_UNREADABLE: a newer netmend wrote it, or it is
 * damaged. */
int campaign_plan(const struct store_campaign *c, struct plan *ret, struct error *err);

/* Counts of all its waves. p is all zero when its plan cannot be read. */
int campaign_look(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t now, struct campaign_look *ret);

/* Decides, applies, brings the machines in line; what it does by itself is the appliance's action.
 * One whose plan cannot be read is stopped. *ret_changed: whether anything changed. */
int campaign_advance(struct store *s, struct store_campaign *c, int64_t now, bool *ret_changed);

/* Machines whose turn has come are switched on, as far as the plan says so; orders that wait are
 * taken back when the line stands or the machine has come by itself. p is all zero when the plan
 * cannot be read. The machines are in line. */
int campaign_power(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t now, bool *ret_changed);

/* Whether it is worth a transaction. */
int campaign_is_due(struct store *s, const struct store_campaign *c, int64_t now, bool *ret);

/* All machines of the scope that are in no live campaign, as at a start; quotas are set. */
int campaign_gather(struct store *s, struct store_campaign *c, const struct plan *p, int64_t now);
/* Those that turned up since. *ret_count: how many joined. */
int campaign_gather_later(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t now, int64_t *ret_count);

int campaign_note(struct store *s, const struct store_campaign *c, const struct actor *actor,
        const char *verb, const char *text, int64_t now);
extern const struct actor campaign_appliance;

#endif
