/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at a campaign, and doing what the engine decides. */
#include "appliance/fleet/campaign/run.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Appliances' clocks agree to within that; more is a clock that was set back. */
#define CLOCKS_MS 10000

const struct actor campaign_appliance = {
        .name = "appliance", .role = "appliance", .via = "appliance"};

int campaign_note(struct store *s, const struct store_campaign *c, const struct actor *actor,
        const char *verb, const char *text, int64_t now)
{
	struct store_action a = {.at = now, .actor = *actor, .kind = "campaign"};

	(void)snprintf(a.verb, sizeof(a.verb), "campaign-%s", verb);
	(void)snprintf(a.object, sizeof(a.object), "%s", c->name);
	(void)snprintf(a.text, sizeof(a.text), "%s", text);
	return store_action_add(s, &a);
}

/* ---- counts ---- */

static void power_add(const struct store_group *g, enum standing own, struct wave_power *p)
{
	int64_t *const by_state[POWER_STATES] = {[POWER_STATE_WAITING] = &p->waiting,
	        [POWER_STATE_DRIVING] = &p->driving,
	        [POWER_STATE_BOOTING] = &p->booting,
	        [POWER_STATE_DONE] = &p->done};
	bool waits = own == STANDING_WAITING && !g->unpowered;

	if (!g->bmc)
		p->people += waits ? g->count : 0;
	else
		p->bmc += g->count;
	if (g->unpowered)
		p->failed += g->count;
	else if (g->ordered && by_state[g->power])
		*by_state[g->power] += g->count;
	else if (g->bmc && g->open && waits)
		p->untouched += g->count;
}

static int group_add(const struct store_group *g, void *context)
{
	struct campaign_look *look = context;

	if (g->wave < 1 || (size_t)g->wave > look->wave_count)
		return 0;
	struct wave_now *w = &look->waves[g->wave - 1];
	enum standing own = campaign_standing(g->state, g->reason, g->held, g->settled);
	enum standing standing = g->unpowered ? STANDING_FAILED : own;
	bool judged = g->unpowered ? g->power_judged : g->judged;
	int64_t *const counts[] = {[STANDING_WAITING] = &w->waiting,
	        [STANDING_WORKING] = &w->working,
	        [STANDING_RETURNED] = &w->returned,
	        [STANDING_FAILED] = &w->failed,
	        [STANDING_ASIDE] = &w->aside};

	w->machines += g->count;
	*counts[standing] += g->count;
	bool awaited = standing != STANDING_RETURNED && standing != STANDING_ASIDE;
	if (g->rank && awaited && (!w->lowest_rank || g->rank < w->lowest_rank))
		w->lowest_rank = g->rank;
	if (judged && standing == STANDING_RETURNED)
		look->judged_returned += g->count;
	if (judged && standing == STANDING_FAILED)
		look->judged_failed += g->count;
	if (judged && g->unpowered)
		look->judged_power += g->count;
	power_add(g, own, &w->power);
	return 0;
}

static int strike(const struct store_candidate *c, void *context)
{
	plan_strike(context, c);
	return 0;
}

/* How many of the plan's list are no machine anybody knows. */
static int unseen_count(struct store *s, const struct plan *p, int64_t *ret)
{
	json_t *listed = plan_listed(p);
	int r = 0;

	if (!listed)
		return -ENOMEM;
	if (json_object_size(listed) > 0)
		r = store_candidates(s, false, strike, listed);
	if (r == 0)
		*ret = (int64_t)json_object_size(listed);
	json_decref(listed);
	return r;
}

int campaign_look(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t now, struct campaign_look *ret)
{
	struct store_wave rows[WAVES_MAX];

	*ret = (struct campaign_look){.state = c->state, .reason = c->reason, .now = now};
	int r = store_waves(s, c->id, rows, &ret->wave_count);
	for (size_t i = 0; r == 0 && i < ret->wave_count; i++)
		ret->waves[i].row = rows[i];
	if (r == 0)
		r = store_campaign_groups(s, c->id, p->power.drive, c->judged,
		        now - CAMPAIGN_SETTLE_MS, group_add, ret);
	for (size_t i = 0; i < ret->wave_count && !p->power.drive; i++)
		ret->waves[i].power = (struct wave_power){0}; /* nothing was asked of it */
	if (r == 0 && campaign_all_back(ret))
		r = unseen_count(s, p, &ret->unseen);
	return r;
}

/* ---- doing it ---- */

static int waves_apply(struct store *s, const struct store_campaign *c,
        const struct campaign_look *look, const struct campaign_decision *d)
{
	char text[WAVE_NAME + 8];
	int r = 0;

	for (size_t i = 0; r == 0 && i < look->wave_count; i++) {
		const struct store_wave *was = &look->waves[i].row, *is = &d->waves[i];
		r = store_wave_save(s, c->id, is);
		if (r < 0 || was->opened || !is->opened)
			continue;
		(void)snprintf(text, sizeof(text), "wave %s", is->name);
		r = campaign_note(s, c, &campaign_appliance, "open", text, look->now);
	}
	return r;
}

static int state_apply(
        struct store *s, struct store_campaign *c, const struct campaign_decision *d, int64_t now)
{
	c->state = d->state;
	c->reason = d->reason;
	(void)snprintf(c->text, sizeof(c->text), "%s", d->text);
	if (d->state == CAMPAIGN_FINISHED)
		c->ended = now;
	log_info("campaign %s: %s: %s", c->name, campaign_state_name(c->state), c->text);
	return campaign_note(s, c, &campaign_appliance,
	        d->state == CAMPAIGN_FINISHED ? "finish" : "stop", d->text, now);
}

int campaign_plan(const struct store_campaign *c, struct plan *ret, struct error *err)
{
	struct error why = {0};

	int r = plan_parse(c->plan, strlen(c->plan), ret, &why);
	return why.code ? error_set(err, -EBADMSG, REASON_PLAN_UNREADABLE, "%s", why.text) : r;
}

static bool unreadable_stopped(const struct store_campaign *c)
{
	return !campaign_is_live(c->state) ||
	       (c->state == CAMPAIGN_STOPPED && c->reason == REASON_PLAN_UNREADABLE);
}

/* Nobody knows what it was to do: this one stands, the others go on. */
static int unreadable_stop(
        struct store *s, struct store_campaign *c, const char *why, int64_t now, bool *ret_changed)
{
	struct campaign_decision d = {.state = CAMPAIGN_STOPPED, .reason = REASON_PLAN_UNREADABLE};

	if (unreadable_stopped(c))
		return 0;
	(void)snprintf(d.text, sizeof(d.text), "%s", why);
	int r = state_apply(s, c, &d, now);
	*ret_changed = r == 0;
	return r < 0 ? r : store_campaign_save(s, c);
}

/* Of a clock that was set back: what fails from now on is judged again. Appliances' clocks agree to
 * within seconds. */
static bool judged_ahead(const struct store_campaign *c, int64_t now)
{
	return c->judged > now + CLOCKS_MS;
}

static int line_move(struct store *s, struct store_campaign *c, const struct plan *p, int64_t now,
        bool *ret_changed)
{
	struct campaign_look look;
	struct campaign_decision d;
	bool ahead = judged_ahead(c, now);

	if (ahead)
		c->judged = now;
	int r = campaign_look(s, c, p, now, &look);
	if (r < 0)
		return r;
	campaign_decide(p, &look, &d);
	if (d.changed)
		r = waves_apply(s, c, &look, &d);
	if (r == 0 && d.state_changed)
		r = state_apply(s, c, &d, now);
	*ret_changed = d.changed;
	return r == 0 && (d.changed || ahead) ? store_campaign_save(s, c) : r;
}

int campaign_advance(struct store *s, struct store_campaign *c, int64_t now, bool *ret_changed)
{
	struct plan plan = {0};
	struct error err = {0};
	int64_t aligned = 0;
	bool moved = false;

	int r = campaign_plan(c, &plan, &err);
	if (r == -EBADMSG)
		r = unreadable_stop(s, c, err.text, now, &moved);
	else if (r == 0)
		r = line_move(s, c, &plan, now, &moved);
	if (r == 0)
		r = store_campaign_align(s, c->id, now,
		        campaign_shut(c->state, c->window_from, c->window_until, now), &aligned);
	if (r == 0)
		r = campaign_power(s, c, &plan, now, &moved);
	plan_clear(&plan);
	if (r == 0)
		*ret_changed |= moved || aligned > 0;
	return r;
}

int campaign_is_due(struct store *s, const struct store_campaign *c, int64_t now, bool *ret)
{
	struct campaign_look look;
	struct campaign_decision d = {.changed = !unreadable_stopped(c)};
	struct plan plan = {0};
	struct error err = {0};
	int64_t unaligned = 0;

	int r = campaign_plan(c, &plan, &err);
	if (r == 0) {
		r = campaign_look(s, c, &plan, now, &look);
		if (r == 0)
			campaign_decide(&plan, &look, &d);
	}
	plan_clear(&plan);
	if (r == 0 || r == -EBADMSG)
		r = store_campaign_unaligned(s, c->id,
		        campaign_shut(c->state, c->window_from, c->window_until, now), &unaligned);
	if (r == 0)
		*ret = d.changed || unaligned > 0 || judged_ahead(c, now);
	return r;
}
