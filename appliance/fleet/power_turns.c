/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose turn it is: orders within their limits are taken and handed out. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/power_note.h"
#include "appliance/fleet/power_work.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKEN_MAX 64 /* in one tick */
#define ROW_MAX   512
#define FULL_MAX  64

static bool within(const struct store_power_load *load, int at_once, int per_rack, int per_feed)
{
	return (!at_once || load->all < at_once) && (!per_rack || load->rack < per_rack) &&
	       (!per_feed || load->feed < per_feed);
}

static int load_allows(struct power_work *w, bool *ret)
{
	const struct store_power *p = &w->p;
	struct store_power_load load;
	int r = store_power_load(w->s, w->now - FLEET_POWER_SETTLE_MS, p->rack, p->feed, &load);

	*ret = r == 0 && within(&load, p->at_once, p->per_rack, p->per_feed);
	return r;
}

static bool interrupts(enum power_what what)
{
	return what != POWER_WHAT_EJECT && what != POWER_WHAT_ON;
}

static int mac_each(const char *mac, const struct machine *m, void *context)
{
	struct fleet_power_question *q = context;

	(void)m;
	for (size_t i = 0; i < 4; i++)
		if (!q->macs[i][0]) {
			(void)snprintf(q->macs[i], MAC_TEXT, "%s", mac);
			return 0;
		}
	return 1;
}

/* What it looked like when it was ordered may be long ago. An order of its own is open. */
static int still_right(struct fleet *f, struct power_work *w, struct fleet_power_look *look)
{
	struct fleet_power order = {.what = w->p.what,
	        .force = w->p.force,
	        .why = "",
	        .image = w->p.image,
	        .scope_all = f->scope_all,
	        .campaign = w->p.campaign};

	return power_look_again(w->s, &w->m, &order, w->now, look);
}

static int begin(struct fleet *f, struct power_work *w)
{
	w->p.state = POWER_STATE_DRIVING;
	w->p.reason = REASON_OK;
	w->p.tries += w->p.busy == 0;
	w->p.begun = w->now;
	w->p.driven = 0;
	w->p.text[0] = 0;
	(void)snprintf(w->p.appliance, sizeof(w->p.appliance), "%s", f->appliance);
	return store_power_save(w->s, &w->p);
}

/* Not any more: what has changed since it was ordered, or since its first try. */
static int refuse(struct power_work *w, const struct fleet_power_look *look)
{
	if (look->reason == REASON_POWER_ALIVE && w->p.driven && power_boots(&w->p))
		return power_give_up(w, REASON_POWER_NO_BOOT,
		        "switched on, but its Windows has come up in the place of its boot: it is "
		        "not "
		        "switched off again");
	if (look->reason == REASON_POWER_ALIVE || look->reason == REASON_POWER_NO_BMC)
		return power_give_up(w, look->reason, look->text);
	return power_drop(w, look->reason, look->text);
}

/* While it waited it came by itself, or late by its first try: to switch it off would undo that. */
static int has_come(struct power_work *w)
{
	if (w->p.what != POWER_WHAT_BOOT)
		return 0;
	return power_has_asked(w, w->p.tries ? w->p.begun : w->p.created + 1);
}

/* 0 and taken: it is ours now. */
static int take(struct fleet *f, struct power_work *w, bool *taken)
{
	struct fleet_power_look look;
	bool allowed = false;
	int r = load_allows(w, &allowed);

	if (r < 0 || !allowed)
		return r;
	r = has_come(w);
	if (r == 1)
		return power_finish(
		        w, "it has asked for its boot before its turn: not switched off");
	if (r == 0)
		r = still_right(f, w, &look);
	if (r < 0)
		return r;
	if (look.reason != REASON_OK)
		return refuse(w, &look);
	r = begin(f, w);
	*taken = r == 0;
	return r;
}

/* w->p is to be freed, whatever comes. */
static int take_waiting(struct fleet *f, int64_t id, struct power_work *w, bool *taken)
{
	int r = power_work_load(f->store, id, f->clock(), w);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return w->p.state == POWER_STATE_WAITING ? take(f, w, taken) : 0;
}

static int hand_out(struct fleet *f, struct power_work *w, fleet_power_drive *drive, void *context)
{
	struct fleet_power_question q = {.order = w->p.id,
	        .what = w->p.what,
	        .other = w->p.tries > 1,
	        .by = w->p.by,
	        .why = w->p.why,
	        .image = w->p.image,
	        .machine = w->m};
	const struct fleet_power_answer later = {.reason = REASON_POWER_TURN,
	        .text = "the appliance does not take orders just now: nothing was done",
	        .type = "",
	        .address = "",
	        .power = "",
	        .boot = ""};

	if (interrupts(w->p.what) && !w->p.force && w->p.tries == 1)
		(void)snprintf(q.knock, sizeof(q.knock), "%s", w->m.ip);
	int r = store_macs(f->store, w->m.id, mac_each, &q);
	if (r >= 0)
		r = drive(context, &q);
	return r < 0 ? fleet_power_answered(f, w->p.id, &later) : 0;
}

/* Those in the row, as far as limits go. full: for whom there was no room in their rack or on their
 * feed a moment ago. */
struct row {
	size_t count, full_count;
	const struct turn *full[FULL_MAX];
	struct turn {
		int64_t id;
		int at_once, per_rack, per_feed;
		char rack[PLACE_TEXT], feed[PLACE_TEXT];
	} turns[ROW_MAX];
};

static int row_add(const struct store_power *p, void *context)
{
	struct row *row = context;
	struct turn *t = &row->turns[row->count++];

	*t = (struct turn){.id = p->id,
	        .at_once = p->at_once,
	        .per_rack = p->per_rack,
	        .per_feed = p->per_feed};
	(void)snprintf(t->rack, sizeof(t->rack), "%s", p->rack);
	(void)snprintf(t->feed, sizeof(t->feed), "%s", p->feed);
	return 0;
}

static bool is_full(const struct row *row, const struct turn *t)
{
	for (size_t i = 0; i < row->full_count; i++) {
		const struct turn *full = row->full[i];
		if (full->at_once == t->at_once && full->per_rack == t->per_rack &&
		        full->per_feed == t->per_feed && strcmp(full->rack, t->rack) == 0 &&
		        strcmp(full->feed, t->feed) == 0)
			return true;
	}
	return false;
}

/* A first look without a transaction: most of those that wait have to go on waiting. */
static int may_go(struct fleet *f, struct row *row, const struct turn *t, int64_t *all, bool *ret)
{
	struct store_power_load load;

	*ret = false;
	if ((t->at_once && *all >= t->at_once) || is_full(row, t))
		return 0;
	int r = store_power_load(
	        f->store, f->clock() - FLEET_POWER_SETTLE_MS, t->rack, t->feed, &load);
	if (r < 0)
		return r;
	*all = load.all;
	*ret = within(&load, t->at_once, t->per_rack, t->per_feed);
	if (!*ret && row->full_count < FULL_MAX)
		row->full[row->full_count++] = t;
	return 0;
}

static int take_and_drive(
        struct fleet *f, int64_t id, fleet_power_drive *drive, void *context, bool *taken)
{
	struct power_work w = {0};
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	r = change_end(f->store, take_waiting(f, id, &w, taken));
	if (r == 0 && *taken)
		r = hand_out(f, &w, drive, context);
	store_power_free(&w.p);
	return r;
}

int power_take_turns(struct fleet *f, fleet_power_drive *drive, void *context, bool *changed)
{
	struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));
	int64_t all = 0;
	size_t given = 0;

	if (!row)
		return -ENOMEM;
	int r = store_powers_next(f->store, f->appliance, f->clock(), ROW_MAX, row_add, row);
	for (size_t i = 0; r == 0 && i < row->count && given < TAKEN_MAX; i++) {
		bool may = false, taken = false;
		r = may_go(f, row, &row->turns[i], &all, &may);
		if (r == 0 && may) {
			*changed = true;
			r = take_and_drive(f, row->turns[i].id, drive, context, &taken);
			given += taken;
			all += taken;
		}
	}
	return r;
}
