/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"

#include <string.h>

static int waiting_apply(
        struct fleet *f, const struct store_session *session, enum reason reason, const char *text)
{
	struct machine m;
	int64_t now = f->clock();
	int r = store_machine_get(f->store, session->machine, &m);

	if (r < 0)
		return r;
	bool same = m.state == STATE_waiting && m.reason == reason && strcmp(m.text, text) == 0;
	if (same || m.held || session->finished)
		return store_machine_touch(f->store, m.id, now);
	m.last_seen = now;
	return change_state(f->store, &m, now, STATE_waiting, reason, "release", text);
}

int fleet_waiting(
        struct fleet *f, const struct store_session *session, enum reason reason, const char *text)
{
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = change_end(f->store, waiting_apply(f, session, reason, text));
	f->changed(f->context);
	return r;
}

static int released_apply(struct fleet *f, const struct store_session *session, const char *answer)
{
	struct machine m;
	int r = store_machine_get(f->store, session->machine, &m);

	if (r == 0)
		r = store_session_release(f->store, session->id, answer);
	if (r < 0 || m.held || session->finished)
		return r;
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

	if (r < 0 || m.held || session->finished)
		return r;
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
