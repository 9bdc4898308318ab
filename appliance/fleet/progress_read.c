/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What progress.c computes with, from the store; what it has computed, for others. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/progress.h"
#include "appliance/store/attention.h"
#include "appliance/store/counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int machines_count(struct store *s, struct progress *p)
{
	int64_t counts[STATE_COUNT];
	int r = store_state_counts(s, counts);

	if (r < 0)
		return r;
	for (int i = 0; i < STATE_COUNT; i++)
		if (i != STATE_ignored)
			p->total += counts[i];
	p->recovered = counts[STATE_returned];
	return 0;
}

/* ---- minutes ---- */

struct minutes {
	struct store_tally *list;
	size_t count, room;
};

static int minute_add(const struct store_tally *minute, void *context)
{
	struct minutes *m = context;

	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 256;
		struct store_tally *list = reallocarray(m->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		m->list = list;
		m->room = room;
	}
	m->list[m->count++] = *minute;
	return 0;
}

static int minutes_read(struct store *s, struct progress *p)
{
	struct minutes minutes = {0};
	int r = store_tallies(s, minute_add, &minutes);

	if (r == 0)
		progress_count(p, minutes.list, minutes.count);
	free(minutes.list);
	return r;
}

/* ---- who does not move ---- */

struct stuck_walk {
	struct progress *progress;
	size_t taken; /* later ones are stuck for less long */
};

static int stuck_take(struct stuck_walk *w, const struct store_still *still,
        enum machine_state state, int64_t limit)
{
	struct progress *p = w->progress;
	const struct progress_stuck stuck = {.machine = still->machine,
	        .state = state,
	        .since = still->since < p->now ? still->since : p->now,
	        .limit = limit};

	progress_stuck_add(p, &stuck);
	return ++w->taken == PROGRESS_STUCK_MAX;
}

static int still_take(const struct store_still *still, void *context)
{
	struct stuck_walk *w = context;
	int64_t limit = progress_limit(still->state, w->progress->learnt);

	if (w->progress->now - still->since <= limit ||
	        change_only_looked(still->state, still->reason))
		return 0;
	return stuck_take(w, still, still->state, limit);
}

/* What the timers have found (fleet/timer.c). */
static int silent_take(const struct store_still *still, void *context)
{
	struct stuck_walk *w = context;
	const struct learnt *l = w->progress->learnt;

	if (still->reason == REASON_BOOT_STALLED)
		return stuck_take(w, still, STATE_booting, progress_limit(STATE_booting, l));
	if (still->reason == REASON_NOT_RETURNED)
		return stuck_take(w, still, STATE_rebooting, progress_limit(STATE_rebooting, l));
	return stuck_take(w, still, still->state == STATE_COUNT ? STATE_running : still->state,
	        FLEET_SILENCE_MS);
}

static int stuck_read(struct store *s, struct progress *p)
{
	struct stuck_walk still = {.progress = p}, silent = {.progress = p};
	int64_t least = INT64_MAX;

	for (int i = 0; i < STATE_COUNT; i++) {
		int64_t limit = progress_limit((enum machine_state)i, p->learnt);
		if (limit && limit < least)
			least = limit;
	}
	int r = store_still(s, p->now - least, still_take, &still);
	if (r >= 0)
		r = store_silent(s, silent_take, &silent);
	return r < 0 ? r : 0;
}

int progress_read(struct store *s, int64_t now, struct progress *ret)
{
	struct progress p = {.now = now};
	int r = machines_count(s, &p);

	if (r == 0)
		r = store_learnt(s, p.learnt);
	if (r == 0)
		r = minutes_read(s, &p);
	if (r == 0)
		r = stuck_read(s, &p);
	if (r < 0)
		return r;
	progress_estimate(&p);
	*ret = p;
	return 0;
}

/* ---- as JSON ---- */

static int step_add(const char *step, const struct learnt *learnt, void *context)
{
	return json_array_append_new(context,
	        json_pack("{s:s, s:i, s:I, s:I}", "step", step, "samples", learnt->samples,
	                "median", (json_int_t)learnt->median, "most", (json_int_t)learnt->most));
}

static json_t *buckets_json(const struct progress *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->bucket_count; i++) {
		const struct store_tally *b = &p->buckets[i];
		(void)json_array_append_new(
		        list, json_pack("{s:I, s:I, s:I, s:I, s:I}", "at", (json_int_t)b->at,
		                      "recovered", (json_int_t)b->count[TALLY_RECOVERED],
		                      "repaired", (json_int_t)b->count[TALLY_REPAIRED], "failed",
		                      (json_int_t)b->count[TALLY_FAILED], "started",
		                      (json_int_t)b->count[TALLY_STARTED]));
	}
	return list;
}

static json_t *stuck_json(const struct progress *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->stuck_count; i++) {
		const struct progress_stuck *m = &p->stuck[i];
		(void)json_array_append_new(
		        list, json_pack("{s:I, s:s, s:I, s:I}", "machine", (json_int_t)m->machine,
		                      "state", machine_state_name(m->state), "since",
		                      (json_int_t)m->since, "limit", (json_int_t)m->limit));
	}
	return list;
}

json_t *progress_figures_json(const struct progress *p)
{
	return json_pack("{s:I, s:I, s:{s:i, s:I, s:f}, s:{s:I, s:I}, s:I, s:o}", "total",
	        (json_int_t)p->total, "recovered", (json_int_t)p->recovered, "rate", "minutes",
	        p->rate.minutes, "recovered", (json_int_t)p->rate.recovered, "per_hour",
	        progress_per_hour(p), "left", "soonest", (json_int_t)p->soonest, "latest",
	        (json_int_t)p->latest, "bucket", (json_int_t)p->bucket, "buckets", buckets_json(p));
}

json_t *progress_json(const struct progress *p)
{
	json_t *steps = json_array();

	(void)progress_steps(p, step_add, steps);
	json_t *all = json_pack("{s:i, s:I, s:o, s:o, s:I}", "v", 1, "now", (json_int_t)p->now,
	        "steps", steps, "stuck", stuck_json(p), "oldest",
	        (json_int_t)(p->stuck_count ? p->stuck[0].since : 0));
	json_t *figures = progress_figures_json(p);
	if (json_object_update(all, figures) < 0) {
		json_decref(all);
		all = NULL;
	}
	json_decref(figures);
	return all;
}
