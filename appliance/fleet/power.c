/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders made and stopped, each with its record. */
#include "appliance/fleet/power.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/power_note.h"
#include "appliance/fleet/slice.h"
#include "appliance/store/inventory.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one order ---- */

/* Where its power comes from, as the inventory has it. */
static int place_of(struct store *s, const struct machine *m, struct store_power *p)
{
	(void)snprintf(p->rack, sizeof(p->rack), "%s", m->rack);
	(void)snprintf(p->feed, sizeof(p->feed), "%s", m->feed);
	p->rank = m->rank;
	struct store_bmc bmc;
	int r = store_bmc_get(s, m->id, "", &bmc);
	if (r < 0)
		return r;
	(void)snprintf(p->type, sizeof(p->type), "%s", bmc.type);
	(void)snprintf(p->address, sizeof(p->address), "%s", bmc.address);
	return 0;
}

static int make(struct store *s, const struct machine *m, const struct fleet_power *order,
        const char *by, int64_t now)
{
	struct store_power p = {.machine = m->id,
	        .what = order->what,
	        .force = order->force,
	        .campaign = order->campaign,
	        .wave = order->wave,
	        .at_once = order->at_once,
	        .per_rack = order->per_rack,
	        .per_feed = order->per_feed,
	        .state = POWER_STATE_WAITING,
	        .reason = REASON_POWER_TURN,
	        .created = now,
	        .due = now};

	text_clean(p.by, sizeof(p.by), by);
	text_clean(p.why, sizeof(p.why), order->why);
	text_clean(p.image, sizeof(p.image), order->image);
	int r = place_of(s, m, &p);
	if (r == 0)
		r = store_power_add(s, &p, &p.id);
	return r < 0 ? r : power_note(s, m, &p, now, REASON_POWER_TURN, "ordered");
}

static int make_place(struct store *s, int64_t machine, int64_t now)
{
	struct store_power last;
	int r = store_power_of_machine(s, machine, &last);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (power_gives_way(&last)) {
		last.state = POWER_STATE_STOPPED;
		last.reason = REASON_OK;
		last.ended = now;
		(void)snprintf(last.text, sizeof(last.text), "another order came before its turn");
		r = store_power_save(s, &last);
	}
	store_power_free(&last);
	return r;
}

int fleet_power_make(struct store *s, const struct machine *m, const struct fleet_power *order,
        const char *by, int64_t now, struct fleet_power_look *ret)
{
	int r = fleet_power_look(s, m, order, now, ret);

	if (r < 0 || ret->reason != REASON_OK)
		return r;
	r = make_place(s, m->id, now);
	return r < 0 ? r : make(s, m, order, by, now);
}

/* ---- many ---- */

static int order_one(struct store *s, const struct actor *by, const struct fleet_power_many *many,
        int64_t id, int64_t now, bool *ret_made)
{
	struct fleet_power_look look = {
	        .reason = REASON_NOT_FOUND, .text = "no machine of this number"};
	struct machine m;
	int r = store_machine_get(s, id, &m);

	if (r == 0)
		r = many->dry_run ? fleet_power_look(s, &m, many->order, now, &look)
		                  : fleet_power_make(s, &m, many->order, by->name, now, &look);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_made = look.reason == REASON_OK;
	if (many->told)
		many->told(id, &look, many->context);
	return 0;
}

static int record(struct store *s, const struct actor *by, const struct fleet_power_many *many,
        int64_t now, bool ended, struct fleet_progress *p)
{
	struct store_action action = {.at = now, .actor = *by, .kind = "machine"};
	struct machine m;
	char object[NM_MAX_NAME + 1], text[NM_MAX_EVENT_TEXT + 1];

	if (many->dry_run || p->done == 0 || (p->recorded && !ended))
		return 0;
	p->recorded = true;
	if (many->count == 1 && store_machine_get(s, many->machines[0], &m) == 0)
		fleet_machine_name(&m, object);
	else
		(void)snprintf(object, sizeof(object), "%s%zu machines", ended ? "" : "the first ",
		        p->done);
	(void)snprintf(
	        action.verb, sizeof(action.verb), "power-%s", power_what_name(many->order->what));
	(void)snprintf(text, sizeof(text), "%.200s%s%.160s%s", many->chosen,
	        many->chosen[0] && many->order->why[0] ? "; " : "", many->order->why,
	        many->order->force ? " (also machines that are up)" : "");
	text_clean(action.object, sizeof(action.object), object);
	text_clean(action.text, sizeof(action.text), text);
	return store_action_add(s, &action);
}

/* 1: time is up; 0: that were all of them. */
static int order_some(struct store *s, const struct actor *by, const struct fleet_power_many *many,
        int64_t now, struct fleet_progress *p)
{
	const struct slice slice = slice_begin();

	while (p->next < many->count) {
		bool made = false;
		int r = order_one(s, by, many, many->machines[p->next], now, &made);
		if (r < 0)
			return r;
		p->done += made;
		p->next++;
		if (p->next < many->count && slice_is_over(&slice))
			return 1;
	}
	return 0;
}

int fleet_power_slice(struct store *s, const struct actor *by, const struct fleet_power_many *many,
        struct fleet_progress *p)
{
	struct fleet_progress after = *p;
	int64_t now = fleet_clock();
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	int more = order_some(s, by, many, now, &after);
	r = change_end(s, more < 0 ? more : record(s, by, many, now, more == 0, &after));
	if (r < 0)
		return r;
	*p = after;
	return more;
}

int fleet_power_order(struct store *s, const struct actor *by, const struct fleet_power_many *many,
        size_t *ret_done)
{
	struct fleet_progress p = {0};
	int r;

	while ((r = fleet_power_slice(s, by, many, &p)) == 1)
		slice_pause();
	*ret_done = p.done;
	return r;
}

/* ---- stopping ---- */

struct found {
	int64_t *ids;
	size_t count, capacity;
	int64_t campaign; /* 0: of all */
};

static int found_add(const struct store_power *p, void *context)
{
	struct found *f = context;

	if (f->campaign && p->campaign != f->campaign)
		return 0;
	if (strcmp(p->by, POWER_BY_APPLIANCE) == 0)
		return 0; /* an image is taken out all the same: it switches nothing */
	if (f->count == f->capacity) {
		size_t capacity = f->capacity ? 2 * f->capacity : 64;
		int64_t *ids = reallocarray(f->ids, capacity, sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		f->ids = ids;
		f->capacity = capacity;
	}
	f->ids[f->count++] = p->id;
	return 0;
}

/* Of one that is not open any more, or under way, nothing. */
static int stop_one(struct store *s, int64_t id, int64_t now, const char *text, size_t *count)
{
	struct store_power p;
	struct machine m;
	int r = store_power_get(s, id, &p);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	bool stops = p.state == POWER_STATE_WAITING || p.state == POWER_STATE_BOOTING;
	if (stops) {
		p.state = POWER_STATE_STOPPED;
		p.reason = REASON_OK;
		p.ended = now;
		text_clean(p.text, sizeof(p.text), text);
		r = store_power_save(s, &p);
		if (r == 0)
			r = store_machine_get(s, p.machine, &m);
		if (r == 0)
			r = power_note(s, &m, &p, now, REASON_OK, text);
		*count += r == 0;
	}
	store_power_free(&p);
	return r;
}

static int stop_found(struct store *s, struct found *f, enum power_progress state, int64_t now,
        const char *text, size_t *count)
{
	f->count = 0;
	int r = store_powers_in(s, state, 0, INT32_MAX, found_add, f);
	for (size_t i = 0; r == 0 && i < f->count; i++)
		r = stop_one(s, f->ids[i], now, text, count);
	return r;
}

static int stop_all(struct store *s, int64_t campaign, int64_t now, const char *text, size_t *count)
{
	struct found f = {.campaign = campaign};
	int r = stop_found(s, &f, POWER_STATE_WAITING, now, text, count);

	if (r == 0 && !campaign)
		r = stop_found(s, &f, POWER_STATE_BOOTING, now, text, count);
	free(f.ids);
	return r;
}

static int stop_machines(struct store *s, const int64_t *machines, size_t n, int64_t now,
        const char *text, size_t *count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct store_power p;
		r = store_power_of_machine(s, machines[i], &p);
		if (r == 0) {
			int64_t id = p.id;
			store_power_free(&p);
			r = stop_one(s, id, now, text, count);
		} else if (r == -ENOENT) {
			r = 0;
		}
	}
	return r;
}

int fleet_power_stop(struct store *s, const struct actor *by, const int64_t *machines, size_t count,
        const char *why, size_t *ret_stopped)
{
	struct store_action action = {
	        .at = fleet_clock(), .actor = *by, .verb = "power-stop", .kind = "machine"};
	char text[NM_MAX_EVENT_TEXT + 1];
	size_t stopped = 0;

	(void)snprintf(
	        text, sizeof(text), "stopped%s%.200s (%s)", why[0] ? ": " : "", why, by->name);
	int r = store_begin(s, true);
	if (r < 0)
		return r;
	r = machines ? stop_machines(s, machines, count, action.at, text, &stopped)
	             : stop_all(s, 0, action.at, text, &stopped);
	if (r == 0 && stopped > 0) {
		(void)snprintf(action.object, sizeof(action.object), "%zu machines", stopped);
		text_clean(action.text, sizeof(action.text), why);
		r = store_action_add(s, &action);
	}
	r = change_end(s, r);
	if (r == 0)
		*ret_stopped = stopped;
	return r;
}

int fleet_power_stop_campaign(struct store *s, int64_t campaign, int64_t now, const char *why)
{
	size_t stopped = 0;

	return stop_all(s, campaign, now, why, &stopped);
}
