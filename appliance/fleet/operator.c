/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/operator.h"
#include "appliance/fleet/change.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* apply()s a decision to one machine, in a transaction of its own. */
static int decide(struct store *s, int64_t id,
        int (*apply)(struct store *s, struct machine *m, int64_t now, const char *text),
        const char *text)
{
	struct machine m;
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = store_machine_get(s, id, &m);
	if (r == 0)
		r = apply(s, &m, now_ms(), text);
	return change_end(s, r);
}

/* A fixer at work keeps its state: it will speak for itself. */
static bool at_work(const struct machine *m)
{
	return m->state == STATE_booting || change_in_session(m->state);
}

static int apply_add(struct store *s, struct machine *m, int64_t now, const char *name)
{
	if (name)
		text_clean(m->name, sizeof(m->name), name);
	m->in_scope = true;
	m->done = false;
	m->guard_from = now;
	if (at_work(m) || m->held) {
		int r = store_machine_save(s, m);
		return r < 0 ? r
		             : change_note(s, m, now, m->reason, "operator", "added to the scope");
	}
	return change_state(s, m, now, STATE_seen, REASON_OK, "operator", "added to the scope");
}

int fleet_add(struct store *s, const char *mac, const char *name, int64_t *ret_id)
{
	struct machine m;
	char normal[MAC_TEXT];
	int64_t id = 0;

	if (mac_normalise(mac, normal) < 0)
		return -EINVAL;
	int r = store_begin(s, true);
	if (r < 0)
		return r;
	r = store_machine_by_mac(s, normal, &m);
	if (r == -ENOENT) {
		r = store_machine_add(s, normal, &id);
		if (r == 0)
			r = store_machine_get(s, id, &m);
	}
	if (r == 0)
		r = apply_add(s, &m, now_ms(), name);
	r = change_end(s, r);
	if (r == 0)
		*ret_id = m.id;
	return r;
}

static int apply_remove(struct store *s, struct machine *m, int64_t now, const char *text)
{
	m->in_scope = false;
	if (at_work(m)) {
		int r = store_machine_save(s, m);
		return r < 0 ? r : change_note(s, m, now, m->reason, "operator", text);
	}
	return change_state(s, m, now, STATE_ignored, REASON_NOT_IN_SCOPE, "operator", text);
}

int fleet_remove(struct store *s, int64_t id)
{
	return decide(s, id, apply_remove, "taken out of the scope");
}

static int apply_hold(struct store *s, struct machine *m, int64_t now, const char *text)
{
	m->held = true;
	return change_state(s, m, now, STATE_held, REASON_HELD, "operator", text);
}

int fleet_hold(struct store *s, int64_t id, const char *text)
{
	return decide(s, id, apply_hold, text ? text : "");
}

static int apply_release(struct store *s, struct machine *m, int64_t now, const char *text)
{
	if (m->reason == REASON_RELAPSED)
		m->done = false;
	m->held = false;
	m->guard_from = now;
	/* If a fixer is waiting there, its next call says what it does. */
	return change_state(s, m, now, STATE_seen, REASON_OK, "operator", text);
}

int fleet_release(struct store *s, int64_t id)
{
	return decide(s, id, apply_release, "released");
}

/* What its next boot would say again for as long as the bundle is offered. */
static bool stopped_by_pending(const struct machine *m)
{
	return m->state == STATE_attention &&
	       (m->reason == REASON_PENDING_CONFLICT || m->reason == REASON_BUNDLE_BAD);
}

static int apply_discard(struct store *s, struct machine *m, int64_t now, const char *by)
{
	struct store_bundle pending;
	char text[NM_MAX_EVENT_TEXT];

	int r = store_bundle_pending(s, m->id, &pending);
	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	r = store_bundle_settle(s, m->id, pending.sha256, BUNDLE_VOID);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%s: interrupted repair discarded, bundle %s", by,
	        pending.sha256);
	if (!stopped_by_pending(m))
		return change_note(s, m, now, m->reason, "operator", text);
	m->guard_from = now;
	return change_state(s, m, now, STATE_seen, REASON_OK, "operator", text);
}

int fleet_discard(struct store *s, int64_t id, const char *by)
{
	return decide(s, id, apply_discard, by);
}
