/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of one order. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/power_work.h"
#include "fixer/base/text.h"

#include <string.h>

bool power_boots(const struct store_power *p)
{
	return p->what == POWER_WHAT_BOOT || p->what == POWER_WHAT_MEDIA;
}

int power_work_load(struct store *s, int64_t id, int64_t now, struct power_work *w)
{
	*w = (struct power_work){.s = s, .now = now};
	int r = store_power_get(s, id, &w->p);
	if (r == 0)
		r = store_machine_get(s, w->p.machine, &w->m);
	if (r < 0)
		store_power_free(&w->p);
	return r;
}

int power_finish(struct power_work *w, const char *text)
{
	w->p.state = POWER_STATE_DONE;
	w->p.reason = REASON_OK;
	w->p.ended = w->now;
	w->changed = true;
	text_clean(w->p.text, sizeof(w->p.text), text);
	int r = store_power_save(w->s, &w->p);
	return r < 0 ? r : power_note(w->s, &w->m, &w->p, w->now, REASON_OK, text);
}

int power_give_up(struct power_work *w, enum reason reason, const char *text)
{
	w->changed = true;
	return power_fail(w->s, &w->m, &w->p, w->now, reason, text);
}

/* Once more, by the other method where there is one; else it has failed for this reason. */
int power_again(struct power_work *w, enum reason reason, const char *text)
{
	if (w->p.tries > 1 || !power_boots(&w->p))
		return power_give_up(w, reason, text);
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
	struct power_work *w = context;
	int64_t at = 0;
	int r = store_mac_answered_at(w->s, mac, &at);

	(void)m;
	return r < 0 ? r : at >= w->p.begun;
}

int power_has_asked(struct power_work *w)
{
	const struct machine *m = &w->m;
	bool at_it = m->state == STATE_booting || change_in_session(m->state) ||
	             m->state == STATE_rebooting || m->state == STATE_returned;

	if (m->asked >= w->p.begun || m->started >= w->p.begun || (at_it && m->since >= w->p.begun))
		return 1;
	return store_macs(w->s, m->id, answered_each, w);
}

/* It is asked again a little later, within the same try. A locked vault waits for a person, however
 * long. */
int power_later(struct power_work *w, enum reason reason, const char *text)
{
	w->changed = true;
	if (reason == REASON_POWER_BUSY && ++w->p.busy > FLEET_POWER_LATER_MAX)
		return power_again(w, REASON_POWER_BUSY, text);
	if (w->p.busy == 0)
		w->p.busy = 1;
	w->p.state = POWER_STATE_WAITING;
	w->p.reason = reason;
	w->p.due = w->now + FLEET_POWER_LATER_MS;
	text_clean(w->p.text, sizeof(w->p.text), text);
	return store_power_save(w->s, &w->p);
}
