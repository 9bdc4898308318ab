/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/power_note.h"
#include "appliance/fleet/change.h"
#include "fixer/base/text.h"

#include <stdio.h>
#include <string.h>

static void line_of(const struct store_power *p, const char *text, char *out, size_t size)
{
	(void)snprintf(out, size, "%s by %s %s%s: %s", power_what_name(p->what),
	        p->type[0] ? p->type : "its controller", p->address,
	        p->tries > 1 ? ", second way" : "", text);
}

int power_note(struct store *s, const struct machine *m, const struct store_power *p, int64_t now,
        enum reason reason, const char *text)
{
	char line[NM_MAX_EVENT_TEXT + 1];

	line_of(p, text, line, sizeof(line));
	return change_note(s, m, now, reason, "power", line);
}

/* Where it still is as it was before: not at its repair, not back, not held by a person. */
static bool still_awaited(const struct machine *m)
{
	return m->state == STATE_seen || m->state == STATE_ignored || m->state == STATE_attention;
}

int power_fail(struct store *s, struct machine *m, struct store_power *p, int64_t now,
        enum reason reason, const char *text)
{
	bool boots = p->what == POWER_WHAT_BOOT || p->what == POWER_WHAT_MEDIA;
	char line[NM_MAX_EVENT_TEXT + 1];

	p->state = POWER_STATE_FAILED;
	p->reason = reason;
	p->ended = now;
	text_clean(p->text, sizeof(p->text), text);
	int r = store_power_save(s, p);
	if (r < 0)
		return r;
	line_of(p, text, line, sizeof(line));
	return boots && still_awaited(m)
	               ? change_state(s, m, now, STATE_attention, reason, "power", line)
	               : change_note(s, m, now, reason, "power", line);
}

bool power_gives_way(const struct store_power *p)
{
	return p->state == POWER_STATE_WAITING && strcmp(p->by, POWER_BY_APPLIANCE) == 0;
}
