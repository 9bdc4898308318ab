/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machine is in which campaign, and in which wave. */
#include "appliance/fleet/campaign/run.h"
#include "appliance/fleet/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The machines a walk has chosen: they join when it is over. */
struct chosen {
	const struct plan *plan;
	int64_t *ids;
	int *waves; /* from 0 */
	size_t count, room;
	int64_t scope; /* all of the scope, elsewhere or not */
	int quota[WAVES_MAX];
	int64_t taken[WAVES_MAX];
};

static void chosen_free(struct chosen *c)
{
	free(c->ids);
	free(c->waves);
}

static int chosen_add(struct chosen *c, int64_t id, size_t wave)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 256;
		int64_t *ids = reallocarray(c->ids, room, sizeof(*ids));
		if (ids)
			c->ids = ids;
		int *waves = ids ? reallocarray(c->waves, room, sizeof(*waves)) : NULL;
		if (!waves)
			return -ENOMEM;
		c->waves = waves;
		c->room = room;
	}
	c->ids[c->count] = id;
	c->waves[c->count++] = (int)wave;
	c->taken[wave]++;
	return 0;
}

static int scope_count(const struct store_candidate *candidate, void *context)
{
	struct chosen *c = context;

	c->scope += plan_in_scope(c->plan, candidate) && !candidate->live;
	return 0;
}

static int choose(const struct store_candidate *candidate, void *context)
{
	struct chosen *c = context;

	if (candidate->live || !plan_in_scope(c->plan, candidate))
		return 0;
	return chosen_add(c, candidate->id, plan_wave_of(c->plan, candidate, c->quota, c->taken));
}

/* A fixer at work, or a machine on its way to Windows, is not disturbed. */
static bool at_work(const struct machine *m)
{
	if (change_only_looked(m->state, m->reason))
		return false;
	return m->state == STATE_booting || m->state == STATE_rebooting ||
	       change_in_session(m->state);
}

/* Starts anew, whatever it was: a campaign counts who has returned since it began. */
static int join(struct store *s, struct machine *m, const char *campaign, int64_t id, int wave,
        const char *wave_name, int64_t now)
{
	char text[CAMPAIGN_NAME + WAVE_NAME + 32];

	m->campaign = id;
	m->wave = wave + 1;
	m->open = false;
	(void)snprintf(text, sizeof(text), "in campaign %s, wave %s", campaign, wave_name);
	if (at_work(m) || m->held) {
		int r = store_machine_save(s, m);
		return r < 0 ? r : change_note(s, m, now, m->reason, "campaign", text);
	}
	m->done = false;
	m->guard_from = now;
	return change_state(s, m, now, STATE_seen, REASON_WAVE_NOT_OPEN, "campaign", text);
}

static int join_all(
        struct store *s, const struct store_campaign *c, const struct chosen *chosen, int64_t now)
{
	struct machine m;
	int r = 0;

	for (size_t i = 0; r == 0 && i < chosen->count; i++) {
		size_t wave = (size_t)chosen->waves[i];
		r = store_machine_get(s, chosen->ids[i], &m);
		if (r == 0)
			r = join(s, &m, c->name, c->id, (int)wave,
			        plan_wave_name(chosen->plan, wave), now);
	}
	return r;
}

int campaign_gather(struct store *s, struct store_campaign *c, const struct plan *p, int64_t now)
{
	struct chosen chosen = {.plan = p};
	struct store_wave waves[WAVES_MAX];
	size_t count = 0;

	int r = store_candidates(s, false, scope_count, &chosen);
	if (r == 0)
		r = store_waves(s, c->id, waves, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		waves[i].quota = chosen.quota[i] = plan_quota(p, i, chosen.scope);
		r = store_wave_save(s, c->id, &waves[i]);
	}
	if (r == 0)
		r = store_candidates(s, false, choose, &chosen);
	if (r == 0)
		r = join_all(s, c, &chosen, now);
	chosen_free(&chosen);
	return r;
}

/* How full the waves are. */
static int chosen_prepare(struct store *s, int64_t id, struct chosen *chosen)
{
	struct store_wave waves[WAVES_MAX];
	int64_t sizes[WAVES_MAX + 1];
	size_t count = 0;

	int r = store_waves(s, id, waves, &count);
	if (r == 0)
		r = store_campaign_sizes(s, id, sizes);
	for (size_t i = 0; r == 0 && i < count; i++) {
		chosen->quota[i] = waves[i].quota;
		chosen->taken[i] = sizes[i + 1];
	}
	return r;
}

int campaign_gather_later(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t now, int64_t *ret_count)
{
	struct chosen chosen = {.plan = p};

	int r = chosen_prepare(s, c->id, &chosen);
	if (r == 0)
		r = store_candidates(s, true, choose, &chosen);
	if (r == 0 && chosen.count)
		r = campaign_keep_reports(s, now);
	if (r == 0)
		r = join_all(s, c, &chosen, now);
	if (r == 0)
		*ret_count = (int64_t)chosen.count;
	chosen_free(&chosen);
	return r;
}

/* ---- one machine ---- */

/* What it says of itself at this moment is not in the store yet. True: the plan means it. */
static bool as_it_says(
        struct store_candidate *candidate, const struct machine *m, const struct plan *p)
{
	memcpy(candidate->name, m->name, sizeof(candidate->name));
	memcpy(candidate->mac, m->mac, sizeof(candidate->mac));
	memcpy(candidate->serial, m->serial, sizeof(candidate->serial));
	if (m->ip[0])
		memcpy(candidate->ip, m->ip, sizeof(candidate->ip));
	return plan_in_scope(p, candidate);
}

static int admit_to(struct store *s, int64_t id, struct machine *m, int64_t now)
{
	struct store_campaign c;
	struct store_candidate candidate;
	struct chosen chosen = {0};
	struct plan plan;
	struct error err = {0};

	int r = store_campaign_get(s, id, &c);
	if (r < 0)
		return r;
	r = campaign_plan(&c, &plan, &err);
	if (r == -EBADMSG) /* it is stopped for that (run.c), and takes nobody */
		r = 0;
	else if (r == 0) {
		chosen.plan = &plan;
		r = store_candidate(s, m->id, &candidate);
		bool wanted = r == 0 && as_it_says(&candidate, m, &plan);
		if (wanted)
			r = chosen_prepare(s, id, &chosen);
		if (wanted && r == 0) {
			size_t wave = plan_wave_of(&plan, &candidate, chosen.quota, chosen.taken);
			r = join(s, m, c.name, id, (int)wave, plan_wave_name(&plan, wave), now);
		}
		plan_clear(&plan);
	}
	store_campaign_free(&c);
	return r;
}

int campaign_admit(struct store *s, struct machine *m, int64_t now)
{
	int64_t *ids = NULL;
	size_t count = 0;

	if (m->campaign || m->done)
		return 0;
	int r = store_campaign_ids(s, true, &ids, &count);
	for (size_t i = 0; r == 0 && i < count && !m->campaign; i++)
		r = admit_to(s, ids[i], m, now);
	free(ids);
	return r;
}

int campaign_leave_ended(struct store *s, struct machine *m)
{
	struct store_turn turn;

	if (!m->campaign)
		return 0;
	int r = store_campaign_turn(s, m->campaign, m->wave, &turn);
	if (r < 0 || campaign_is_live(turn.state))
		return r;
	m->campaign = 0;
	m->wave = 0;
	m->open = false;
	return 0;
}

int campaign_turn(struct store *s, const struct machine *m, int64_t now, enum reason *ret,
        struct store_turn *ret_turn)
{
	struct store_turn turn = {0};

	if (ret_turn)
		*ret_turn = turn;
	*ret = REASON_OK;
	if (!m->campaign)
		return 0;
	int r = store_campaign_turn(s, m->campaign, m->wave, &turn);
	if (r < 0)
		return r;
	*ret = campaign_shut(turn.state, turn.window_from, turn.window_until, now);
	if (*ret == REASON_OK && !turn.opened)
		*ret = REASON_WAVE_NOT_OPEN;
	if (*ret == REASON_OK && m->rank > turn.rank)
		*ret = REASON_START_ORDER;
	if (ret_turn)
		*ret_turn = turn;
	return 0;
}
