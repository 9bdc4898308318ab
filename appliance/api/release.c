/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/campaigns.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/api/login_limits.h"
#include "appliance/api/snapshot.h"
#include "fixer/base/log.h"
#include "netmend/version.h"
#include "netmend/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_EVERY_MS 3000
/* While it stands in the queue: escrow says by itself when its turn has come. */
#define ASK_PLACE_MS 10000
/* A long poll counts as a sign of life so often; it may be woken much more often. */
#define CONTACT_MS 10000
/* An answer that took so long is lost. */
#define ASK_LIMIT_MS   180000
#define PLACE_EVERY_MS 20000
/* Nobody polls any more. */
#define FORGET_MS 120000

/* A session that waits for its key: what escrow said last. A restart forgets it and asks again. */
struct release {
	struct release *next;
	int64_t session;
	int64_t asked_at, polled_at; /* by http_clock(); 0: never */
	int64_t contact_at;          /* its sign of life was taken down */
	int64_t noted_at;            /* in the timeline */
	bool asked;                  /* the answer is still to come */
	bool news;                   /* and there will be another one */
	bool denied;
	enum reason reason;
	char request[ESCROW_REQUEST_TEXT];
	char text[NM_MAX_EVENT_TEXT + 1];
};

/* One long poll. */
struct poll {
	int64_t end;
	/* What it began with: anything else is news for the machine. */
	enum reason reason;
	char request[ESCROW_REQUEST_TEXT];
};

static struct release **bucket_of(struct web_api *a, int64_t session)
{
	return &a->releases[(uint64_t)session % API_RELEASE_BUCKETS];
}

static struct release *release_find(struct web_api *a, int64_t session)
{
	struct release *w = *bucket_of(a, session);

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
	struct release **bucket = bucket_of(a, session);
	w->next = *bucket;
	*bucket = w;
	return w;
}

static void bucket_forget(struct release **w, int64_t before)
{
	while (*w) {
		struct release *gone = *w;
		if (gone->polled_at >= before) {
			w = &gone->next;
			continue;
		}
		*w = gone->next;
		free(gone);
	}
}

static void releases_forget(struct web_api *a, int64_t before)
{
	for (size_t i = 0; i < API_RELEASE_BUCKETS; i++)
		bucket_forget(&a->releases[i], before);
}

void web_api_tick(struct web_api *a, int64_t now)
{
	releases_forget(a, now - FORGET_MS);
	approval_forget(a, now);
	if (a->feeds && campaigns_told_look(a))
		a->feed_due = true;
	login_limits_tick(a, now);
	snapshots_forget(a, now);
	a->pass_checks++;
	a->feed_round++;
}

void web_api_free(struct web_api *a)
{
	releases_forget(a, INT64_MAX);
	approval_forget(a, INT64_MAX);
	campaigns_told_free(a->campaigns);
	kept_free(&a->progress);
	kept_free(&a->board);
	kept_free(&a->wire);
	a->campaigns = NULL;
	feed_news_free(a->news);
	a->news = NULL;
	snapshots_free(a->snapshots);
	a->snapshots = NULL;
}

/* ---- what escrow answers ---- */

static int released(struct web_api *a, const struct store_session *session, json_t *volumes)
{
	json_t *answer = json_pack("{s:i, s:s, s:s, s:s, s:s, s:O}", "v", NETMEND_WIRE_VERSION,
	        "status", WIRE_RELEASED, "reason", reason_code(REASON_OK), "text", "", "request",
	        "", "volumes", volumes);
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	if (!text)
		return -ENOMEM;
	int r = fleet_released(a->fleet, session, text);
	free(text);
	return r;
}

/* A machine's place in the queue moves all the time: not each step is one. */
static bool is_event(const struct release *w, const struct escrow_release *answer)
{
	bool moved = w->reason == REASON_WAITING_KEY && answer->reason == REASON_WAITING_KEY &&
	             answer->status == ESCROW_PENDING;

	return !moved || w->noted_at == 0 || http_clock() - w->noted_at >= PLACE_EVERY_MS;
}

/* Takes the answer (NULL: escrow does not answer) into w and the store. */
static int answer_take(struct web_api *a, struct release *w, const struct store_session *session,
        const struct escrow_release *answer)
{
	static const struct escrow_release none = {
	        .status = ESCROW_PENDING, .reason = REASON_ESCROW_UNREACHABLE};

	if (!answer)
		answer = &none;
	if (answer->status == ESCROW_RELEASED)
		return released(a, session, answer->volumes);
	bool event = is_event(w, answer);
	w->reason = answer->reason;
	(void)snprintf(w->text, sizeof(w->text), "%s", answer->text);
	(void)snprintf(w->request, sizeof(w->request), "%s", answer->request);
	if (!event)
		return 0;
	w->noted_at = http_clock();
	if (answer->status == ESCROW_PENDING)
		return fleet_waiting(a->fleet, session, w->reason, w->text, answer->code);
	w->denied = true;
	return fleet_denied(a->fleet, session, w->text);
}

void web_api_released(struct web_api *a, int64_t session_id, const struct escrow_release *answer)
{
	struct release *w = release_find(a, session_id);
	struct store_session session;

	if (!w)
		return;
	w->asked = false;
	int r = store_session_by_id(a->fleet->store, session_id, &session);
	if (r == 0) {
		r = answer_take(a, w, &session, answer);
		store_session_free(&session);
	}
	if (r < 0)
		log_error("release: %s", strerror(-r));
	http_wake(a->https, WAKE_SESSION | (uint64_t)session_id);
}

void web_api_news(struct web_api *a, const char *secret)
{
	struct store_session session;

	if (store_session_get(a->fleet->store, secret, &session) < 0)
		return;
	struct release *w = release_find(a, session.id);
	if (w) {
		w->news = true;
		http_wake(a->https, WAKE_SESSION | (uint64_t)session.id);
	}
	store_session_free(&session);
}

/* ---- the fixer's poll ---- */

static void escrow_ask(struct web_api *a, struct release *w, const struct store_session *session,
        const struct http_request *request, const struct machine *m, const struct store_turn *turn,
        int64_t now)
{
	w->asked_at = now;
	w->news = false;
	int r = escrow_client_release(
	        a->escrow, session, request->capture[0], m, request->address, turn);
	w->asked = r == 0;
	/* A full socket is no news; no socket is. */
	if (r == 0 || r == -EAGAIN)
		return;
	r = answer_take(a, w, session, NULL);
	if (r < 0)
		log_error("release: %s", strerror(-r));
}

static void reply_status(struct http_request *r, const char *status, enum reason reason,
        const char *text, const char *request)
{
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:s, s:s, s:s}", "v", NETMEND_WIRE_VERSION, "status", status,
	                "reason", reason_code(reason), "text", text, "request", request));
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
	memcpy(p->request, w->request, sizeof(p->request));
	r->state = p;
	return true;
}

/* The machine's campaign stands still: nothing is asked for it until that goes on. What escrow is
 * at work on already is taken. */
static int line_wait(struct web_api *a, struct release *w, const struct store_session *session,
        enum reason reason)
{
	if (w->asked || w->reason == reason)
		return 0;
	w->reason = reason;
	w->text[0] = w->request[0] = '\0';
	return fleet_waiting(a->fleet, session, reason, "", "");
}

static int64_t ask_every(const struct release *w)
{
	return w->reason == REASON_WAITING_KEY && !w->news ? ASK_PLACE_MS : ASK_EVERY_MS;
}

static void poll_go_on(struct http_request *r, struct web_api *a,
        const struct store_session *session, const struct machine *m, struct release *w)
{
	int64_t now = http_clock();
	enum reason reason;
	struct store_turn turn;

	if (!poll_begin(r, w, now))
		return;
	const struct poll *p = r->state;
	w->polled_at = now;
	int e = campaign_turn(a->fleet->store, m, a->fleet->clock(), &reason, &turn);
	if (e == 0 && reason != REASON_OK)
		e = line_wait(a, w, session, reason);
	if (e < 0) {
		call_failed(r, "release", e);
		return;
	}
	bool lost = w->asked && now - w->asked_at >= ASK_LIMIT_MS;
	bool due = !w->asked && (w->news || w->asked_at == 0 || now - w->asked_at >= ask_every(w));
	if (!m->held && reason == REASON_OK && (due || lost))
		escrow_ask(a, w, session, r, m, &turn, now);
	bool other = w->reason != p->reason || strcmp(w->request, p->request) != 0;
	if (m->held)
		reply_status(r, WIRE_PENDING, REASON_HELD, m->text, "");
	else if (other || now >= p->end)
		reply_status(r, WIRE_PENDING, w->reason, w->text, w->request);
	else
		http_suspend(r, WAKE_SESSION | (uint64_t)session->id,
		        p->end < now + ASK_EVERY_MS ? p->end : now + ASK_EVERY_MS);
}

/*
 * The key goes to the address the session was opened from, and nowhere else. A fixer keeps the
 * address it got with its boot parameters: it asks no DHCP server again, so no renewal changes it,
 * and a relay passes on what it was told. What can change is what stands before the machine (an
 * address translator with several addresses): events, journal and result are taken all the same,
 * for a repair under way has to be told to its end.
 */
static bool from_its_address(
        struct http_request *r, struct web_api *a, const struct store_session *session)
{
	struct machine m;

	if (!session->ip[0] || strcmp(session->ip, r->address) == 0)
		return true;
	int e = store_machine_get(a->fleet->store, session->machine, &m);
	if (e < 0) {
		call_failed(r, "release", e);
		return false;
	}
	log_warning("machine %lld (%s): its session was opened from %s, %s asks for its key",
	        (long long)m.id, m.mac, session->ip, r->address);
	escrow_client_misuse(a->escrow, REASON_TOKEN_OTHER_ADDRESS, &m, r->address);
	http_reply_error(r, 403, REASON_TOKEN_OTHER_ADDRESS,
	        "the session was opened from %s, not from %s", session->ip, r->address);
	return false;
}

static int contact(struct web_api *a, struct release *w, const struct store_session *session)
{
	int64_t now = http_clock();

	if (w->contact_at && now - w->contact_at < CONTACT_MS)
		return 0;
	int e = fleet_contact(a->fleet, session);
	if (e == 0)
		w->contact_at = now;
	return e;
}

void web_api_release(struct http_request *r, struct web_api *a)
{
	struct store_session session;
	struct machine m;

	if (!call_session(r, a, &session))
		return;
	if (!from_its_address(r, a, &session)) {
		store_session_free(&session);
		return;
	}
	struct release *w = release_get(a, session.id);
	int e = w ? contact(a, w, &session) : -ENOMEM;
	if (e == 0)
		e = store_machine_get(a->fleet->store, session.machine, &m);
	if (e < 0)
		call_failed(r, "release", e);
	else if (session.released && !m.held)
		http_reply_text(r, 200, "application/json", session.released);
	else if (!m.held && fleet_session_crossed(&session, &m))
		reply_status(r, WIRE_DENIED, REASON_CAMPAIGN_CHANGED, "", "");
	else if (w->denied)
		reply_status(r, WIRE_DENIED, REASON_RELEASE_DENIED, w->text, "");
	else
		poll_go_on(r, a, &session, &m, w);
	store_session_free(&session);
}
