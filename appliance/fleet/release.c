/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"

#include <stdio.h>
#include <string.h>

static int waiting_apply(struct fleet *f, const struct store_session *session, enum reason reason,
        const char *text, const char *code)
{
	struct machine m;
	int64_t now = f->clock();
	int r = store_machine_get(f->store, session->machine, &m);

	if (r < 0)
		return r;
	if (reason == REASON_WAITING_APPROVAL && !text[0])
		text = fleet_contact_text(session->contact);
	bool same = m.state == STATE_waiting && m.reason == reason && strcmp(m.text, text) == 0 &&
	            strcmp(m.pairing, code) == 0;
	if (same || m.held || session->finished)
		return store_machine_touch(f->store, m.id, now);
	m.last_seen = now;
	(void)snprintf(m.pairing, sizeof(m.pairing), "%s", code);
	return change_state(f->store, &m, now, STATE_waiting, reason, "release", text);
}

int fleet_waiting(struct fleet *f, const struct store_session *session, enum reason reason,
        const char *text, const char *code)
{
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = change_end(f->store, waiting_apply(f, session, reason, text, code));
	f->changed(f->context);
	return r;
}

static int released_apply(struct fleet *f, const struct store_session *session, const char *answer)
{
	struct machine m;
	int r = store_machine_get(f->store, session->machine, &m);

	if (r == 0 && fleet_session_crossed(session, &m))
		return 0;
	if (r == 0)
		r = store_session_release(f->store, session->id, answer);
	if (r < 0 || m.held || session->finished)
		return r;
	m.pairing[0] = 0;
	return change_state(
	        f->store, &m, f->clock(), STATE_unlocking, REASON_OK, "release", "key released");
}

int fleet_released(struct fleet *f, const struct store_session *session, const char *answer)
{
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	r = change_end(f->store, released_apply(f, session, answer));
	f->changed(f->context);
	return r;
}

static int denied_apply(struct fleet *f, const struct store_session *session, const char *text)
{
	struct machine m;
	int r = store_machine_get(f->store, session->machine, &m);

	if (r < 0 || m.held || session->finished || fleet_session_crossed(session, &m))
		return r;
	m.pairing[0] = 0;
	return change_state(
	        f->store, &m, f->clock(), STATE_attention, REASON_RELEASE_DENIED, "release", text);
}

int fleet_denied(struct fleet *f, const struct store_session *session, const char *text)
{
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	r = change_end(f->store, denied_apply(f, session, text));
	f->changed(f->context);
	return r;
}
