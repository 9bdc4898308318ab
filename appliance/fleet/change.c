/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
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

int change_state(struct store *s, struct machine *m, int64_t now, enum machine_state state,
        enum reason reason, const char *step, const char *text)
{
	if (m->state != state)
		m->since = now;
	m->state = state;
	m->reason = reason;
	m->silent_state = STATE_COUNT;
	m->silent_reason = REASON_OK;
	text_clean(m->text, sizeof(m->text), text);
	int r = store_machine_save(s, m);
	return r < 0 ? r : change_note(s, m, now, reason, step, text);
}

int change_end(struct store *s, int r)
{
	if (r == 0)
		return store_commit(s);
	store_rollback(s);
	return r;
}

bool change_in_session(enum machine_state state)
{
	return state >= STATE_running && state <= STATE_repaired;
}
