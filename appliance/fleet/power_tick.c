/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Once a second: orders that have succeeded, that took too long, and whose turn it is. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/power_work.h"

#include <errno.h>
#include <string.h>

#define FOUND_MAX 512

static int look_after(struct fleet *f, struct power_work *w)
{
	int r = power_has_asked(w, w->p.begun);

	(void)f;
	if (r < 0)
		return r;
	if (r == 1)
		return power_finish(w, "it has asked for its boot");
	if (!power_is_over(w->p.driven, FLEET_POWER_BOOT_MS, w->now))
		return 0;
	return power_again(w, REASON_POWER_NO_BOOT,
	        "switched on, but it has not asked for its boot within 15 minutes");
}

/* Nobody knows how far it came. We may have been started anew: netmend-power, which goes on with
 * it, answers "later" until it is done. Another appliance may be gone: it is driven from its start
 * once more, which switches the machine off first. */
static bool is_cut_off(const struct fleet *f, const struct store_power *p)
{
	return strcmp(p->appliance, f->appliance) == 0 && p->begun < f->started;
}

static bool is_lost(const struct fleet *f, const struct store_power *p, int64_t now)
{
	return is_cut_off(f, p) || power_is_over(p->begun, FLEET_POWER_LOST_MS, now);
}

static int lost(struct fleet *f, struct power_work *w)
{
	if (!is_lost(f, &w->p, w->now))
		return 0;
	if (is_cut_off(f, &w->p))
		return power_later(w, REASON_POWER_BUSY,
		        "the appliance was started anew in the middle: it is asked again");
	return power_again(w, REASON_POWER_BUSY,
	        "who drove it went away in the middle: what was done is not known");
}

/* Its record was taken away while it waited: nobody would ever take it. */
static int without(struct fleet *f, struct power_work *w)
{
	(void)f;
	return power_give_up(w, REASON_POWER_NO_BMC,
	        "its management controller is not known any more: netmend power import");
}

/* ---- what is looked at ---- */

struct found {
	const struct fleet *f;
	int64_t now;
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

static int find_moved(struct found *f)
{
	return store_powers_moved(f->f->store, f->now - FLEET_POWER_BOOT_MS + 1,
	        f->now + FLEET_POWER_BOOT_MS - 1, f->last, FOUND_MAX, found_add, f);
}

static int lost_add(const struct store_power *p, void *context)
{
	struct found *f = context;

	if (is_lost(f->f, p, f->now))
		return found_add(p, context);
	f->last = p->id;
	return 0;
}

static int find_lost(struct found *f)
{
	return store_powers_in(f->f->store, POWER_STATE_DRIVING, f->last, FOUND_MAX, lost_add, f);
}

static int find_without(struct found *f)
{
	return store_powers_without(f->f->store, f->last, FOUND_MAX, found_add, f);
}

/* Calls work() for one order, in a transaction of its own. */
static int one_in(struct fleet *f, int64_t id, enum power_progress state,
        int (*work)(struct fleet *f, struct power_work *w), bool *changed)
{
	struct power_work w;
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = power_work_load(f->store, id, f->clock(), &w);
	if (r == 0) {
		r = w.p.state == state ? work(f, &w) : 0;
		store_power_free(&w.p);
		*changed |= w.changed;
	} else if (r == -ENOENT) {
		r = 0;
	}
	return change_end(f->store, r);
}

/* Most of those that are open go on waiting: a transaction only for the others. */
static int each_found(struct fleet *f, int (*find)(struct found *found), enum power_progress state,
        int (*work)(struct fleet *f, struct power_work *w), bool *changed)
{
	struct found found = {.f = f, .now = f->clock()};
	int r;

	do {
		found.count = 0;
		r = find(&found);
		for (size_t i = 0; r == 0 && i < found.count; i++)
			r = one_in(f, found.ids[i], state, work, changed);
	} while (r == 0 && found.count == FOUND_MAX);
	return r;
}

int fleet_power_tick(struct fleet *f, fleet_power_drive *drive, void *context)
{
	int64_t counts[POWER_STATES];
	bool changed = false;
	int r = store_power_open_counts(f->store, counts);

	if (r < 0 || counts[POWER_STATE_WAITING] + counts[POWER_STATE_DRIVING] +
	                             counts[POWER_STATE_BOOTING] ==
	                     0)
		return r;
	if (counts[POWER_STATE_BOOTING])
		r = each_found(f, find_moved, POWER_STATE_BOOTING, look_after, &changed);
	if (r == 0 && counts[POWER_STATE_DRIVING])
		r = each_found(f, find_lost, POWER_STATE_DRIVING, lost, &changed);
	if (r == 0 && counts[POWER_STATE_WAITING])
		r = each_found(f, find_without, POWER_STATE_WAITING, without, &changed);
	if (r == 0 && (counts[POWER_STATE_WAITING] || changed) && drive)
		r = power_take_turns(f, drive, context, &changed);
	if (changed)
		f->changed(f->context);
	return r;
}
