/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBERS_MAX 32

/* What a fixer may say of itself. */
static int state_check(
        const char *text, const char *field, enum machine_state *ret, struct error *err)
{
	int state = machine_state_parse(text);

	if ((state < STATE_running || state > STATE_repaired) && state != STATE_attention)
		return input_bad(err, "%s: not a state of a fixer", field);
	*ret = (enum machine_state)state;
	return 0;
}

static int numbers_check(json_t *json, const char *where, struct error *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(json) || json_object_size(json) > NUMBERS_MAX)
		return input_bad(
		        err, "%s.numbers: not an object of at most %d", where, NUMBERS_MAX);
	json_object_foreach(json, key, value)
	{
		if (!json_is_integer(value))
			return input_bad(err, "%s.numbers.%.40s: not an integer", where, key);
		int r = input_word(key, "numbers", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int event_read(json_t *json, const char *where, struct fleet_event *ret, struct error *err)
{
	json_int_t seq, ms;
	const char *state, *step, *reason, *text;
	json_t *numbers;
	struct fleet_event e = {0};

	int r = input_unpack(json, err, where, "{s:I, s:I, s:s, s:s, s:s, s:s, s:o}", "seq", &seq,
	        "ms", &ms, "state", &state, "step", &step, "reason", &reason, "text", &text,
	        "numbers", &numbers);
	if (r == 0)
		r = input_range(seq, 1, INT32_MAX, "events.seq", err);
	if (r == 0)
		r = input_range(ms, 0, (json_int_t)1 << 48, "events.ms", err);
	if (r == 0)
		r = state_check(state, "events.state", &e.event.state, err);
	if (r == 0)
		r = input_length(step, sizeof(e.event.step) - 1, "events.step", err);
	if (r == 0)
		r = input_word(step, "events.step", err);
	if (r == 0)
		r = input_reason(reason, &e.event.reason, "events.reason", err);
	if (r == 0)
		r = input_length(text, NM_MAX_EVENT_TEXT, "events.text", err);
	if (r == 0)
		r = numbers_check(numbers, where, err);
	if (r < 0)
		return r;
	e.n = seq;
	(void)snprintf(e.event.step, sizeof(e.event.step), "%s", step);
	(void)snprintf(e.event.text, sizeof(e.event.text), "%s", text);
	/* The machine's own clock goes with its numbers. */
	if (json_object_set_new(numbers, "ms", json_integer(ms)) < 0)
		return -ENOMEM;
	e.event.numbers = json_dumps(numbers, JSON_COMPACT);
	if (!e.event.numbers)
		return -ENOMEM;
	*ret = e;
	return 0;
}

void input_events_free(struct fleet_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)events[i].event.numbers);
	free(events);
}

int input_events(json_t *root, enum machine_state *ret_state, struct fleet_event **ret,
        size_t *ret_count, struct error *err)
{
	int v;
	const char *state;
	enum machine_state parsed = STATE_running;
	json_t *list, *value;
	char where[32];
	size_t i, count = 0;

	int r = input_unpack(
	        root, err, "body", "{s:i, s:s, s:o}", "v", &v, "state", &state, "events", &list);
	if (r == 0)
		r = input_version(v, err);
	if (r == 0)
		r = state_check(state, "state", &parsed, err);
	if (r == 0 && (!json_is_array(list) || json_array_size(list) > NM_MAX_EVENTS_PER_POST))
		r = input_bad(err, "events: not a list of at most %d", NM_MAX_EVENTS_PER_POST);
	if (r < 0)
		return r;
	struct fleet_event *events = calloc(json_array_size(list) + 1, sizeof(*events));
	if (!events)
		return -ENOMEM;
	json_array_foreach(list, i, value)
	{
		(void)snprintf(where, sizeof(where), "events[%zu]", i);
		r = event_read(value, where, &events[i], err);
		if (r == 0)
			count++;
		if (r == 0 && i > 0 && events[i].n <= events[i - 1].n)
			r = input_bad(err, "%s.seq: not ascending", where);
		if (r < 0) {
			input_events_free(events, count);
			return r;
		}
	}
	*ret = events;
	*ret_count = count;
	*ret_state = parsed;
	return 0;
}
