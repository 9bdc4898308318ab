/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/clock.h"
#include "appliance/fleet/operator.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/slice.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const verb_names[DEEDS] = {
        "add", "remove", "hold", "release", "retry", "discard", "set-back", "normal-start"};

const char *fleet_deed_name(enum fleet_deed verb)
{
	return (unsigned)verb < DEEDS ? verb_names[verb] : "";
}

int fleet_deed_parse(const char *name)
{
	for (int v = 0; v < DEEDS; v++)
		if (strcmp(name, verb_names[v]) == 0)
			return v;
	return -1;
}

void fleet_machine_name(const struct machine *m, char ret[NM_MAX_NAME + 1])
{
	const char *serial = machine_serial(m);
	const char *known = m->name[0] ? m->name : serial[0] ? serial : m->mac;

	if (known[0])
		(void)snprintf(ret, NM_MAX_NAME + 1, "%s", known);
	else
		(void)snprintf(ret, NM_MAX_NAME + 1, "number %lld", (long long)m->id);
}

/* ---- one machine ---- */

/* A decision on its way to one machine. */
struct decision {
	struct store *s;
	struct machine *m;
	int64_t now;
	char text[NM_MAX_EVENT_TEXT + 1]; /* for the timeline: what, why, who */
};

/* A fixer at work keeps its state: it will speak for itself. */
static bool at_work(const struct machine *m)
{
	return m->state == STATE_booting || change_in_session(m->state);
}

/* The decision in the timeline; the state stays. */
static int deed_note(const struct decision *d)
{
	int r = store_machine_save(d->s, d->m);

	return r < 0 ? r : change_note(d->s, d->m, d->now, d->m->reason, "operator", d->text);
}

/* The machine may come again, as if it were new. */
static int deed_seen(const struct decision *d)
{
	return change_state(d->s, d->m, d->now, STATE_seen, REASON_OK, "operator", d->text);
}

static int not_now(struct error *err, const char *why)
{
	return error_set(err, -ENODATA, REASON_NOT_NOW, "%s", why);
}

static int apply_add(const struct decision *d)
{
	struct machine *m = d->m;

	m->in_scope = true;
	m->done = false;
	if (m->reason == REASON_RELAPSED)
		m->held = false;
	m->guard_from = d->now;
	int r = campaign_leave_ended(d->s, m);
	if (r < 0)
		return r;
	return at_work(m) || m->held ? deed_note(d) : deed_seen(d);
}

static int apply_remove(const struct decision *d)
{
	d->m->in_scope = false;
	/* In a campaign it is the campaign that says who is answered. */
	if (at_work(d->m) || d->m->campaign)
		return deed_note(d);
	return change_state(
	        d->s, d->m, d->now, STATE_ignored, REASON_NOT_IN_SCOPE, "operator", d->text);
}

static int apply_hold(const struct decision *d)
{
	d->m->held = true;
	return change_state(d->s, d->m, d->now, STATE_held, REASON_HELD, "operator", d->text);
}

static int apply_release(const struct decision *d)
{
	struct machine *m = d->m;

	m->guard_from = d->now;
	/* One that nothing holds goes on as it does; only its boots are counted anew. */
	if (!m->held && m->reason != REASON_RELAPSED)
		return deed_note(d);
	if (m->reason == REASON_RELAPSED)
		m->done = false;
	m->held = false;
	/* Repaired already: its Windows is awaited again, by all who count those that return. */
	if (m->done) {
		m->last_seen = d->now;
		return change_state(
		        d->s, m, d->now, STATE_rebooting, REASON_OK, "operator", d->text);
	}
	/* If a fixer is waiting there, its next call says what it does. */
	return deed_seen(d);
}

static int apply_retry(const struct decision *d, struct error *err)
{
	struct machine *m = d->m;
	bool guarded = m->state == STATE_held && m->reason == REASON_SERVED_TOO_OFTEN;

	if (m->state == STATE_held && !guarded)
		return not_now(err, "it is held: release it");
	if (m->state != STATE_attention && !guarded)
		return not_now(err, "it has not failed");
	return change_again(d->s, m, d->now, "operator", d->text);
}

/* What its next boot would say again for as long as the bundle is offered. */
static bool stopped_by_pending(const struct machine *m)
{
	return m->state == STATE_attention &&
	       (m->reason == REASON_PENDING_CONFLICT || m->reason == REASON_BUNDLE_BAD);
}

static int apply_discard(struct decision *d, struct error *err)
{
	struct store_bundle pending;

	int r = store_bundle_pending(d->s, d->m->id, &pending);
	if (r == -ENOENT)
		return not_now(err, "it has no interrupted repair");
	if (r == 0)
		r = store_bundle_settle(d->s, d->m->id, pending.sha256, BUNDLE_VOID);
	if (r < 0)
		return r;
	(void)snprintf(d->text + strlen(d->text), sizeof(d->text) - strlen(d->text), ", bundle %s",
	        pending.sha256);
	if (!stopped_by_pending(d->m))
		return change_note(d->s, d->m, d->now, d->m->reason, "operator", d->text);
	d->m->guard_from = d->now;
	return deed_seen(d);
}

/* Its next session, if there is one, reads the firmware again and goes before a person's word. */
static int apply_set_back(const struct decision *d, struct error *err)
{
	if (d->m->boot_order != MACHINE_BOOT_ORDER_NETWORK)
		return not_now(err, "its firmware is not known to try the network first");
	d->m->boot_order = MACHINE_BOOT_ORDER_UNKNOWN;
	return deed_note(d);
}

static int apply_normal_start(const struct decision *d, struct error *err)
{
	if (d->m->safe_mode <= MACHINE_SAFE_MODE_NONE)
		return not_now(err, "its Windows is not known to be set to safe mode");
	d->m->safe_mode = MACHINE_SAFE_MODE_UNKNOWN;
	return deed_note(d);
}

/* "off the list: replaced (anna)" */
static void deed_text(
        struct decision *d, enum fleet_deed verb, const struct actor *by, const char *text)
{
	static const char *const words[DEEDS] = {"added to the scope", "taken out of the scope", "",
	        "released", "may boot again", "interrupted repair discarded",
	        "its boot order was set back", "its safe mode was ended"};
	char line[NM_MAX_EVENT_TEXT + 1];

	(void)snprintf(line, sizeof(line), "%s%s%.300s%s%s%s", words[verb],
	        words[verb][0] && text[0] ? ": " : "", text, by->name[0] ? " (" : "", by->name,
	        by->name[0] ? ")" : "");
	text_clean(d->text, sizeof(d->text), line);
}

int fleet_apply(struct store *s, struct machine *m, enum fleet_deed verb, const struct actor *by,
        int64_t now, const char *text, struct error *err)
{
	struct decision d = {.s = s, .m = m, .now = now};

	deed_text(&d, verb, by, text);
	switch (verb) {
	case DEED_ADD:
		return apply_add(&d);
	case DEED_REMOVE:
		return apply_remove(&d);
	case DEED_HOLD:
		return apply_hold(&d);
	case DEED_RELEASE:
		return apply_release(&d);
	case DEED_RETRY:
		return apply_retry(&d, err);
	case DEED_DISCARD:
		return apply_discard(&d, err);
	case DEED_SET_BACK:
		return apply_set_back(&d, err);
	case DEED_NORMAL_START:
		return apply_normal_start(&d, err);
	default:
		return -EINVAL;
	}
}

/* ---- transactions, each with its record ---- */

/* What is added leaves a campaign that is over. */
static int prepare(struct store *s, enum fleet_deed verb, int64_t now)
{
	return verb == DEED_ADD ? campaign_keep_reports(s, now) : 0;
}

static int record(struct store *s, const struct actor *by, enum fleet_deed verb, int64_t now,
        const char *object, const char *text)
{
	struct store_action action = {.at = now, .actor = *by, .kind = "machine"};

	(void)snprintf(action.verb, sizeof(action.verb), "%s", fleet_deed_name(verb));
	text_clean(action.object, sizeof(action.object), object);
	text_clean(action.text, sizeof(action.text), text);
	return store_action_add(s, &action);
}

static int decide(struct store *s, const struct actor *by, enum fleet_deed verb, int64_t id,
        const char *text, struct error *err)
{
	struct machine m;
	char name[NM_MAX_NAME + 1];
	int64_t now = fleet_clock();
	int r = store_machine_get(s, id, &m);

	if (r < 0)
		return r;
	fleet_machine_name(&m, name);
	r = prepare(s, verb, now);
	if (r == 0)
		r = fleet_apply(s, &m, verb, by, now, text, err);
	return r < 0 ? r : record(s, by, verb, now, name, text);
}

int fleet_decide(struct store *s, const struct actor *by, enum fleet_deed verb, int64_t machine,
        const char *text, struct error *err)
{
	int r = store_begin(s, true);

	return r < 0 ? r : change_end(s, decide(s, by, verb, machine, text, err));
}

static int act_on(struct store *s, const struct actor *by, const struct fleet_order *order,
        int64_t id, int64_t now)
{
	struct machine m;
	struct error err = {0};
	int r = store_machine_get(s, id, &m);

	if (r == 0)
		r = fleet_apply(s, &m, order->verb, by, now, order->text, &err);
	else if (r == -ENOENT)
		(void)error_set(&err, r, REASON_NOT_FOUND, "no machine of this number");
	if (r == -ENODATA || r == -ENOENT)
		order->refused(id, &err, order->context);
	return r;
}

/* 1: time is up; 0: that were all of them. */
static int act_on_some(struct store *s, const struct actor *by, const struct fleet_order *order,
        int64_t now, struct fleet_progress *p)
{
	const struct slice slice = slice_begin();
	int r = prepare(s, order->verb, now);

	while (r == 0 && p->next < order->count) {
		r = act_on(s, by, order, order->machines[p->next], now);
		if (r < 0 && r != -ENODATA && r != -ENOENT)
			return r;
		p->done += r == 0;
		p->next++;
		r = 0;
		if (p->next < order->count && slice_is_over(&slice))
			return 1;
	}
	return r;
}

/* At the first slice that did something, and at the end. */
static int act_record(struct store *s, const struct actor *by, const struct fleet_order *order,
        int64_t now, bool ended, struct fleet_progress *p)
{
	char object[NM_MAX_NAME + 1], text[NM_MAX_EVENT_TEXT + 1];
	struct machine m;

	if (p->done == 0 || (p->recorded && !ended))
		return 0;
	p->recorded = true;
	if (order->count == 1 && store_machine_get(s, order->machines[0], &m) == 0)
		fleet_machine_name(&m, object);
	else
		(void)snprintf(object, sizeof(object), "%s%zu machines", ended ? "" : "the first ",
		        p->done);
	(void)snprintf(text, sizeof(text), "%.200s%s%.190s", order->chosen,
	        order->chosen[0] && order->text[0] ? "; " : "", order->text);
	return record(s, by, order->verb, now, object, text);
}

int fleet_act_slice(struct store *s, const struct actor *by, const struct fleet_order *order,
        struct fleet_progress *p)
{
	struct fleet_progress after = *p;
	int64_t now = fleet_clock();
	int more = 0, r = store_begin(s, true);

	if (r < 0)
		return r;
	more = act_on_some(s, by, order, now, &after);
	r = change_end(s, more < 0 ? more : act_record(s, by, order, now, more == 0, &after));
	if (r < 0)
		return r;
	*p = after;
	return more;
}

int fleet_act(
        struct store *s, const struct actor *by, const struct fleet_order *order, size_t *ret_done)
{
	struct fleet_progress p = {0};
	int r;

	while ((r = fleet_act_slice(s, by, order, &p)) == 1)
		slice_pause();
	*ret_done = p.done;
	return r;
}

static int add(
        struct store *s, const struct actor *by, const char *mac, const char *name, int64_t *ret_id)
{
	struct machine m;
	struct error err = {0};
	int64_t id, now = fleet_clock();
	int r = store_machine_by_mac(s, mac, &m);

	if (r == -ENOENT) {
		r = store_machine_add(s, mac, &id);
		if (r == 0)
			r = store_machine_get(s, id, &m);
	}
	if (r < 0)
		return r;
	if (name)
		text_clean(m.name, sizeof(m.name), name);
	r = prepare(s, DEED_ADD, now);
	if (r == 0)
		r = fleet_apply(s, &m, DEED_ADD, by, now, "", &err);
	if (r < 0)
		return r;
	*ret_id = m.id;
	char called[NM_MAX_NAME + 1];
	fleet_machine_name(&m, called);
	return record(s, by, DEED_ADD, now, called, mac);
}

int fleet_add(
        struct store *s, const struct actor *by, const char *mac, const char *name, int64_t *ret_id)
{
	char normal[MAC_TEXT];
	int64_t id = 0;

	if (mac_normalise(mac, normal) < 0)
		return -EINVAL;
	int r = store_begin(s, true);
	if (r < 0)
		return r;
	r = change_end(s, add(s, by, normal, name, &id));
	if (r == 0)
		*ret_id = id;
	return r;
}
