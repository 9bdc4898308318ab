/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/campaigns.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[CAMPAIGN_STATES] = {
        "draft", "running", "paused", "stopped", "aborted", "finished"};

const char *campaign_state_name(enum campaign_state state)
{
	return (unsigned)state < CAMPAIGN_STATES ? state_names[state] : "";
}

bool campaign_is_live(enum campaign_state state)
{
	return state == CAMPAIGN_RUNNING || state == CAMPAIGN_PAUSED || state == CAMPAIGN_STOPPED;
}

/* What is not known opens nothing. */
static enum campaign_state state_read(struct sql *st, int column)
{
	const char *text = sql_string(st, column);

	for (int i = 0; text && i < CAMPAIGN_STATES; i++)
		if (strcmp(text, state_names[i]) == 0)
			return (enum campaign_state)i;
	return CAMPAIGN_ABORTED;
}

void store_campaign_free(struct store_campaign *c)
{
	free(c->plan);
	free(c->recipe);
	free(c->report);
	c->plan = c->recipe = c->report = NULL;
}

/* Of one row of all of them: readers see in which order campaigns changed. */
#define NEXT_CHANGE "(SELECT coalesce(max(changed), 0) + 1 FROM campaigns)"

int store_campaign_add(struct store *s, const struct store_campaign *c, int64_t *ret_id)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO campaigns (name, state, reason, text, plan, recipe, created,"
	        " created_by, window_from, window_until, approval, dry_run, changed)"
	        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " NEXT_CHANGE ") RETURNING id");

	sql_bind(st, "ttttttitiiti", c->name, campaign_state_name(c->state), reason_code(c->reason),
	        c->text, c->plan, c->recipe, c->created, c->created_by, c->window_from,
	        c->window_until, c->approval, (int64_t)c->dry_run);
	return sql_one(s, st, ret_id);
}

int store_campaign_save(struct store *s, const struct store_campaign *c)
{
	struct sql *st = sql_prepare(s,
	        "UPDATE campaigns SET name = ?, state = ?, reason = ?, text = ?, plan = ?,"
	        " recipe = ?, started = ?, ended = ?, judged = ?, window_from = ?,"
	        " window_until = ?, approval = ?, dry_run = ?, report = ?,"
	        " changed = " NEXT_CHANGE " WHERE id = ?");
	int64_t count;

	sql_bind(st, "ttttttiiiiititi", c->name, campaign_state_name(c->state),
	        reason_code(c->reason), c->text, c->plan, c->recipe, c->started, c->ended,
	        c->judged, c->window_from, c->window_until, c->approval, (int64_t)c->dry_run,
	        c->report ? c->report : "", c->id);
	int r = sql_run_count(s, st, &count);
	return r < 0 ? r : count == 1 ? 0 : -ENOENT;
}

static int campaign_read(struct sql *st, struct store_campaign *c)
{
	*c = (struct store_campaign){.id = sql_int(st, 0),
	        .state = state_read(st, 2),
	        .reason = sql_reason(st, 3),
	        .created = sql_int(st, 5),
	        .started = sql_int(st, 7),
	        .ended = sql_int(st, 8),
	        .changed = sql_int(st, 9),
	        .judged = sql_int(st, 10),
	        .window_from = sql_int(st, 11),
	        .window_until = sql_int(st, 12),
	        .dry_run = sql_int(st, 14) != 0};
	sql_text(st, 1, c->name, sizeof(c->name));
	sql_text(st, 4, c->text, sizeof(c->text));
	sql_text(st, 6, c->created_by, sizeof(c->created_by));
	sql_text(st, 13, c->approval, sizeof(c->approval));
	int r = sql_copy(st, 15, &c->plan);
	if (r == 0)
		r = sql_copy(st, 16, &c->recipe);
	if (r == 0)
		r = sql_copy(st, 17, &c->report);
	if (r < 0)
		store_campaign_free(c);
	return r;
}

int store_campaign_get(struct store *s, int64_t id, struct store_campaign *ret)
{
	struct sql *st = sql_prepare(s,
	        "SELECT id, name, state, reason, text, created, created_by, started, ended,"
	        " changed, judged, window_from, window_until, approval, dry_run, plan, recipe,"
	        " report FROM campaigns WHERE id = ?");
	struct store_campaign c;

	sql_bind(st, "i", id);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = campaign_read(st, &c);
	sql_end(st);
	if (r == 0)
		*ret = c;
	return r;
}

int store_campaign_delete(struct store *s, int64_t id)
{
	struct sql *st = sql_prepare(s, "DELETE FROM waves WHERE campaign = ?");

	sql_bind(st, "i", id);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "DELETE FROM campaigns WHERE id = ?");
	sql_bind(st, "i", id);
	return sql_run(s, st);
}

#define LIVE "state IN ('running', 'paused', 'stopped')"
#define OVER "state IN ('aborted', 'finished')"

int store_campaign_ids(struct store *s, bool live, int64_t **ret, size_t *ret_count)
{
	struct sql *st =
	        live ? sql_prepare(s, "SELECT id FROM campaigns WHERE " LIVE " ORDER BY id")
	             : sql_prepare(s, "SELECT id FROM campaigns ORDER BY id");

	return sql_numbers(s, st, ret, ret_count);
}

int store_campaign_unkept(struct store *s, int64_t **ret, size_t *ret_count)
{
	struct sql *st = sql_prepare(
	        s, "SELECT id FROM campaigns WHERE " OVER " AND report = '' ORDER BY id");

	return sql_numbers(s, st, ret, ret_count);
}

int store_campaigns_changed(struct store *s, int64_t *ret)
{
	return sql_one(s, sql_prepare(s, "SELECT coalesce(max(changed), 0) FROM campaigns"), ret);
}

/* ---- waves ---- */

int store_waves_set(struct store *s, int64_t campaign, const struct store_wave *waves, size_t count)
{
	struct sql *st = sql_prepare(s, "DELETE FROM waves WHERE campaign = ?");

	sql_bind(st, "i", campaign);
	int r = sql_run(s, st);
	for (size_t i = 0; r == 0 && i < count; i++) {
		st = sql_prepare(s, "INSERT INTO waves (campaign, number, name, quota)"
		                    " VALUES (?, ?, ?, ?)");
		sql_bind(st, "iiti", campaign, (int64_t)waves[i].number, waves[i].name,
		        (int64_t)waves[i].quota);
		r = sql_run(s, st);
	}
	return r;
}

int store_waves(
        struct store *s, int64_t campaign, struct store_wave ret[WAVES_MAX], size_t *ret_count)
{
	struct sql *st =
	        sql_prepare(s, "SELECT number, name, opened, ready, rank, quota, done FROM waves"
	                       " WHERE campaign = ? ORDER BY number LIMIT ?");
	size_t count = 0;
	int r;

	sql_bind(st, "ii", campaign, (int64_t)WAVES_MAX);
	while ((r = sql_step(s, st)) == 1 && count < WAVES_MAX) {
		struct store_wave *w = &ret[count++];
		w->number = (int)sql_int(st, 0);
		sql_text(st, 1, w->name, sizeof(w->name));
		w->opened = sql_int(st, 2);
		w->ready = sql_int(st, 3);
		w->rank = (int)sql_int(st, 4);
		w->quota = (int)sql_int(st, 5);
		w->done = sql_int(st, 6) != 0;
	}
	sql_end(st);
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_wave_save(struct store *s, int64_t campaign, const struct store_wave *w)
{
	struct sql *st = sql_prepare(s, "UPDATE waves SET opened = ?, ready = ?, rank = ?,"
	                                " quota = ?, done = ? WHERE campaign = ? AND number = ?");

	sql_bind(st, "iiiiiii", w->opened, w->ready, (int64_t)w->rank, (int64_t)w->quota,
	        (int64_t)w->done, campaign, (int64_t)w->number);
	return sql_run(s, st);
}

int store_campaign_turn(struct store *s, int64_t campaign, int wave, struct store_turn *ret)
{
	struct sql *st = sql_prepare(s,
	        "SELECT c.state, c.window_from, c.window_until, w.opened, w.rank, c.dry_run,"
	        " c.name, c.approval FROM campaigns c JOIN waves w ON w.campaign = c.id"
	        " WHERE c.id = ? AND w.number = ?");

	sql_bind(st, "ii", campaign, (int64_t)wave);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret = (struct store_turn){.state = state_read(st, 0),
	        .window_from = sql_int(st, 1),
	        .window_until = sql_int(st, 2),
	        .opened = sql_int(st, 3),
	        .rank = (int)sql_int(st, 4),
	        .dry_run = sql_int(st, 5) != 0};
	sql_text(st, 6, ret->name, sizeof(ret->name));
	sql_text(st, 7, ret->approval, sizeof(ret->approval));
	sql_end(st);
	return 0;
}
