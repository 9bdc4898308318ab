/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/link/api.h"
#include "fixer/link/api_internal.h"
#include "fixer/link/clock.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT    15  /* an ordinary call */
#define POLL_GRACE      10  /* on top of the long poll's own time */
#define JOURNAL_TIMEOUT 180 /* 64 MB over a slow link, and the appliance's fsync */
#define BACKOFF_MAX     15

int api_new(const char *url, const uint8_t pin[32], const struct api_hooks *hooks, struct api **ret,
        struct error *err)
{
	struct api *a = calloc(1, sizeof(*a));

	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the link");
	a->hooks = hooks;
	a->next_seq = 1;
	a->state = "running";
	a->events = json_array();
	int r = a->events ? link_new(url, pin, &a->link, err)
	                  : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the link");
	if (r < 0) {
		api_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void api_free(struct api *a)
{
	if (!a)
		return;
	link_free(a->link);
	json_decref(a->events);
	free(a);
}

static void note_unreachable(struct api *a)
{
	a->unreachable_at = monotonic_ms();
}

static void note_reached(struct api *a)
{
	if (a->unreachable_at && a->hooks && a->hooks->reached)
		a->hooks->reached(a->hooks->context);
	a->unreachable_at = 0;
}

int api_attempt(
        struct api *a, const struct api_request *q, struct link_answer *ret, struct error *err)
{
	char path[128];
	struct link_answer answer = {0};
	struct error problem = {0};

	if (q->call && q->call[0] == '/')
		(void)snprintf(path, sizeof(path), "%s", q->call);
	else if (q->call)
		(void)snprintf(
		        path, sizeof(path), WIRE_PATH_SESSIONS "/%s/%s", a->session, q->call);
	else
		(void)snprintf(path, sizeof(path), WIRE_PATH_SESSIONS);
	int r = link_call(a->link, q->method, path, q->content_type, q->body, q->body_len,
	        q->max_answer, q->timeout, &answer, &problem);
	if (r == 0 && answer.status / 100 != 2) {
		r = api_parse_refusal(answer.status, answer.body.data, answer.body.len, &problem);
		buffer_free(&answer.body);
	}
	if (r == 0) {
		note_reached(a);
		*ret = answer;
		return 0;
	}
	if (err)
		*err = problem;
	if (problem.reason == REASON_APPLIANCE_UNREACHABLE || answer.status == 503) {
		note_unreachable(a);
		return -EAGAIN;
	}
	note_reached(a);
	return answer.status == 404 ? -ENOENT : r;
}

/* Up to half a second more or less: a floor of machines must not come back in step. */
static void pause_for(unsigned seconds)
{
	uint32_t ms = seconds * 1000 - 500 + randombytes_uniform(1000);
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)nanosleep(&t, NULL);
}

int api_insist(
        struct api *a, const struct api_request *q, struct link_answer *ret, struct error *err)
{
	unsigned seconds = 1;

	for (;;) {
		struct error problem = {0};
		int r = api_attempt(a, q, ret, &problem);
		if (r != -EAGAIN) {
			if (r < 0 && err)
				*err = problem;
			return r;
		}
		if (a->hooks && a->hooks->unreachable)
			a->hooks->unreachable(a->hooks->context, &problem, seconds);
		pause_for(seconds);
		seconds = seconds * 2 > BACKOFF_MAX ? BACKOFF_MAX : seconds * 2;
	}
}

/* A JSON call that is insisted on. */
static int call_json(struct api *a, const char *method, const char *call, json_t *body,
        unsigned timeout, struct link_answer *ret, struct error *err)
{
	struct api_request q = {.method = method,
	        .call = call,
	        .timeout = timeout,
	        .content_type = "application/json",
	        .max_answer = NM_MAX_RESPONSE_BODY};
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	if (body && !text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for a call");
	q.body = text;
	q.body_len = text ? strlen(text) : 0;
	int r = q.body_len > NM_MAX_REQUEST_BODY
	                ? error_set(err, -EMSGSIZE, REASON_REQUEST_TOO_LARGE, "%s: %zu bytes",
	                          call ? call : "session", q.body_len)
	                : api_insist(a, &q, ret, err);
	free(text);
	return r;
}

int api_first_contact(struct api *a, json_t *body, struct api_boot *ret, struct error *err)
{
	struct link_answer answer;

	int r = call_json(a, "POST", WIRE_PATH_BOOT, body, CALL_TIMEOUT, &answer, err);
	if (r < 0)
		return r;
	r = api_parse_boot(answer.body.data, answer.body.len, ret, err);
	secret_wipe(answer.body.data, answer.body.len);
	buffer_free(&answer.body);
	return r;
}

int api_session_open(struct api *a, json_t *body, struct api_session *ret, struct error *err)
{
	struct link_answer answer;

	int r = call_json(a, "POST", NULL, body, CALL_TIMEOUT, &answer, err);
	if (r < 0)
		return r;
	r = api_parse_session(answer.body.data, answer.body.len, ret, err);
	buffer_free(&answer.body);
	if (r == 0)
		memcpy(a->session, ret->id, sizeof(a->session));
	return r;
}

int api_release_wait(struct api *a, unsigned wait, struct api_release *ret, struct error *err)
{
	struct link_answer answer;
	char call[32];

	(void)snprintf(call, sizeof(call), "release?wait=%u", wait);
	int r = call_json(a, "GET", call, NULL, wait + POLL_GRACE, &answer, err);
	if (r < 0)
		return r;
	r = api_parse_release(answer.body.data, answer.body.len, ret, err);
	buffer_free(&answer.body);
	return r;
}

int api_journal_put(
        struct api *a, const void *bytes, size_t len, char ret_sha256[65], struct error *err)
{
	const struct api_request q = {.method = "PUT",
	        .call = "journal",
	        .timeout = JOURNAL_TIMEOUT,
	        .content_type = "application/octet-stream",
	        .body = bytes,
	        .body_len = len,
	        .max_answer = NM_MAX_RESPONSE_BODY};
	struct link_answer answer;

	if (len > NM_MAX_BUNDLE)
		return error_set(err, -EMSGSIZE, REASON_REQUEST_TOO_LARGE,
		        "the bundle of %zu bytes is over the limit", len);
	int r = api_insist(a, &q, &answer, err);
	if (r < 0)
		return r;
	r = api_parse_saved(answer.body.data, answer.body.len, len, ret_sha256, err);
	buffer_free(&answer.body);
	return r;
}

int api_journal_get(struct api *a, uint8_t **ret_bytes, size_t *ret_len, struct error *err)
{
	const struct api_request q = {.method = "GET",
	        .call = "journal",
	        .timeout = JOURNAL_TIMEOUT,
	        .max_answer = NM_MAX_BUNDLE};
	struct link_answer answer;

	int r = api_insist(a, &q, &answer, err);
	if (r < 0)
		return r;
	*ret_bytes = answer.body.data;
	*ret_len = answer.body.len;
	return 0;
}

int api_result(struct api *a, json_t *body, struct api_next *ret, struct error *err)
{
	struct link_answer answer;

	int r = call_json(a, "POST", "result", body, CALL_TIMEOUT, &answer, err);
	if (r < 0)
		return r;
	r = api_parse_next(answer.body.data, answer.body.len, ret, err);
	buffer_free(&answer.body);
	return r;
}
