/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/approvals.h"
#include "appliance/escrow/policy/steady.h"
#include "appliance/escrow/policy/table.h"
#include "fixer/base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MINUTE INT64_C(60000)

/* A request, found by its session and by its id, in a list by age. */
struct entry {
	struct table_node by_session;
	struct by_id {
		struct table_node node;
		struct entry *entry;
	} by_id;
	struct entry *older, *newer;
	struct request request;
	bool taken;
	int64_t deadline, asked; /* steady time */
};

struct approvals {
	const struct policy_rules *rules;
	struct steady clock;
	struct table sessions, ids;
	struct entry *oldest, *newest;
	size_t waiting;
	bool changed; /* the list of those that wait, since the last tick */
};

unsigned approvals_needed(const struct policy_rules *rules, const struct subject *s)
{
	enum approval stricter = s->approval > rules->approval ? s->approval : rules->approval;

	switch (stricter) {
	case APPROVAL_AUTO:
		return 0;
	case APPROVAL_PAIRING:
		return 1;
	case APPROVAL_TWO_PERSON:
		break;
	}
	return 2;
}

struct approvals *approvals_new(const struct policy_rules *rules)
{
	struct approvals *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->rules = rules;
	if (table_init(&a->sessions, NM_MAX_CASES) < 0 || table_init(&a->ids, NM_MAX_CASES) < 0) {
		approvals_free(a);
		return NULL;
	}
	return a;
}

void approvals_free(struct approvals *a)
{
	struct entry *next;

	if (!a)
		return;
	for (struct entry *e = a->oldest; e; e = next) {
		next = e->newer;
		free(e);
	}
	table_clear(&a->sessions, NULL);
	table_clear(&a->ids, NULL);
	free(a);
}

/* --- one request ---------------------------------------------------------------------------------
 */

static bool approved(const struct request *r)
{
	return r->approved_count >= r->needs;
}

/* Whether a person can still do something about it. */
static bool waits(const struct request *r)
{
	return !r->denied && !approved(r);
}

static void drop(struct approvals *a, struct entry *e)
{
	if (waits(&e->request)) {
		a->waiting--;
		a->changed = true;
	}
	*(e->older ? &e->older->newer : &a->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &a->newest) = e->older;
	table_remove(&a->sessions, &e->by_session);
	table_remove(&a->ids, &e->by_id.node);
	free(e);
}

static struct entry *entry_of(const struct approvals *a, const char *request)
{
	const struct by_id *found = table_find(&a->ids, request);

	return found ? found->entry : NULL;
}

static void set_deadline(struct entry *e, int64_t now, int64_t time, uint32_t minutes)
{
	e->deadline = time + minutes * MINUTE;
	e->request.expires = now + minutes * MINUTE;
}

static bool is_over(const struct entry *e, int64_t time)
{
	return !e->request.denied && (time >= e->deadline || time - e->asked >= REQUEST_SILENCE);
}

static void new_id(const struct approvals *a, char ret[REQUEST_TEXT])
{
	uint8_t random[(REQUEST_TEXT - 1) / 2];

	do {
		randombytes_buf(random, sizeof(random));
		hex_encode(random, sizeof(random), ret);
	} while (entry_of(a, ret));
}

static void forget_oldest_denied(struct approvals *a)
{
	for (struct entry *e = a->oldest; e; e = e->newer) {
		if (!e->request.denied)
			continue;
		drop(a, e);
		return;
	}
}

static struct entry *begin(struct approvals *a, const char *session, const struct subject *s,
        int64_t now, int64_t time)
{
	struct entry *e;

	if (a->sessions.count >= a->sessions.max)
		forget_oldest_denied(a);
	e = a->sessions.count < a->sessions.max ? calloc(1, sizeof(*e)) : NULL;
	if (!e)
		return NULL;
	new_id(a, e->request.id);
	(void)snprintf(e->request.session, sizeof(e->request.session), "%s", session);
	e->request.subject = *s;
	e->request.since = now;
	e->request.needs = approvals_needed(a->rules, s);
	e->by_id.entry = e;
	set_deadline(e, now, time, a->rules->request_minutes);
	(void)table_insert(&a->sessions, &e->by_session, session);
	(void)table_insert(&a->ids, &e->by_id.node, e->request.id);
	e->older = a->newest;
	*(a->newest ? &a->newest->newer : &a->oldest) = e;
	a->newest = e;
	a->waiting++;
	a->changed = true;
	return e;
}

/* Its machine has got into a campaign since that asks for more. */
static bool is_root(const char *who)
{
	return strcasecmp(who, APPROVER_ROOT) == 0;
}

static void need_more(struct approvals *a, struct entry *e, unsigned needs)
{
	bool waited = waits(&e->request);

	if (needs <= e->request.needs)
		return;
	e->request.needs = needs;
	a->changed = true;
	if (e->request.approved_count && is_root(e->request.approved[0]))
		e->request.approved_count = 0;
	if (!waited && waits(&e->request))
		a->waiting++;
}

/* --- what is asked -------------------------------------------------------------------------------
 */

enum reason approvals_ask(struct approvals *a, const char *session, const struct subject *s,
        int64_t now, const struct request **ret, char ret_expired[REQUEST_TEXT])
{
	int64_t time = steady_at(&a->clock, now);
	struct entry *e = table_find(&a->sessions, session);

	*ret = NULL;
	ret_expired[0] = '\0';
	if (!e && approvals_needed(a->rules, s) == 0)
		return REASON_OK;
	if (e && is_over(e, time)) {
		memcpy(ret_expired, e->request.id, REQUEST_TEXT);
		drop(a, e);
		e = NULL;
	}
	if (!e)
		e = begin(a, session, s, now, time);
	if (!e)
		return REASON_OUT_OF_MEMORY;
	need_more(a, e, approvals_needed(a->rules, s));
	e->asked = time;
	*ret = &e->request;
	if (e->request.denied)
		return REASON_RELEASE_DENIED;
	if (approved(&e->request))
		return REASON_OK;
	return e->request.approved_count ? REASON_WAITING_SECOND_PERSON : REASON_WAITING_APPROVAL;
}

void approvals_set_code(struct approvals *a, const char *request, const char *code)
{
	struct entry *e = entry_of(a, request);

	if (!e)
		return;
	(void)snprintf(e->request.code, sizeof(e->request.code), "%s", code);
	a->changed = true;
}

static enum reason approve(
        struct approvals *a, struct entry *e, const char *who, int64_t now, int64_t time)
{
	struct request *r = &e->request;

	if (r->needs > 1 && is_root(who))
		return REASON_APPROVER_UNKNOWN;
	for (unsigned i = 0; i < r->approved_count; i++)
		if (strcasecmp(r->approved[i], who) == 0)
			return REASON_APPROVER_TWICE;
	if (approved(r))
		return REASON_OK;
	(void)snprintf(r->approved[r->approved_count++], APPROVER_NAME, "%s", who);
	a->changed = true;
	if (approved(r)) {
		a->waiting--;
		set_deadline(e, now, time, a->rules->approval_minutes);
	}
	return REASON_OK;
}

static void deny(struct approvals *a, struct entry *e, const char *who)
{
	if (waits(&e->request))
		a->waiting--;
	e->request.denied = true;
	(void)snprintf(e->request.denied_by, APPROVER_NAME, "%s", who);
	a->changed = true;
}

enum reason approvals_decide(struct approvals *a, const char *request, const char *who,
        bool approval, int64_t now, struct request *ret)
{
	int64_t time = steady_at(&a->clock, now);
	struct entry *e = entry_of(a, request);
	enum reason reason = REASON_OK;

	if (!e || e->request.denied || e->taken || is_over(e, time))
		return REASON_REQUEST_GONE;
	if (approval)
		reason = approve(a, e, who, now, time);
	else
		deny(a, e, who);
	*ret = e->request;
	return reason;
}

void approvals_taken(struct approvals *a, const char *session, bool taken)
{
	struct entry *e = table_find(&a->sessions, session);

	if (e)
		e->taken = taken;
}

void approvals_used(struct approvals *a, const char *session)
{
	struct entry *e = table_find(&a->sessions, session);

	if (e && !e->request.denied)
		drop(a, e);
}

/* --- all of them ---------------------------------------------------------------------------------
 */

bool approvals_tick(struct approvals *a, int64_t now,
        void (*each)(void *context, const struct request *expired), void *context)
{
	int64_t time = steady_at(&a->clock, now);
	struct entry *next;

	for (struct entry *e = a->oldest; e; e = next) {
		next = e->newer;
		if (!is_over(e, time))
			continue;
		if (time >= e->deadline && waits(&e->request))
			each(context, &e->request);
		drop(a, e);
	}
	bool changed = a->changed;
	a->changed = false;
	return changed;
}

void approvals_list(const struct approvals *a, void (*each)(void *context, const struct request *r),
        void *context)
{
	for (const struct entry *e = a->oldest; e; e = e->newer)
		if (waits(&e->request))
			each(context, &e->request);
}

size_t approvals_count(const struct approvals *a)
{
	return a->waiting;
}
