/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/log.h"
#include "fixer/link/api_internal.h"
#include "fixer/link/clock.h"
#include "fixer/base/json_text.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_TIMEOUT 5     /* seconds; a repair step waits for it */
#define QUIET_MS       10000 /* after an unanswered call: no event alone is worth another wait */

/* The oldest events as one body; NULL without memory. */
static char *events_body(const struct api *a)
{
	json_t *some = json_array();
	size_t count = json_array_size(a->events);

	for (size_t i = 0; some && i < count && i < NM_MAX_EVENTS_PER_POST; i++)
		if (json_array_append(some, json_array_get(a->events, i)) < 0) {
			json_decref(some);
			some = NULL;
		}
	json_t *body = some ? json_pack("{s:i, s:s, s:o}", "v", NETMEND_WIRE_VERSION, "state",
	                              a->state, "events", some)
	                    : NULL;
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return text;
}

static uint64_t oldest_seq(const struct api *a)
{
	return (uint64_t)json_integer_value(json_object_get(json_array_get(a->events, 0), "seq"));
}

static void drop_oldest(struct api *a)
{
	(void)json_array_remove(a->events, 0); /* the array is not empty */
}

static void drop_acknowledged(struct api *a, uint64_t ack)
{
	while (json_array_size(a->events) > 0 && oldest_seq(a) <= ack)
		drop_oldest(a);
}

/* One post of the oldest events. 0 when the queue became shorter. */
static int post(struct api *a, bool insist, struct error *err)
{
	struct api_request q = {.method = "POST",
	        .call = "events",
	        .timeout = EVENTS_TIMEOUT,
	        .content_type = "application/json",
	        .max_answer = NM_MAX_RESPONSE_BODY};
	struct link_answer answer;
	size_t before = json_array_size(a->events);
	uint64_t ack = 0;
	char *text = events_body(a);

	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for events");
	q.body = text;
	q.body_len = strlen(text);
	int r = insist ? api_insist(a, &q, &answer, err) : api_attempt(a, &q, &answer, err);
	free(text);
	if (r < 0)
		return r;
	r = api_parse_ack(answer.body.data, answer.body.len, &ack, err);
	buffer_free(&answer.body);
	if (r < 0)
		return r;
	drop_acknowledged(a, ack);
	if (json_array_size(a->events) == before)
		return error_set(err, -EPROTO, REASON_PROTOCOL_ERROR,
		        "the appliance acknowledged none of the events");
	return 0;
}

static void send_queue(struct api *a, bool insist)
{
	struct error err = {0};
	int r = 0;

	if (!a->session[0])
		return;
	while (r == 0 && json_array_size(a->events) > 0)
		r = post(a, insist, &err);
	if (r < 0 && r != -EAGAIN) {
		log_warning("events dropped: %s: %s", reason_code(err.reason), err.text);
		(void)json_array_clear(a->events);
	}
}

void api_event(struct api *a, const char *state, const char *step, enum reason reason,
        const char *text, json_t *numbers)
{
	char clean[NM_MAX_EVENT_TEXT];

	text_clean(clean, sizeof(clean), text);
	a->state = state;
	json_t *event = json_pack("{s:I, s:I, s:s, s:s, s:s, s:o, s:o}", "seq",
	        (json_int_t)a->next_seq, "ms", (json_int_t)uptime_ms(), "state", state, "step",
	        step, "reason", reason_code(reason), "text", json_text(clean), "numbers",
	        numbers ? numbers : json_object());
	if (!event || json_array_append_new(a->events, event) < 0) {
		log_warning("event lost, no memory: %s: %s", step, clean);
		return;
	}
	a->next_seq++;
	if (json_array_size(a->events) > API_EVENTS_MAX) {
		log_warning("event queue full, oldest dropped");
		drop_oldest(a);
	}
	if (!a->unreachable_at || monotonic_ms() - a->unreachable_at > QUIET_MS)
		send_queue(a, false);
}

void api_events_flush(struct api *a)
{
	send_queue(a, true);
}
