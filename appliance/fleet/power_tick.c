/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose turn it is, what came of it, and whether the machine has asked for its boot. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/power.h"
#include "appliance/fleet/power_note.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKEN_MAX 64 /* in one tick */
#define FOUND_MAX 512

static bool boots(const struct store_power *p)
{
	return p->what == POWER_WHAT_BOOT || p->what == POWER_WHAT_MEDIA;
}

/* One order and its machine, within a transaction. */
struct work {
	struct store *s;
	struct store_power p;
	struct machine m;
	int64_t now;
	bool changed;
};

static int work_load(struct store *s, int64_t id, int64_t now, struct work *w)
{
	*w = (struct work){.s = s, .now = now};
	int r = store_power_get(s, id, &w->p);
	if (r == 0)
		r = store_machine_get(s, w->p.machine, &w->m);
	if (r < 0)
		store_power_free(&w->p);
	return r;
}

static int finish(struct work *w, const char *text)
{
	w->p.state = POWER_STATE_DONE;
	w->p.reason = REASON_OK;
	w->p.ended = w->now;
	w->changed = true;
	text_clean(w->p.text, sizeof(w->p.text), text);
	int r = store_power_save(w->s, &w->p);
	return r < 0 ? r : power_note(w->s, &w->m, &w->p, w->now, REASON_OK, text);
}

static int fail(struct work *w, enum reason reason, const char *text)
{
	w->changed = true;
	return power_fail(w->s, &w->m, &w->p, w->now, reason, text);
}

/* Once more, by the other method where there is one; else it has failed for this reason. */
static int again(struct work *w, enum reason reason, const char *text)
{
	if (w->p.tries > 1 || !boots(&w->p))
		return fail(w, reason, text);
	w->changed = true;
	w->p.state = POWER_STATE_WAITING;
	w->p.reason = reason;
	w->p.busy = 0;
	w->p.due = w->now;
	text_clean(w->p.text, sizeof(w->p.text), text);
	int r = store_power_save(w->s, &w->p);
	return r < 0 ? r
	             : power_note(w->s, &w->m, &w->p, w->now, reason,
	                       "it is tried once more, the other way");
}

/* ---- who has asked for its boot ---- */

static int answered_each(const char *mac, const struct machine *m, void *context)
{
	struct work *w = context;
	int64_t at = 0;
	int r = store_mac_answered_at(w->s, mac, &at);

	(void)m;
	return r < 0 ? r : at >= w->p.begun;
}

/* 1: it has, since the order went out. */
static int has_asked(struct work *w)
{
	const struct machine *m = &w->m;
	bool at_it = m->state == STATE_booting || change_in_session(m->state) ||
	             m->state == STATE_rebooting || m->state == STATE_returned;

	if (m->asked >= w->p.begun || m->started >= w->p.begun || (at_it && m->since >= w->p.begun))
		return 1;
	return store_macs(w->s, m->id, answered_each, w);
}

static int look_after(struct fleet *f, struct work *w)
{
	int r = has_asked(w);

	(void)f;
	if (r < 0)
		return r;
	if (r == 1)
		return finish(w, "it has asked for its boot");
	if (w->now - w->p.driven < FLEET_POWER_BOOT_MS && w->now >= w->p.driven)
		return 0;
	return again(w, REASON_POWER_NO_BOOT,
	        "switched on, but it has not asked for its boot within 15 minutes");
}

/* ---- what is looked at ---- */

struct found {
	int64_t ids[FOUND_MAX];
	size_t count;
	int64_t last;
};

static int found_add(const struct store_power *p, void *context)
{
	struct found *f = context;

	f->last = p->id;
	f->ids[f->count++] = p->id;
	return 0;
}

/* Calls work() for one order, in a transaction of its own. */
static int one_in(struct fleet *f, int64_t id, enum power_progress state,
        int (*work)(struct fleet *f, struct work *w), bool *changed)
{
	struct work w;
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = work_load(f->store, id, f->clock(), &w);
	if (r == 0) {
		r = w.p.state == state ? work(f, &w) : 0;
		store_power_free(&w.p);
		*changed |= w.changed;
	} else if (r == -ENOENT) {
		r = 0;
	}
	return change_end(f->store, r);
}

static int each_in(struct fleet *f, enum power_progress state,
        int (*work)(struct fleet *f, struct work *w), bool *changed)
{
	struct found found = {0};
	int r;

	do {
		found.count = 0;
		r = store_powers_in(f->store, state, found.last, FOUND_MAX, found_add, &found);
		for (size_t i = 0; r == 0 && i < found.count; i++)
			r = one_in(f, found.ids[i], state, work, changed);
	} while (r == 0 && found.count == FOUND_MAX);
	return r;
}

static int later(struct work *w, enum reason reason, const char *text);

/* Nobody knows how far it came. We may have been started anew: netmend-power, which goes on with
 * it, answers "later" until it is done. Another appliance may be gone: it is driven from its start
 * once more, which switches the machine off first. */
static int lost(struct fleet *f, struct work *w)
{
	bool ours = strcmp(w->p.appliance, f->appliance) == 0;

	if (ours && w->p.begun < f->started)
		return later(w, REASON_POWER_BUSY,
		        "the appliance was started anew in the middle: it is asked again");
	if (w->now - w->p.begun < FLEET_POWER_LOST_MS && w->now >= w->p.begun)
		return 0;
	return again(w, REASON_POWER_BUSY,
	        "who drove it went away in the middle: what was done is not known");
}

/* ---- whose turn it is ---- */

static bool within(const struct store_power_load *load, int at_once, int per_rack, int per_feed)
{
	return (!at_once || load->all < at_once) && (!per_rack || load->rack < per_rack) &&
	       (!per_feed || load->feed < per_feed);
}

static int load_allows(struct work *w, bool *ret)
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
static int still_right(struct work *w, struct fleet_power_look *look)
{
	struct fleet_power order = {.what = w->p.what,
	        .force = w->p.force,
	        .why = "",
	        .image = w->p.image,
	        .scope_all = true, /* was looked at when it was made */
	        .campaign = w->p.campaign};

	return power_look_again(w->s, &w->m, &order, w->now, look);
}

static int begin(struct fleet *f, struct work *w)
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

/* 0 and taken: it is ours now. */
static int take(struct fleet *f, int64_t id, struct work *w, bool *taken)
{
	struct fleet_power_look look;
	bool allowed = false;
	int r = work_load(f->store, id, f->clock(), w);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (w->p.state == POWER_STATE_WAITING)
		r = load_allows(w, &allowed);
	if (r == 0 && allowed)
		r = still_right(w, &look);
	if (r == 0 && allowed && look.reason != REASON_OK)
		return fail(w, look.reason, look.text);
	if (r == 0 && allowed)
		r = begin(f, w);
	*taken = r == 0 && allowed;
	return r;
}

static int hand_out(struct fleet *f, struct work *w, fleet_power_drive *drive, void *context)
{
	struct fleet_power_question q = {.order = w->p.id,
	        .what = w->p.what,
	        .other = w->p.tries > 1,
	        .by = w->p.by,
	        .why = w->p.why,
	        .image = w->p.image,
	        .machine = w->m};
	const struct fleet_power_answer later = {.reason = REASON_POWER_BUSY,
	        .text = "the appliance does not take orders just now: nothing was done",
	        .type = "",
	        .address = "",
	        .power = "",
	        .boot = ""};

	if (interrupts(w->p.what) && !w->p.force && w->p.busy == 0 && w->p.tries == 1)
		(void)snprintf(q.knock, sizeof(q.knock), "%s", w->m.ip);
	int r = store_macs(f->store, w->m.id, mac_each, &q);
	if (r >= 0)
		r = drive(context, &q);
	return r < 0 ? fleet_power_answered(f, w->p.id, &later) : 0;
}

/* Those in the row, as far as limits go. */
struct row {
	size_t count;
	struct turn {
		int64_t id;
		int at_once, per_rack, per_feed;
		char rack[PLACE_TEXT], feed[PLACE_TEXT];
	} turns[FOUND_MAX];
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

/* A first look without a transaction: most of those that wait have to go on waiting. */
static int may_go(struct fleet *f, const struct turn *t, int64_t *all, bool *ret)
{
	struct store_power_load load;

	*ret = false;
	if (t->at_once && *all >= t->at_once)
		return 0;
	int r = store_power_load(
	        f->store, f->clock() - FLEET_POWER_SETTLE_MS, t->rack, t->feed, &load);
	if (r < 0)
		return r;
	*all = load.all;
	*ret = within(&load, t->at_once, t->per_rack, t->per_feed);
	return 0;
}

static int take_and_drive(
        struct fleet *f, int64_t id, fleet_power_drive *drive, void *context, bool *taken)
{
	struct work w = {0};
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	r = change_end(f->store, take(f, id, &w, taken));
	if (r == 0 && *taken)
		r = hand_out(f, &w, drive, context);
	store_power_free(&w.p);
	return r;
}

static int take_turns(struct fleet *f, fleet_power_drive *drive, void *context, bool *changed)
{
	struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));
	int64_t all = 0;
	size_t given = 0;

	if (!row)
		return -ENOMEM;
	int r = store_powers_next(f->store, f->appliance, f->clock(), FOUND_MAX, row_add, row);
	for (size_t i = 0; r == 0 && i < row->count && given < TAKEN_MAX; i++) {
		bool may = false, taken = false;
		r = may_go(f, &row->turns[i], &all, &may);
		if (r == 0 && may) {
			*changed = true;
			r = take_and_drive(f, row->turns[i].id, drive, context, &taken);
			given += taken;
			all += taken;
		}
	}
	return r;
}

int fleet_power_tick(struct fleet *f, fleet_power_drive *drive, void *context)
{
	int64_t counts[POWER_STATES];
	bool changed = false;
	int r = store_power_counts(f->store, 0, counts);

	if (r < 0 || counts[POWER_STATE_WAITING] + counts[POWER_STATE_DRIVING] +
	                             counts[POWER_STATE_BOOTING] ==
	                     0)
		return r;
	if (counts[POWER_STATE_BOOTING])
		r = each_in(f, POWER_STATE_BOOTING, look_after, &changed);
	if (r == 0 && counts[POWER_STATE_DRIVING])
		r = each_in(f, POWER_STATE_DRIVING, lost, &changed);
	if (r == 0 && (counts[POWER_STATE_WAITING] || changed) && drive)
		r = take_turns(f, drive, context, &changed);
	if (changed)
		f->changed(f->context);
	return r;
}

/* ---- what came of it ---- */

static void keep_words(struct store_power *p, const struct fleet_power_answer *a)
{
	text_clean(p->power, sizeof(p->power), a->power);
	text_clean(p->boot, sizeof(p->boot), a->boot);
	if (a->type[0])
		text_clean(p->type, sizeof(p->type), a->type);
	if (a->address[0])
		text_clean(p->address, sizeof(p->address), a->address);
	if (a->steps) {
		free(p->steps);
		p->steps = strdup(a->steps);
	}
}

/* It is asked again a little later, within the same try. A locked vault waits for a person, however
 * long. */
static int later(struct work *w, enum reason reason, const char *text)
{
	w->changed = true;
	if (reason == REASON_POWER_BUSY && ++w->p.busy > FLEET_POWER_LATER_MAX)
		return again(w, REASON_POWER_BUSY, text);
	if (w->p.busy == 0)
		w->p.busy = 1;
	w->p.state = POWER_STATE_WAITING;
	w->p.reason = reason;
	w->p.due = w->now + FLEET_POWER_LATER_MS;
	text_clean(w->p.text, sizeof(w->p.text), text);
	return store_power_save(w->s, &w->p);
}

static int driven(struct work *w, const char *text)
{
	w->p.driven = w->now;
	if (!boots(&w->p))
		return finish(w, text);
	w->p.state = POWER_STATE_BOOTING;
	w->p.reason = REASON_OK;
	text_clean(w->p.text, sizeof(w->p.text), text);
	int r = store_power_save(w->s, &w->p);
	if (r == 0)
		r = power_note(w->s, &w->m, &w->p, w->now, REASON_OK, text);
	return r;
}

/* What another way of ordering could help with. */
static bool worth_another_way(enum reason reason)
{
	return reason == REASON_POWER_BOOT_FLAG || reason == REASON_POWER_STUCK ||
	       reason == REASON_POWER_REFUSED || reason == REASON_POWER_ANSWER_BAD;
}

static int judge(struct work *w, const struct fleet_power_answer *a)
{
	keep_words(&w->p, a);
	if (a->reason == REASON_OK)
		return driven(w, a->text);
	if (a->reason == REASON_POWER_BUSY || a->reason == REASON_VAULT_LOCKED)
		return later(w, a->reason, a->text);
	return worth_another_way(a->reason) ? again(w, a->reason, a->text)
	                                    : fail(w, a->reason, a->text);
}

static int answered(struct fleet *f, int64_t order, const struct fleet_power_answer *a)
{
	static const struct fleet_power_answer none = {.reason = REASON_POWER_BUSY,
	        .text = "no answer came: what was done is not known",
	        .type = "",
	        .address = "",
	        .power = "",
	        .boot = ""};
	struct work w;
	int r = work_load(f->store, order, f->clock(), &w);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (w.p.state == POWER_STATE_DRIVING && strcmp(w.p.appliance, f->appliance) == 0)
		r = judge(&w, a ? a : &none);
	store_power_free(&w.p);
	return r;
}

int fleet_power_answered(struct fleet *f, int64_t order, const struct fleet_power_answer *a)
{
	int r = store_begin(f->store, true);

	if (r == 0)
		r = change_end(f->store, answered(f, order, a));
	if (r == 0)
		f->changed(f->context);
	return r;
}
