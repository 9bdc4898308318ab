/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What silence in a state means. */
struct silence {
	enum machine_state state;
	int64_t limit_ms;
	enum reason reason;
	bool comes_back; /* the state is taken up again when the machine calls */
	const char *text;
};

static const struct silence silences[] = {
        {STATE_booting, FLEET_BOOT_MS, REASON_BOOT_STALLED, false,
                "handed the fixer, not heard of since"},
        {STATE_running, FLEET_SILENCE_MS, REASON_NO_HEARTBEAT, true, ""},
        {STATE_waiting, FLEET_SILENCE_MS, REASON_NO_HEARTBEAT, true, ""},
        {STATE_unlocking, FLEET_SILENCE_MS, REASON_NO_HEARTBEAT, true, ""},
        {STATE_planning, FLEET_SILENCE_MS, REASON_NO_HEARTBEAT, true, ""},
        {STATE_saving, FLEET_SILENCE_MS, REASON_NO_HEARTBEAT, true, ""},
        {STATE_repairing, FLEET_SILENCE_MS, REASON_NO_HEARTBEAT, true, ""},
        {STATE_repaired, FLEET_RETURN_MS, REASON_NOT_RETURNED, false, ""},
        {STATE_rebooting, FLEET_RETURN_MS, REASON_NOT_RETURNED, false, ""},
};

/* Rows are collected first: the walk must not see its own changes. */
struct found {
	int64_t *ids;
	size_t count, capacity;
};

static int found_add(const struct machine *m, void *context)
{
	struct found *found = context;

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

static int silence_apply(struct fleet *f, int64_t id, const struct silence *s, int64_t now)
{
	struct machine m;
	int r = store_machine_get(f->store, id, &m);

	if (r < 0 || m.state != s->state)
		return r;
	enum reason before = m.reason;
	r = change_state(f->store, &m, now, STATE_attention, s->reason, "silence", s->text);
	if (r < 0 || !s->comes_back)
		return r;
	m.silent_state = s->state;
	m.silent_reason = before;
	return store_machine_save(f->store, &m);
}

static int silence_check(struct fleet *f, const struct silence *s, int64_t now, bool *changed)
{
	struct found found = {0};

	/* Nobody could reach us before we started. */
	if (now - f->started < s->limit_ms)
		return 0;
	int r = store_machines_quiet(f->store, s->state, now - s->limit_ms, found_add, &found);
	if (r == 0 && found.count) {
		r = store_begin(f->store, false);
		for (size_t i = 0; r == 0 && i < found.count; i++)
			r = silence_apply(f, found.ids[i], s, now);
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

int fleet_tick(struct fleet *f)
{
	int64_t now = f->clock();
	bool changed = false;
	int r = tokens_sweep(f, now);

	for (size_t i = 0; r == 0 && i < sizeof(silences) / sizeof(silences[0]); i++)
		r = silence_check(f, &silences[i], now, &changed);
	if (changed)
		f->changed(f->context);
	return r;
}
