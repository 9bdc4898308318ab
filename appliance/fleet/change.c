/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/loader.h"
#include "appliance/store/tally.h"
#include "fixer/base/text.h"

#include <stdio.h>
#include <string.h>

int change_note(struct store *s, const struct machine *m, int64_t now, enum reason reason,
        const char *step, const char *text)
{
	struct store_event event = {.at = now,
	        .attempt = m->attempt,
	        .state = m->state,
	        .reason = reason,
	        .numbers = "{}"};

	(void)snprintf(event.step, sizeof(event.step), "%s", step);
	text_clean(event.text, sizeof(event.text), text);
	return store_event_add(s, m->id, 0, 0, &event, NULL);
}

bool change_failed(enum machine_state state, enum reason reason)
{
	return (state == STATE_attention || state == STATE_held) &&
	       (reason == REASON_NOT_RETURNED || strcmp(reason_severity(reason), "fail") == 0);
}

bool change_is_new(enum machine_state before, enum reason reason_before, enum machine_state state,
        enum reason reason)
{
	return before != state || (reason != reason_before && change_failed(state, reason));
}

int change_tally(struct store *s, const struct machine *m, int64_t now, enum machine_state before,
        enum reason reason_before)
{
	int r = 0;

	if (m->state == STATE_returned && before != STATE_returned)
		r = store_tally_add(s, TALLY_RECOVERED, now);
	else if (change_failed(m->state, m->reason) && !change_failed(before, reason_before))
		r = store_tally_add(s, TALLY_FAILED, now);
	return r;
}

int change_state(struct store *s, struct machine *m, int64_t now, enum machine_state state,
        enum reason reason, const char *step, const char *text)
{
	enum machine_state before = m->state;
	enum reason reason_before = m->reason;

	if (change_is_new(before, reason_before, state, reason))
		m->since = now;
	m->state = state;
	m->reason = reason;
	m->silent_state = STATE_COUNT;
	m->silent_reason = REASON_OK;
	text_clean(m->text, sizeof(m->text), text);
	int r = store_machine_save(s, m);
	if (r == 0)
		r = change_tally(s, m, now, before, reason_before);
	return r < 0 ? r : change_note(s, m, now, reason, step, text);
}

int change_relapsed(
        struct store *s, struct machine *m, int64_t now, const char *step, const char *text)
{
	m->held = true;
	return change_state(s, m, now, STATE_attention, REASON_RELAPSED, step, text);
}

int change_again(
        struct store *s, struct machine *m, int64_t now, const char *step, const char *text)
{
	bool late = m->reason == REASON_NOT_RETURNED && m->done;

	m->done = m->held = false;
	m->guard_from = now;
	if (m->reason == REASON_LOADER_FAILED)
		loader_forget(m);
	int r = change_state(s, m, now, STATE_seen, REASON_OK, step, text);
	if (r < 0 || !late)
		return r;
	m->silent_state = STATE_rebooting;
	return store_machine_save(s, m);
}

int change_end(struct store *s, int r)
{
	if (r == 0)
		return store_commit(s);
	store_rollback(s);
	return r;
}

bool change_appliance(const struct fleet *f, struct machine *m)
{
	if (!f->appliance[0] || strcmp(m->appliance, f->appliance) == 0)
		return false;
	(void)snprintf(m->appliance, sizeof(m->appliance), "%s", f->appliance);
	return true;
}

bool change_in_session(enum machine_state state)
{
	return state >= STATE_running && state <= STATE_repaired;
}

bool change_only_looked(enum machine_state state, enum reason reason)
{
	return state == STATE_rebooting &&
	       (reason == REASON_WOULD_REPAIR || reason == REASON_REPORT_ONLY);
}

bool change_awaited(const struct machine *m)
{
	if (change_only_looked(m->state, m->reason))
		return false;
	return m->state == STATE_rebooting || m->state == STATE_repaired ||
	       (m->state == STATE_attention && m->reason == REASON_NOT_RETURNED) ||
	       (m->state == STATE_seen && m->silent_state == STATE_rebooting);
}
