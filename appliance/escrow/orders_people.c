/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person decides or types in: sealed in a box that web carries, or from root. */
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/orders.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Tries for one password: a machine has one to four protectors, and each costs a stretching. */
#define ENTER_TRIES 32
#define ENTER_CASES 16

/* What the box holds, when it is of this kind. 0 or -errno with err. */
static int open_box(
        struct escrow *e, const struct message *m, bool entry, struct order *ret, struct error *err)
{
	struct secret *plain CLEANUP_SECRET = NULL;
	int r = box_open(e->box, BOX_ORDER, m->box, m->box_len, &plain, err);

	if (r == 0)
		r = order_parse(plain->data, plain->len, ret, err);
	if (r == 0 && ret->is_entry != entry) {
		order_clear(ret);
		r = error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR, "the box is another order");
	}
	return r;
}

/* --- decide ---------------------------------------------------------------------------------- */

static const char need_names[] = "two people have to approve: each with name and passphrase";

/* Who it is that decides, proved. who is REASON_OK's only. */
static enum reason authenticate(struct escrow *e, const struct message *m, const struct decision *d,
        char who[APPROVER_NAME], char *text, size_t size)
{
	bool by_root = !m->box;

	if (by_root && !d->approver[0]) {
		if (d->approve && e->settings.rules.approval == APPROVAL_TWO_PERSON) {
			(void)snprintf(text, size, "%s", need_names);
			return REASON_APPROVER_UNKNOWN;
		}
		(void)snprintf(who, APPROVER_NAME, "%s", APPROVER_ROOT);
		return REASON_OK;
	}
	if (!d->approver[0] || !d->passphrase)
		return REASON_APPROVER_UNKNOWN;
	(void)snprintf(who, APPROVER_NAME, "%s", d->approver);
	return approvers_verify(
	        e->approvers, d->approver, d->passphrase, by_root ? "" : m->from, clock_wall());
}

static json_t *decision_record(
        const struct message *m, const struct decision *d, const char *who, const struct request *r)
{
	json_t *j = record_subject(&r->subject);

	if (j && (json_object_set_new(j, "by", json_string(who)) |
	                 json_object_set_new(j, "from", json_string(m->box ? m->from : "console")) |
	                 json_object_set_new(j, "request", json_string(r->id)) |
	                 json_object_set_new(j, "why", json_string(d->why)))) {
		json_decref(j);
		return NULL;
	}
	return j;
}

/* One request. The record of a release names who approved it, and is on disk before the key leaves:
 * a decision whose own record fails is told of, and stands. */
static enum reason decide_one(struct escrow *e, const struct message *m, const struct decision *d,
        const char *who, const char *id, char *text, size_t size)
{
	struct request request;
	struct error err = {0};
	enum reason reason = gate_decide(e->gate, id, who, d->approve, clock_wall(), &request);

	(void)snprintf(text, size, "%s", reason == REASON_APPROVER_UNKNOWN ? need_names : "");
	if (reason != REASON_OK)
		return reason;
	if (record_append(e->audit, d->approve ? "approve" : "deny",
	            decision_record(m, d, who, &request), &err) < 0) {
		log_error("%s", err.text);
		/* Short: ORDER_REQUESTS of them fit into one message. */
		(void)snprintf(text, size, "decided, but not recorded: see the appliance's log");
		reason = REASON_AUDIT_FAILED;
	} else if (d->approve && request.approved_count < request.needs) {
		(void)snprintf(text, size, "another person has to approve it too");
	}
	cases_wake(e->cases, request.session);
	return reason;
}

static json_t *decide_all(
        struct escrow *e, const struct message *m, const struct decision *d, const char *who)
{
	enum reason whole = REASON_REQUEST_GONE;
	json_t *results = json_array();
	char text[360];
	int bad = !results;

	for (size_t i = 0; !bad && i < d->count; i++) {
		enum reason one = decide_one(e, m, d, who, d->requests[i], text, sizeof(text));
		if (one == REASON_OK || i == 0 || whole != REASON_OK)
			whole = one;
		bad = json_array_append_new(
		              results, json_pack("{s:s,s:s,s:s}", "request", d->requests[i],
		                               "reason", reason_code(one), "text", text)) < 0;
	}
	json_t *a = message_answer(m->id, whole, "");
	if (bad || json_object_set_new(a, "results", results) < 0)
		log_error("decide: no memory for the answer");
	return a;
}

json_t *orders_decide(struct escrow *e, struct message *m)
{
	struct order boxed = {0};
	struct error err = {0};
	char who[APPROVER_NAME], text[160] = "";

	if (m->box && open_box(e, m, false, &boxed, &err) < 0)
		return message_answer(m->id, err.reason, err.text);
	const struct decision *d = m->box ? &boxed.decision : &m->order.decision;
	enum reason reason = authenticate(e, m, d, who, text, sizeof(text));
	json_t *a = reason == REASON_OK ? decide_all(e, m, d, who)
	                                : message_answer(m->id, reason, text);
	order_clear(&boxed);
	return a;
}

/* --- enter ----------------------------------------------------------------------------------- */

struct typed {
	const struct entry *entry;
	struct secret *key;
	unsigned tries;
	bool fits_none; /* no protector of that name */
};

/* The protector of this ask that the typed key opens, or NULL. */
static const struct ask_protector *opens(struct escrow *e, struct typed *t, const struct ask *ask)
{
	for (size_t i = 0; i < ask->volume_count; i++)
		for (size_t k = 0; k < ask->volumes[i].protector_count; k++) {
			const struct ask_protector *p = &ask->volumes[i].protectors[k];
			struct secret *stretched CLEANUP_SECRET = NULL, *vmk CLEANUP_SECRET = NULL;
			if (t->entry->has_protector && !guid_equal(&p->id, &t->entry->protector))
				continue;
			t->fits_none = false;
			if (t->tries++ >= ENTER_TRIES)
				return NULL;
			/* A person waits for this one: before the machines' turns. */
			if (stretcher_stretch(e->stretcher, t->key, p->blob.salt, 0, &stretched) ==
			                0 &&
			        bitlocker_blob_open(&p->blob, stretched, &vmk) == 0)
				return p;
		}
	return NULL;
}

static int record_entered(struct escrow *e, const struct message *m, const struct ask *ask,
        const struct guid *protector, enum reason reason, struct error *err)
{
	char id[GUID_TEXT] = "";
	json_t *j = record_subject(&ask->subject);

	if (protector)
		guid_format(protector, id);
	if (j && (json_object_set_new(j, "from", json_string(m->from)) |
	                 json_object_set_new(j, "protector", json_string(id)) |
	                 json_object_set_new(j, "reason", json_string(reason_code(reason))))) {
		json_decref(j);
		j = NULL;
	}
	return record_append(e->audit, "entered", j, err);
}

/* It opened p: recorded, kept, and the machine goes on. */
static enum reason keep(struct escrow *e, const struct message *m, const struct typed *t,
        const struct ask *ask, const struct ask_protector *p, char *text, size_t size)
{
	struct error err = {0};

	if (record_entered(e, m, ask, &p->id, REASON_OK, &err) < 0) {
		log_error("%s", err.text);
		(void)snprintf(text, size, "%s", err.text);
		return REASON_AUDIT_FAILED;
	}
	if (entered_add(e->entered, p, t->key, m->from) < 0)
		return REASON_OUT_OF_MEMORY;
	cases_wake(e->cases, ask->session);
	return REASON_OK;
}

static enum reason try_typed(
        struct escrow *e, const struct message *m, struct typed *t, char *text, size_t size)
{
	struct ask *asks[ENTER_CASES];
	struct error err = {0};
	size_t count = cases_of_machine(e->cases, t->entry->machine, asks, ENTER_CASES);
	enum reason reason = count == 0 ? REASON_REQUEST_GONE : REASON_KEY_MISMATCH;

	t->fits_none = count > 0;
	for (size_t i = 0; i < count && reason == REASON_KEY_MISMATCH; i++) {
		const struct ask_protector *p = opens(e, t, asks[i]);
		if (p)
			reason = keep(e, m, t, asks[i], p, text, size);
	}
	if (count == 0 || t->fits_none) {
		reason = REASON_REQUEST_GONE;
		(void)snprintf(text, size, "%s",
		        count == 0 ? "this machine does not wait for a key any more"
		                   : "this machine has no such recovery key ID any more");
	} else if (reason == REASON_KEY_MISMATCH) {
		const struct guid *named = t->entry->has_protector ? &t->entry->protector : NULL;
		if (record_entered(e, m, asks[0], named, reason, &err) < 0)
			log_error("%s", err.text);
	}
	for (size_t i = 0; i < count; i++)
		ask_free(asks[i]);
	return reason;
}

json_t *orders_enter(struct escrow *e, struct message *m)
{
	struct order order = {0};
	struct error err = {0};
	char text[320] = "";
	unsigned group = 0;
	enum reason reason;

	if (open_box(e, m, true, &order, &err) < 0)
		return message_answer(m->id, err.reason, err.text);
	struct typed t = {.entry = &order.entry};
	if (!entered_may_try(e->entered, m->from, t.entry->machine, clock_steady())) {
		reason = REASON_TRY_LATER;
	} else if (recovery_password_parse((const char *)t.entry->password->data,
	                   t.entry->password->len, &t.key, &group, &err) < 0) {
		reason = err.reason;
		(void)snprintf(text, sizeof(text), "%s", err.text);
	} else {
		reason = try_typed(e, m, &t, text, sizeof(text));
	}
	secret_free(t.key);
	order_clear(&order);
	return message_answer(m->id, reason, text);
}
