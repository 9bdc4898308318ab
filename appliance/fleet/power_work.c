/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of one order. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/power_work.h"
#include "fixer/base/text.h"

#include <stdio.h>
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

bool power_is_over(int64_t from, int64_t limit, int64_t now)
{
	return now - from >= limit || from - now >= limit;
}

static int end(
        struct power_work *w, enum power_progress state, enum reason reason, const char *text)
{
	w->p.state = state;
	w->p.reason = reason;
	w->p.ended = w->now;
	w->changed = true;
	text_clean(w->p.text, sizeof(w->p.text), text);
	int r = store_power_save(w->s, &w->p);
	return r < 0 ? r : power_note(w->s, &w->m, &w->p, w->now, reason, text);
}

/* The image must not stay: firmware may be set up to start from a CD first. */
static int eject_after(struct power_work *w, int64_t due)
{
	if (w->p.what != POWER_WHAT_MEDIA)
		return 0;
	struct store_power eject = {.machine = w->p.machine,
	        .what = POWER_WHAT_EJECT,
	        .rank = w->p.rank,
	        .state = POWER_STATE_WAITING,
	        .reason = REASON_POWER_TURN,
	        .created = w->now,
	        .due = due};
	(void)snprintf(eject.by, sizeof(eject.by), "%s", POWER_BY_APPLIANCE);
	(void)snprintf(eject.why, sizeof(eject.why), "the image is not needed any more");
	(void)snprintf(eject.type, sizeof(eject.type), "%s", w->p.type);
	(void)snprintf(eject.address, sizeof(eject.address), "%s", w->p.address);
	return store_power_add(w->s, &eject, &eject.id);
}

int power_finish(struct power_work *w, const char *text)
{
	char line[NM_MAX_EVENT_TEXT + 1];

	(void)snprintf(line, sizeof(line), "%s%s", text,
	        w->p.what == POWER_WHAT_MEDIA ? "; the image is taken out ten minutes later" : "");
	int r = end(w, POWER_STATE_DONE, REASON_OK, line);
	return r < 0 ? r : eject_after(w, w->now + FLEET_POWER_EJECT_MS);
}

int power_drop(struct power_work *w, enum reason reason, const char *text)
{
	return end(w, POWER_STATE_STOPPED, reason, text);
}

int power_give_up(struct power_work *w, enum reason reason, const char *text)
{
	w->changed = true;
	int r = power_fail(w->s, &w->m, &w->p, w->now, reason, text);
	return r < 0 ? r : eject_after(w, w->now);
}

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

struct question {
	struct store *s;
	int64_t since;
};

static int answered_each(const char *mac, const struct machine *m, void *context)
{
	const struct question *q = context;
	int64_t at = 0;
	int r = store_mac_answered_at(q->s, mac, &at);

	(void)m;
	return r < 0 ? r : at >= q->since;
}

int power_has_asked(struct power_work *w, int64_t since)
{
	struct question q = {.s = w->s, .since = since};
	const struct machine *m = &w->m;
	bool at_it = m->state == STATE_booting || change_in_session(m->state) ||
	             m->state == STATE_rebooting || m->state == STATE_returned;

	if (m->asked >= since || m->started >= since || (at_it && m->since >= since))
		return 1;
	return store_macs(w->s, m->id, answered_each, &q);
}

/* No other way would help with that. */
static int give_up_busy(struct power_work *w, const char *text)
{
	char line[NM_MAX_EVENT_TEXT + 1];

	(void)snprintf(line, sizeof(line), "given up after %d answers: %s", w->p.busy, text);
	return power_give_up(w, REASON_POWER_BUSY, line);
}

int power_later(struct power_work *w, enum reason reason, const char *text)
{
	w->changed = true;
	if (reason == REASON_POWER_BUSY && ++w->p.busy > FLEET_POWER_LATER_MAX)
		return give_up_busy(w, text);
	if (w->p.busy == 0)
		w->p.busy = 1;
	w->p.state = POWER_STATE_WAITING;
	w->p.reason = reason;
	w->p.due = w->now + FLEET_POWER_LATER_MS;
	text_clean(w->p.text, sizeof(w->p.text), text);
	return store_power_save(w->s, &w->p);
}
