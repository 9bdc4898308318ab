/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/input.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"
#include "netmend/version.h"
#include "netmend/wire.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_EVERY_MS 3000
/* An answer that took so long is lost. */
#define ASK_LIMIT_MS 180000
/* Nobody polls any more. */
#define FORGET_MS    120000
#define SEALED_BYTES (WIRE_SEALED_PLAIN + crypto_box_SEALBYTES)

/* A session that waits for its key: what escrow said last. A restart forgets it and asks again. */
struct release {
	struct release *next;
	int64_t session;
	int64_t asked_at, polled_at; /* by http_clock(); 0: never */
	bool asked;                  /* the answer is still to come */
	bool denied;
	enum reason reason;
	char text[NM_MAX_EVENT_TEXT + 1];
};

/* One long poll. */
struct poll {
	int64_t end;
	enum reason reason; /* what it began with: anything else is news */
};

static struct release *release_find(struct web_api *a, int64_t session)
{
	struct release *w = a->releases;

	while (w && w->session != session)
		w = w->next;
	return w;
}

static struct release *release_get(struct web_api *a, int64_t session)
{
	struct release *w = release_find(a, session);

	if (w)
		return w;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->session = session;
	w->reason = REASON_WAITING_KEY;
	w->next = a->releases;
	a->releases = w;
	return w;
}

static void releases_forget(struct web_api *a, int64_t before)
{
	for (struct release **w = &a->releases; *w;) {
		struct release *gone = *w;
		if (gone->polled_at >= before) {
			w = &gone->next;
			continue;
		}
		*w = gone->next;
		free(gone);
	}
}

void web_api_tick(struct web_api *a, int64_t now)
{
	releases_forget(a, now - FORGET_MS);
}

void web_api_free(struct web_api *a)
{
	releases_forget(a, INT64_MAX);
}

/* ---- what escrow answers ---- */

static int keys_check(json_t *volumes, struct error *err)
{
	const char *id, *protector, *sealed;
	json_t *value;
	size_t i;

	if (!json_is_array(volumes) || json_array_size(volumes) < 1 ||
	        json_array_size(volumes) > NM_MAX_VOLUMES)
		return input_bad(err, "volumes: not a list of 1 to %d", NM_MAX_VOLUMES);
	json_array_foreach(volumes, i, value)
	{
		int r = input_unpack(value, err, "volumes", "{s:s, s:s, s:s}", "id", &id,
		        "protector", &protector, "sealed", &sealed);
		if (r == 0)
			r = input_guid_or_empty(id, "volumes.id", err);
		if (r == 0)
			r = input_guid_or_empty(protector, "volumes.protector", err);
		if (r == 0)
			r = input_base64(sealed, SEALED_BYTES, "volumes.sealed", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int released(
        struct web_api *a, const struct store_session *session, json_t *volumes, struct error *err)
{
	int r = keys_check(volumes, err);
	if (r < 0)
		return r;
	json_t *answer = json_pack("{s:i, s:s, s:s, s:s, s:O}", "v", NETMEND_WIRE_VERSION, "status",
	        WIRE_RELEASED, "reason", reason_code(REASON_OK), "text", "", "volumes", volumes);
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	if (!text)
		return -ENOMEM;
	r = fleet_released(a->fleet, session, text);
	free(text);
	return r;
}

/* Takes the answer into w and the store. -EINVAL: it is not what escrow may say. */
static int answer_take(struct web_api *a, struct release *w, const struct store_session *session,
        json_t *answer, struct error *err)
{
	const char *status, *reason, *text;
	json_int_t v, id;
	json_t *volumes = NULL;
	enum reason parsed = REASON_INTERNAL;

	int r = input_unpack(answer, err, "answer", "{s:I, s:I, s:s, s:s, s:s, s?o}", "v", &v, "id",
	        &id, "status", &status, "reason", &reason, "text", &text, "volumes", &volumes);
	if (r == 0)
		r = input_reason(reason, &parsed, "reason", err);
	if (r < 0)
		return r;
	if (strcmp(status, WIRE_RELEASED) == 0)
		return released(a, session, volumes, err);
	w->reason = parsed;
	text_clean(w->text, sizeof(w->text), text);
	if (strcmp(status, WIRE_DENIED) == 0) {
		w->denied = true;
		return fleet_denied(a->fleet, session, w->text);
	}
	if (strcmp(status, WIRE_PENDING) == 0)
		return fleet_waiting(a->fleet, session, w->reason, w->text);
	return input_bad(err, "status: not an answer");
}

void web_api_release_answer(struct web_api *a, int64_t session_id, json_t *answer)
{
	struct release *w = release_find(a, session_id);
	struct store_session session;
	struct error err = {0};

	if (!w)
		return;
	w->asked = false;
	int r = store_session_by_id(a->fleet->store, session_id, &session);
	if (r == 0) {
		if (answer) {
			r = answer_take(a, w, &session, answer, &err);
		} else {
			w->reason = REASON_ESCROW_UNREACHABLE;
			w->text[0] = 0;
			r = fleet_waiting(a->fleet, &session, w->reason, "");
		}
		store_session_free(&session);
	}
	if (r < 0)
		log_error("escrow's answer: %s", err.code ? err.text : strerror(-r));
	http_wake(a->https, WAKE_SESSION | (uint64_t)session_id);
}

/* ---- the fixer's poll ---- */

static void escrow_ask(struct web_api *a, struct release *w, const struct store_session *session,
        const char *secret, const struct machine *m, int64_t now)
{
	w->asked_at = now;
	int r = escrow_client_release(a->escrow, session, secret, m);
	w->asked = r == 0;
	if (r == 0)
		return;
	/* A full socket is no news; no socket is. */
	if (r == -EAGAIN || w->reason == REASON_ESCROW_UNREACHABLE)
		return;
	w->reason = REASON_ESCROW_UNREACHABLE;
	w->text[0] = 0;
	r = fleet_waiting(a->fleet, session, w->reason, "");
	if (r < 0)
		log_error("release: %s", strerror(-r));
}

static void reply_status(
        struct http_request *r, const char *status, enum reason reason, const char *text)
{
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:s, s:s}", "v", NETMEND_WIRE_VERSION, "status", status,
	                "reason", reason_code(reason), "text", text));
}

static int64_t wait_ms(const struct http_request *r)
{
	const char *text = http_argument(r, "wait");
	char *end;

	if (!text)
		return 0;
	errno = 0;
	long seconds = strtol(text, &end, 10);
	if (errno || end == text || *end || seconds < 0)
		return -1;
	return 1000 * (seconds < NM_RELEASE_WAIT_MAX ? seconds : NM_RELEASE_WAIT_MAX);
}

/* False: refused. A fresh request gets its poll; one that was woken has it. */
static bool poll_begin(struct http_request *r, const struct release *w, int64_t now)
{
	if (r->state)
		return true;
	int64_t wait = wait_ms(r);
	if (wait < 0) {
		http_reply_error(r, 400, REASON_PROTOCOL_ERROR, "wait: not a number of seconds");
		return false;
	}
	struct poll *p = calloc(1, sizeof(*p));
	if (!p) {
		call_failed(r, "release", -ENOMEM);
		return false;
	}
	p->end = now + wait;
	p->reason = w->reason;
	r->state = p;
	return true;
}

static void poll_go_on(struct http_request *r, struct web_api *a,
        const struct store_session *session, const struct machine *m, struct release *w)
{
	int64_t now = http_clock();

	if (!poll_begin(r, w, now))
		return;
	const struct poll *p = r->state;
	w->polled_at = now;
	bool lost = w->asked && now - w->asked_at >= ASK_LIMIT_MS;
	bool due = !w->asked && (w->asked_at == 0 || now - w->asked_at >= ASK_EVERY_MS);
	if (!m->held && (due || lost))
		escrow_ask(a, w, session, r->capture[0], m, now);
	if (m->held)
		reply_status(r, WIRE_PENDING, REASON_HELD, m->text);
	else if (w->reason != p->reason || now >= p->end)
		reply_status(r, WIRE_PENDING, w->reason, w->text);
	else
		http_suspend(r, WAKE_SESSION | (uint64_t)session->id,
		        p->end < now + ASK_EVERY_MS ? p->end : now + ASK_EVERY_MS);
}

void web_api_release(struct http_request *r, struct web_api *a)
{
	struct store_session session;
	struct machine m;

	if (!call_session(r, a, &session))
		return;
	struct release *w = release_get(a, session.id);
	int e = w ? fleet_contact(a->fleet, &session) : -ENOMEM;
	if (e == 0)
		e = store_machine_get(a->fleet->store, session.machine, &m);
	if (e < 0)
		call_failed(r, "release", e);
	else if (session.released)
		http_reply_text(r, 200, "application/json", session.released);
	else if (w->denied)
		reply_status(r, WIRE_DENIED, REASON_RELEASE_DENIED, w->text);
	else
		poll_go_on(r, a, &session, &m, w);
	store_session_free(&session);
}
