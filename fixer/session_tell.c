/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/screen.h"
#include "fixer/session_internal.h"

#include <stdio.h>
#include <string.h>

static void show(const struct session *s)
{
	if (s->shown.is_reason)
		screen_reason(s->shown.reason, s->shown.text);
	else
		screen_status(s->shown.title ? s->shown.title : "", s->shown.text);
}

void session_show(struct session *s, const char *title, const char *text)
{
	s->shown.is_reason = false;
	s->shown.title = title;
	(void)snprintf(s->shown.text, sizeof(s->shown.text), "%s", text);
	show(s);
}

void session_show_reason(struct session *s, enum reason reason, const char *text)
{
	s->shown.is_reason = true;
	s->shown.reason = reason;
	(void)snprintf(s->shown.text, sizeof(s->shown.text), "%s", text);
	show(s);
}

void session_tell(struct session *s, const char *state, const char *step, enum reason reason,
        const char *text, json_t *numbers)
{
	api_event(s->api, state, step, reason, text, numbers);
	if (!s->heartbeat || !s->open.id[0])
		return;
	/* While it waits for a key, the machine's long poll is its sign of life. */
	bool polls = strcmp(state, "waiting") == 0;
	heartbeat_state(s->heartbeat, s->open.id, s->open.heartbeat, polls ? NULL : state);
}

static void on_unreachable(void *context, const struct error *err, unsigned seconds)
{
	struct session *s = context;

	if (!s->shown.no_answer)
		screen_reason(REASON_APPLIANCE_UNREACHABLE, err->text);
	else
		screen_line("Still no answer, trying again in %u s", seconds);
	s->shown.no_answer = true;
}

static void on_reached(void *context)
{
	struct session *s = context;

	if (s->shown.no_answer)
		show(s);
	s->shown.no_answer = false;
}

struct api_hooks session_hooks(struct session *s)
{
	return (struct api_hooks){on_unreachable, on_reached, s};
}

void session_volume_name(const struct session *s, const struct session_volume *v, char out[64])
{
	const char *disk = s->disks[v->disk].info.name;

	if (v->partition.number == 0)
		(void)snprintf(out, 64, "%s", disk);
	else
		(void)snprintf(out, 64, "%s partition %u", disk, v->partition.number);
}
