/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What came of an order that was handed out. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/power_work.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int driven(struct power_work *w, const char *text)
{
	w->p.driven = w->now;
	if (!power_boots(&w->p))
		return power_finish(w, text);
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

/* Nothing was done: a controller that is busy, a vault that waits for a person, an appliance that
 * does not take orders. */
static bool asked_later(enum reason reason)
{
	return reason == REASON_POWER_BUSY || reason == REASON_VAULT_LOCKED ||
	       reason == REASON_POWER_TURN;
}

static int judge(struct power_work *w, const struct fleet_power_answer *a)
{
	keep_words(&w->p, a);
	if (a->reason == REASON_OK)
		return driven(w, a->text);
	if (asked_later(a->reason))
		return power_later(w, a->reason, a->text);
	/* How it ended, its current may have been switched on. */
	w->p.driven = worth_another_way(a->reason) ? w->now : 0;
	return worth_another_way(a->reason) ? power_again(w, a->reason, a->text)
	                                    : power_give_up(w, a->reason, a->text);
}

static int answered(struct fleet *f, int64_t order, const struct fleet_power_answer *a)
{
	static const struct fleet_power_answer none = {.reason = REASON_POWER_BUSY,
	        .text = "no answer came: what was done is not known",
	        .type = "",
	        .address = "",
	        .power = "",
	        .boot = ""};
	struct power_work w;
	int r = power_work_load(f->store, order, f->clock(), &w);

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
