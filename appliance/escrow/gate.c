/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/gate_private.h"
#include "fixer/base/log.h"
#include "fixer/base/pairing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct gate *gate_new(const struct policy_rules *rules, struct audit *audit)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->rules = rules;
	g->audit = audit;
	pthread_mutex_init(&g->lock, NULL);
	pthread_mutex_init(&g->pairing, NULL);
	g->policy = policy_new(rules);
	g->anomaly = anomaly_new(rules);
	g->approvals = approvals_new(rules);
	if (!g->policy || !g->anomaly || !g->approvals) {
		gate_free(g);
		return NULL;
	}
	return g;
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	approvals_free(g->approvals);
	anomaly_free(g->anomaly);
	policy_free(g->policy);
	pthread_mutex_destroy(&g->pairing);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* --- what anomaly led to --------------------------------------------------------------------- */

/* What it led to just now, and why, for the record; taken under the lock. */
struct led {
	enum reason reason;
	char why[320];
};

static void take_why(struct gate *g, const struct subject *s, int64_t now, struct led *led)
{
	if (led->reason != REASON_OK)
		(void)anomaly_check(g->anomaly, s, now, led->why, sizeof(led->why));
}

static void note_led(struct gate *g, const struct subject *s, const struct led *led)
{
	if (led->reason == REASON_OK)
		return;
	log_warning("machine %s (%s, %s) is suspect: %s", s->name, s->mac, s->ip, led->why);
	json_t *j = record_subject(s);
	if (j && json_object_set_new(j, "text", json_string(led->why)) < 0) {
		json_decref(j);
		j = NULL;
	}
	record_note(g->audit, "suspect", j);
	if (led->reason != REASON_RELEASES_STOPPED)
		return;
	log_error("key release is stopped: %s", led->why);
	record_note(g->audit, "stopped", json_pack("{s:s,s:s}", "by", "anomaly", "text", led->why));
}

/* Under the lock. */
static enum reason count_asked(struct gate *g, const struct ask *ask, int64_t now)
{
	enum reason led = REASON_OK;

	for (size_t i = 0; i < ask->volume_count; i++)
		for (size_t k = 0; k < ask->volumes[i].protector_count; k++)
			led = anomaly_worse(anomaly_asked(g->anomaly, &ask->subject,
			                            &ask->volumes[i].protectors[k].id, now),
			        led);
	return led;
}

/* --- a machine's way ------------------------------------------------------------------------- */

enum reason gate_admit(struct gate *g, const struct ask *ask, int64_t now, char *text, size_t size)
{
	struct led led = {.reason = REASON_OK};

	pthread_mutex_lock(&g->lock);
	enum reason reason = anomaly_check(g->anomaly, &ask->subject, now, text, size);
	if (reason == REASON_OK) {
		led.reason = count_asked(g, ask, now);
		take_why(g, &ask->subject, now, &led);
		reason = anomaly_check(g->anomaly, &ask->subject, now, text, size);
	}
	if (reason == REASON_OK)
		reason = policy_covers(g->policy, &ask->subject, now, text, size);
	pthread_mutex_unlock(&g->lock);
	note_led(g, &ask->subject, &led);
	return reason;
}

/* What came of a protector, told to anomaly, and what that led to. */
static void note_protector(struct gate *g, const struct subject *s, const struct guid *protector,
        int64_t now,
        enum reason (*tell)(struct anomaly *a, const struct subject *s,
                const struct guid *protector, int64_t now))
{
	struct led led;

	pthread_mutex_lock(&g->lock);
	led.reason = tell(g->anomaly, s, protector, now);
	take_why(g, s, now, &led);
	pthread_mutex_unlock(&g->lock);
	note_led(g, s, &led);
}

void gate_mismatch(
        struct gate *g, const struct subject *s, const struct guid *protector, int64_t now)
{
	note_protector(g, s, protector, now, anomaly_mismatch);
}

void gate_not_found(
        struct gate *g, const struct subject *s, const struct guid *protector, int64_t now)
{
	note_protector(g, s, protector, now, anomaly_not_found);
}

void gate_opened(struct gate *g, const struct subject *s, const struct guid *protector, int64_t now)
{
	pthread_mutex_lock(&g->lock);
	anomaly_opened(g->anomaly, s, protector, now);
	pthread_mutex_unlock(&g->lock);
}

void gate_misuse(struct gate *g, const struct subject *s, enum reason misuse, int64_t now)
{
	struct led led;

	pthread_mutex_lock(&g->lock);
	led.reason = anomaly_token(g->anomaly, s, misuse, now);
	take_why(g, s, now, &led);
	pthread_mutex_unlock(&g->lock);
	note_led(g, s, &led);
}

void gate_record_expired(struct gate *g, const struct request *r)
{
	const struct record_release release = {.campaign = g->rules->campaign,
	        .decision = "expired",
	        .reason = REASON_APPROVAL_EXPIRED,
	        .session = r->session,
	        .subject = &r->subject,
	        .request = r};

	record_note(g->audit, "release", record_release(&release));
}

/* The code both ends show. Outside of the gate's lock: slow by design. */
static enum reason derive_code(struct gate *g, const struct ask *ask, struct request *request)
{
	char code[PAIRING_CODE];

	pthread_mutex_lock(&g->pairing);
	int r = pairing_code(ask->key, ask->session, request->id, code);
	pthread_mutex_unlock(&g->pairing);
	if (r < 0) {
		log_error("pairing code: %s", strerror(-r));
		return REASON_OUT_OF_MEMORY;
	}
	memcpy(request->code, code, sizeof(code));
	pthread_mutex_lock(&g->lock);
	approvals_set_code(g->approvals, request->id, code);
	g->news = true;
	pthread_mutex_unlock(&g->lock);
	return REASON_OK;
}

enum reason gate_approval(struct gate *g, const struct ask *ask, int64_t now, struct request *ret)
{
	const struct request *known = NULL;
	char expired[REQUEST_TEXT] = "";
	struct request old = {.subject = ask->subject};

	*ret = (struct request){0};
	if (approvals_needed(g->rules, &ask->subject) == 0)
		return REASON_OK;
	pthread_mutex_lock(&g->lock);
	enum reason reason =
	        approvals_ask(g->approvals, ask->session, &ask->subject, now, &known, expired);
	if (known)
		*ret = *known;
	pthread_mutex_unlock(&g->lock);
	if (expired[0]) {
		memcpy(old.id, expired, sizeof(expired));
		memcpy(old.session, ask->session, sizeof(old.session));
		gate_record_expired(g, &old);
	}
	bool waits = reason == REASON_WAITING_APPROVAL || reason == REASON_WAITING_SECOND_PERSON;
	if (waits && !ret->code[0] && derive_code(g, ask, ret) != REASON_OK)
		return REASON_OUT_OF_MEMORY;
	return reason;
}

enum reason gate_take(struct gate *g, const struct ask *ask, int64_t now, char *text, size_t size)
{
	const struct subject *s = &ask->subject;
	const struct request *known;
	char expired[REQUEST_TEXT];

	pthread_mutex_lock(&g->lock);
	/* Looked up and stretched meanwhile: somebody may have stopped it all, or denied this one.
	 * From here on who denies it is told that it is too late. */
	enum reason reason = anomaly_check(g->anomaly, s, now, text, size);
	if (reason == REASON_OK)
		reason = approvals_ask(g->approvals, ask->session, s, now, &known, expired);
	if (reason == REASON_OK)
		reason = policy_take(g->policy, s, now, text, size);
	if (reason == REASON_OK)
		approvals_taken(g->approvals, ask->session, true);
	pthread_mutex_unlock(&g->lock);
	return reason;
}

void gate_give_back(struct gate *g, const struct ask *ask, int64_t at)
{
	pthread_mutex_lock(&g->lock);
	policy_give_back(g->policy, &ask->subject, at);
	approvals_taken(g->approvals, ask->session, false);
	pthread_mutex_unlock(&g->lock);
}

void gate_used(struct gate *g, const char *session)
{
	pthread_mutex_lock(&g->lock);
	approvals_used(g->approvals, session);
	pthread_mutex_unlock(&g->lock);
}

void gate_figures(struct gate *g, int64_t now, struct gate_figures *ret)
{
	struct policy_figures figures;

	*ret = (struct gate_figures){0};
	pthread_mutex_lock(&g->lock);
	policy_figures(g->policy, now, &figures);
	ret->released = figures.released;
	ret->requests = approvals_count(g->approvals);
	ret->stopped = anomaly_stopped(g->anomaly, ret->why, sizeof(ret->why));
	pthread_mutex_unlock(&g->lock);
}
