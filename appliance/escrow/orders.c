/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/orders.h"
#include "appliance/escrow/bmc/desk.h"
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/snapshot.h"
#include "fixer/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *answer(const struct message *m, enum reason reason, const char *text)
{
	return message_answer(m->id, reason, text);
}

/* 0, or the answer to give instead. */
static json_t *record_first(
        struct escrow *e, const struct message *m, const char *event, json_t *fields)
{
	struct error err = {0};

	if (record_append(e->audit, event, fields, &err) == 0)
		return NULL;
	log_error("%s", err.text);
	return answer(m, REASON_AUDIT_FAILED, err.text);
}

static json_t *misuse(struct escrow *e, struct message *m)
{
	refusals_misuse(e->refusals, &m->subject, m->misuse);
	gate_misuse(e->gate, &m->subject, m->misuse, clock_wall());
	return m->silent ? NULL : answer(m, REASON_OK, "");
}

/* --- stopping, and going on ------------------------------------------------------------------ */

/* Comes into effect even when it cannot be recorded. */
static json_t *stop(struct escrow *e, struct message *m)
{
	const char *why = m->why[0] ? m->why : "stopped by hand";

	gate_stop(e->gate, why, clock_wall());
	log_warning("key release is stopped: %s", why);
	record_note(e->audit, "stopped", json_pack("{s:s,s:s}", "by", "root", "text", why));
	return answer(m, REASON_OK, "");
}

static json_t *resume(struct escrow *e, struct message *m)
{
	json_t *failed = record_first(e, m, "resumed", json_pack("{s:s}", "by", "root"));

	if (failed)
		return failed;
	gate_resume(e->gate);
	log_info("key release goes on");
	cases_wake_all(e->cases);
	return answer(m, REASON_OK, "");
}

/* An address is meant as one, whoever asked from there or gave himself that name; else a machine
 * that has asked, by any name of it, or what a number says by itself. */
static bool find_subject(struct escrow *e, const char *which, struct subject *ret)
{
	struct in_addr v4;
	struct in6_addr v6;
	char *end;

	*ret = (struct subject){0};
	if (inet_pton(AF_INET, which, &v4) == 1 || inet_pton(AF_INET6, which, &v6) == 1) {
		text_clean(ret->ip, sizeof(ret->ip), which);
		return true;
	}
	if (cases_find(e->cases, which, ret))
		return true;
	errno = 0;
	long long number = strtoll(which, &end, 10);
	ret->machine = number;
	return errno == 0 && end != which && *end == '\0' && number > 0;
}

static json_t *trust(struct escrow *e, struct message *m)
{
	struct subject subject;

	if (!find_subject(e, m->which, &subject))
		return answer(m, REASON_USAGE,
		        "no machine of that name has asked for a key lately, or several: give its "
		        "number or address");
	json_t *failed = record_first(e, m, "trusted", record_subject(&subject));
	if (failed)
		return failed;
	bool was = gate_trust(e->gate, &subject);
	cases_wake_all(e->cases);
	return answer(m, REASON_OK, was ? "" : "it was not suspect");
}

/* --- vault and approvers --------------------------------------------------------------------- */

static json_t *unlock(struct escrow *e, struct message *m)
{
	struct error err = {0};

	if (vault_unlock(e->vault, m->passphrase, &err) < 0)
		return answer(m, err.reason == REASON_OK ? REASON_INTERNAL : err.reason, err.text);
	record_note(e->audit, "unlock", json_pack("{s:s}", "by", "root"));
	cases_wake_all(e->cases);
	return answer(m, REASON_OK, "");
}

static json_t *snapshot(struct escrow *e, struct message *m)
{
	struct error err = {0};

	if (snapshot_start(e->snapshot, m->source, &err) < 0)
		return answer(m, err.reason, err.text);
	return answer(m, REASON_OK, "started");
}

static json_t *add_approver(struct escrow *e, struct message *m)
{
	struct error err = {0};

	if (approvers_add(e->approvers, m->name, m->passphrase, &err) < 0)
		return answer(m, err.reason, err.text);
	if (record_append(e->audit, "approver-added", json_pack("{s:s}", "name", m->name), &err) ==
	        0)
		return answer(m, REASON_OK, "");
	struct error ignored = {0};
	if (approvers_remove(e->approvers, m->name, &ignored) < 0)
		log_error("%s", ignored.text);
	return answer(m, REASON_AUDIT_FAILED, err.text);
}

static json_t *remove_approver(struct escrow *e, struct message *m)
{
	struct error err = {0};

	if (approvers_remove(e->approvers, m->name, &err) < 0)
		return answer(m, err.reason, err.text);
	record_note(e->audit, "approver-removed", json_pack("{s:s}", "name", m->name));
	return answer(m, REASON_OK, "");
}

static json_t *list_approvers(struct escrow *e, struct message *m)
{
	char(*names)[APPROVER_NAME] = calloc(NM_MAX_APPROVERS, sizeof(*names));
	json_t *list = json_array(), *a = answer(m, REASON_OK, "");
	int bad = !names || !list;

	for (size_t i = 0, n = bad ? 0 : approvers_list(e->approvers, names, NM_MAX_APPROVERS);
	        i < n; i++)
		bad |= json_array_append_new(list, json_string(names[i])) < 0;
	free(names);
	if (bad || json_object_set(a, "names", list) < 0) {
		json_decref(a);
		a = answer(m, REASON_OUT_OF_MEMORY, "no memory");
	}
	json_decref(list);
	return a;
}

static json_t *approver(struct escrow *e, struct message *m)
{
	switch (m->action) {
	case APPROVER_ADD:
		return add_approver(e, m);
	case APPROVER_REMOVE:
		return remove_approver(e, m);
	case APPROVER_LIST:
		break;
	}
	return list_approvers(e, m);
}

json_t *orders_carry_out(struct escrow *e, struct message *m)
{
	switch (m->op) {
	case MESSAGE_MISUSE:
		return misuse(e, m);
	case MESSAGE_DECIDE:
		return orders_decide(e, m);
	case MESSAGE_ENTER:
		return orders_enter(e, m);
	case MESSAGE_KEYS:
		return orders_keys(e, m);
	case MESSAGE_STOP:
		return stop(e, m);
	case MESSAGE_RESUME:
		return resume(e, m);
	case MESSAGE_TRUST:
		return trust(e, m);
	case MESSAGE_UNLOCK:
		return unlock(e, m);
	case MESSAGE_SNAPSHOT:
		return snapshot(e, m);
	case MESSAGE_APPROVER:
		return approver(e, m);
	case MESSAGE_BMC_KNOWN:
		return bmc_known_answer(e, m->id, m->bmcs);
	case MESSAGE_BMCS:
		return bmcs_answer(e, m->id, m->after);
	case MESSAGE_NONE:
	case MESSAGE_POWER:
	case MESSAGE_STATUS:
	case MESSAGE_RELEASE:
	case MESSAGE_REQUESTS:
	case MESSAGE_SUSPECTS:
		break;
	}
	return NULL;
}
