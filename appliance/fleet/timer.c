/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/learn.h"
#include "appliance/fleet/slice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOT_LEARNT LEARNT_STEPS

/* What silence in a state means. */
struct silence {
	enum machine_state state;
	enum learnt_step step; /* whose limit it is; NOT_LEARNT: that of a heartbeat */
	enum reason reason;
};

static const struct silence silences[] = {
        {STATE_booting, LEARNT_BOOT, REASON_BOOT_STALLED},
        {STATE_running, NOT_LEARNT, REASON_NO_HEARTBEAT},
        {STATE_waiting, NOT_LEARNT, REASON_NO_HEARTBEAT},
        {STATE_unlocking, NOT_LEARNT, REASON_NO_HEARTBEAT},
        {STATE_planning, NOT_LEARNT, REASON_NO_HEARTBEAT},
        {STATE_saving, NOT_LEARNT, REASON_NO_HEARTBEAT},
        {STATE_repairing, NOT_LEARNT, REASON_NO_HEARTBEAT},
        {STATE_repaired, LEARNT_RETURN, REASON_NOT_RETURNED},
        {STATE_rebooting, LEARNT_RETURN, REASON_NOT_RETURNED},
};

/* Rows are collected first: the walk must not see its own changes. */
struct found {
	int64_t *ids;
	size_t count, capacity;
};

static int found_add(const struct machine *m, void *context)
{
	struct found *found = context;

	/* It crashes as before, and nobody said that it would not. */
	if (change_only_looked(m->state, m->reason))
		return 0;
	if (found->count == found->capacity) {
		size_t capacity = found->capacity ? 2 * found->capacity : 64;
		int64_t *ids = reallocarray(found->ids, capacity, sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		found->ids = ids;
		found->capacity = capacity;
	}
	found->ids[found->count++] = m->id;
	return 0;
}

/* Another appliance may have heard of it since the walk. */
static int silence_apply(
        struct fleet *f, int64_t id, const struct silence *s, int64_t now, int64_t limit)
{
	char text[NM_MAX_EVENT_TEXT] = "";
	struct machine m;
	int r = store_machine_get(f->store, id, &m);

	if (r < 0 || m.state != s->state || now - m.last_seen <= limit)
		return r;
	enum reason before = m.reason;
	if (s->step != NOT_LEARNT)
		learn_text(s->step, &f->learnt[s->step], now - m.last_seen, text, sizeof(text));
	r = change_state(f->store, &m, now, STATE_attention, s->reason, "silence", text);
	if (r < 0 || s->step != NOT_LEARNT)
		return r;
	/* The state is taken up again when the machine calls. */
	m.silent_state = s->state;
	m.silent_reason = before;
	return store_machine_save(f->store, &m);
}

/* A switch that dies silences thousands at once: what does not fit into the slice waits for the
 * next tick, but one machine always fits. */
static int silence_check(struct fleet *f, const struct silence *s, int64_t now,
        const struct slice *slice, bool *changed)
{
	struct found found = {0};
	int64_t limit = s->step == NOT_LEARNT ? FLEET_SILENCE_MS
	                                      : learn_limit(s->step, &f->learnt[s->step]);

	/* Nobody could reach us before we started. */
	if (now - f->started < limit)
		return 0;
	int r = store_machines_quiet(f->store, s->state, now - limit, found_add, &found);
	if (r == 0 && found.count) {
		r = store_begin(f->store, false);
		for (size_t i = 0; r == 0 && i < found.count && (i == 0 || !slice_is_over(slice));
		        i++)
			r = silence_apply(f, found.ids[i], s, now, limit);
		r = change_end(f->store, r);
		*changed = true;
	}
	free(found.ids);
	return r;
}

/* The store must not grow with every boot there ever was. */
static int tokens_sweep(struct fleet *f, int64_t now)
{
	if (f->swept && now - f->swept < FLEET_SWEEP_MS)
		return 0;
	f->swept = now;
	return store_token_expire(f->store, now - FLEET_TOKEN_MS);
}

static bool had_as_many(const struct fleet *f, const struct store_orphan *orphan)
{
	for (size_t i = 0; i < f->orphan_count; i++)
		if (strcmp(f->orphans[i].sha256, orphan->sha256) == 0)
			return f->orphans[i].parts == orphan->parts;
	return false;
}

static int parts_drop(struct fleet *f, const char *sha256)
{
	int r = store_begin(f->store, false);

	return r < 0 ? r : change_end(f->store, store_bundle_drop(f->store, sha256));
}

/* Whoever still brings them, however slowly, is not harmed: who ends with parts missing is told so
 * (fleet_bundle()). */
static int parts_sweep(struct fleet *f, int64_t now)
{
	struct store_orphan found[FLEET_PARTS_MAX];
	size_t count = 0;

	if (f->parts_looked && now - f->parts_looked < FLEET_PARTS_MS)
		return 0;
	int r = store_bundle_orphans(f->store, found, FLEET_PARTS_MAX, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (had_as_many(f, &found[i]))
			r = parts_drop(f, found[i].sha256);
	if (r < 0)
		return r;
	f->parts_looked = now;
	f->orphan_count = count;
	memcpy(f->orphans, found, count * sizeof(found[0]));
	return 0;
}

int fleet_tick(struct fleet *f)
{
	int64_t now = f->clock();
	bool changed = false;
	struct slice slice = slice_begin();
	int r = tokens_sweep(f, now);

	if (r == 0)
		r = parts_sweep(f, now);
	if (r == 0)
		r = learn_tick(f, now);
	for (size_t i = 0; r == 0 && i < sizeof(silences) / sizeof(silences[0]); i++)
		r = silence_check(f, &silences[i], now, &slice, &changed);
	if (changed)
		f->changed(f->context);
	return r;
}
