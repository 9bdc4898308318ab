/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people do at the gate, what time does, and what an earlier run left. */
#include "appliance/escrow/gate_private.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum reason gate_decide(struct gate *g, const char *request, const char *who, bool approve,
        int64_t now, struct request *ret)
{
	pthread_mutex_lock(&g->lock);
	enum reason reason = approvals_decide(g->approvals, request, who, approve, now, ret);
	if (reason == REASON_OK)
		g->news = true;
	pthread_mutex_unlock(&g->lock);
	return reason;
}

/* What the message around the list needs, generously. */
#define AROUND_LIST 256

struct listing {
	json_t *list;
	size_t skip; /* so many more */
	size_t room; /* bytes left in the message */
	bool failed;
};

static void list_one(void *context, const struct request *r)
{
	struct listing *l = context;
	const struct subject *s = &r->subject;

	if (l->skip > 0) {
		l->skip--;
		return;
	}
	if (l->room == 0)
		return;
	json_t *approved = json_array();
	for (unsigned i = 0; approved && i < r->approved_count && i < 2; i++)
		l->failed |= json_array_append_new(approved, json_string(r->approved[i])) < 0;
	json_t *one = json_pack("{s:s,s:{s:I,s:s,s:s,s:s,s:s,s:s},s:s,s:I,s:I,s:i,s:o}", "request",
	        r->id, "machine", "id", (json_int_t)s->machine, "name", s->name, "uuid", s->uuid,
	        "serial", s->serial, "mac", s->mac, "ip", s->ip, "code", r->code, "since",
	        (json_int_t)r->since, "expires", (json_int_t)r->expires, "needs", (int)r->needs,
	        "approved", approved);
	size_t size = json_dumpb(one, NULL, 0, JSON_COMPACT) + 1;
	if (size > l->room) {
		l->room = 0;
		json_decref(one);
		return;
	}
	l->room -= size;
	l->failed |= json_array_append_new(l->list, one) < 0;
}

json_t *gate_requests(struct gate *g, size_t skip)
{
	struct listing l = {
	        .list = json_array(), .skip = skip, .room = NM_ESCROW_MESSAGE_MAX - AROUND_LIST};

	if (!l.list)
		return NULL;
	pthread_mutex_lock(&g->lock);
	approvals_list(g->approvals, list_one, &l);
	pthread_mutex_unlock(&g->lock);
	if (l.failed) {
		json_decref(l.list);
		return NULL;
	}
	return l.list;
}

static void list_suspect(void *context, const char *what, const char *why)
{
	struct listing *l = context;

	if (json_array_size(l->list) < GATE_SUSPECTS)
		l->failed |= json_array_append_new(
		                     l->list, json_pack("{s:s,s:s}", "what", what, "why", why)) < 0;
}

json_t *gate_suspects(struct gate *g, int64_t now)
{
	struct listing l = {.list = json_array()};

	if (!l.list)
		return NULL;
	pthread_mutex_lock(&g->lock);
	anomaly_suspects(g->anomaly, now, list_suspect, &l);
	pthread_mutex_unlock(&g->lock);
	if (l.failed) {
		json_decref(l.list);
		return NULL;
	}
	return l.list;
}

void gate_stop(struct gate *g, const char *why, int64_t now)
{
	pthread_mutex_lock(&g->lock);
	anomaly_stop(g->anomaly, why, now);
	pthread_mutex_unlock(&g->lock);
}

void gate_resume(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	anomaly_resume(g->anomaly);
	pthread_mutex_unlock(&g->lock);
}

bool gate_trust(struct gate *g, const struct subject *s)
{
	pthread_mutex_lock(&g->lock);
	bool was = anomaly_trust(g->anomaly, s);
	pthread_mutex_unlock(&g->lock);
	return was;
}

bool gate_news(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	bool news = g->news;
	g->news = false;
	pthread_mutex_unlock(&g->lock);
	return news;
}

/* --- time ------------------------------------------------------------------------------------ */

/* Requests that ended, to be recorded when the lock is free again. */
struct ended {
	size_t count, room;
	struct request *list;
};

static void keep(void *context, const struct request *r)
{
	struct ended *e = context;

	if (e->count == e->room) {
		size_t room = e->room ? 2 * e->room : 16;
		struct request *more = realloc(e->list, room * sizeof(*more));
		if (!more)
			return; /* its end stands in the record of the next ask only */
		e->list = more;
		e->room = room;
	}
	e->list[e->count++] = *r;
}

void gate_tick(struct gate *g, int64_t now)
{
	struct ended ended = {0};

	pthread_mutex_lock(&g->lock);
	if (approvals_tick(g->approvals, now, keep, &ended))
		g->news = true;
	pthread_mutex_unlock(&g->lock);
	for (size_t i = 0; i < ended.count; i++)
		gate_record_expired(g, &ended.list[i]);
	free(ended.list);
}

/* --- what an earlier run left ---------------------------------------------------------------- */

static void take_text(char *out, size_t size, const struct audit_record *r, const char *name)
{
	text_clean(out, size, audit_text(r, name));
}

/* A stop lasts until somebody resumes: no crash, and no restart, is a person who does. */
static void remember_stop(struct gate *g, const struct audit_record *r)
{
	char why[200];

	if (strcmp(r->event, "stopped") == 0) {
		take_text(why, sizeof(why), r, "text");
		anomaly_stop(g->anomaly, why, r->at);
	} else if (strcmp(r->event, "resumed") == 0) {
		anomaly_resume(g->anomaly);
	}
}

/* Each volume has its own record; the release is counted once for all of them. */
static int remember(void *context, const struct audit_record *r)
{
	struct gate *g = context;
	struct subject s = {0};

	remember_stop(g, r);
	if (strcmp(r->event, "release") != 0 ||
	        strcmp(audit_text(r, "decision"), "released") != 0 ||
	        strcmp(audit_text(r, "campaign"), g->rules->campaign) != 0 ||
	        json_integer_value(json_object_get(r->fields, "part")) > 1)
		return 0;
	s.machine = json_integer_value(json_object_get(r->fields, "number"));
	take_text(s.name, sizeof(s.name), r, "machine");
	take_text(s.uuid, sizeof(s.uuid), r, "uuid");
	take_text(s.serial, sizeof(s.serial), r, "serial");
	take_text(s.mac, sizeof(s.mac), r, "mac");
	take_text(s.ip, sizeof(s.ip), r, "ip");
	policy_remember(g->policy, &s, r->at);
	return 0;
}

int gate_remember(struct gate *g, const char *dir, struct error *err)
{
	char why[320];

	pthread_mutex_lock(&g->lock);
	int r = audit_each(dir, remember, g, err);
	if (r == 0 && anomaly_stopped(g->anomaly, why, sizeof(why)))
		log_warning("key release was stopped before this start and stays so: %s; "
		            "netmend release resume ends it",
		        why);
	pthread_mutex_unlock(&g->lock);
	return r;
}
