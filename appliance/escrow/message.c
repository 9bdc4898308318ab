/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/message.h"
#include "appliance/escrow/message_ask.h"
#include "appliance/escrow/message_json.h"
#include "appliance/escrow/message_orders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void message_free(struct message *m)
{
	if (!m)
		return;
	ask_free(m->ask);
	free(m->box);
	order_clear(&m->order);
	secret_free(m->passphrase);
	free(m->power);
	free(m->bmcs);
	free(m);
}

json_t *message_answer(json_int_t id, enum reason reason, const char *text)
{
	return json_pack("{s:i,s:I,s:b,s:s,s:s}", "v", 1, "id", id, "ok", reason == REASON_OK,
	        "reason", reason_code(reason), "text", text);
}

/* No more than v, id and op. */
static int parse_bare(json_t *j, struct message *m, struct error *err)
{
	(void)m;
	return json_object_size(j) == 3 ? 0 : json_bad(err, "a field too many");
}

static int parse_requests(json_t *j, struct message *m, struct error *err)
{
	const char *op;
	json_int_t v, id, skip = 0;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s?I}", "v", &v, "id", &id, "op", &op,
	            "skip", &skip) < 0 ||
	        skip < 0 || skip > NM_MAX_CASES)
		return json_bad(err, "requests has nothing but skip");
	m->skip = (size_t)skip;
	return 0;
}

static int parse_release(json_t *j, struct message *m, struct error *err)
{
	return ask_parse(j, &m->ask, err);
}

static int parse_misuse(json_t *j, struct message *m, struct error *err)
{
	static const enum reason known[] = {REASON_TOKEN_INVALID, REASON_TOKEN_USED,
	        REASON_TOKEN_EXPIRED, REASON_TOKEN_OTHER_ADDRESS, REASON_SESSION_REPLACED};
	const char *op, *reason;
	json_int_t v, id;
	json_t *machine;
	size_t i = 0;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:o}", "v", &v, "id", &id, "op",
	            &op, "reason", &reason, "machine", &machine) < 0)
		return json_bad(err, "misuse has reason and machine");
	while (i < sizeof(known) / sizeof(*known) && strcmp(reason, reason_code(known[i])) != 0)
		i++;
	if (i == sizeof(known) / sizeof(*known))
		return json_bad(err, "misuse is of a token or a session");
	m->misuse = known[i];
	return subject_parse(machine, &m->subject, err);
}

static int parse_box(const char *box, size_t max, struct message *m, struct error *err)
{
	m->box = malloc(max);
	if (!m->box)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	return base64_decode(box, m->box, max, &m->box_len) < 0
	               ? json_bad(err, "the box is not base64, or too large")
	               : 0;
}

static int parse_boxed(json_t *j, struct message *m, struct error *err)
{
	const char *op, *from, *box;
	json_int_t v, id;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:s}", "v", &v, "id", &id, "op",
	            &op, "from", &from, "box", &box) < 0 ||
	        !from[0] || json_line(from, m->from, sizeof(m->from)) < 0)
		return json_bad(
		        err, "decide and enter have from (only root's may be empty) and box");
	return parse_box(box, NM_MAX_BOX, m, err);
}

static int parse_keys(json_t *j, struct message *m, struct error *err)
{
	const char *op, *from, *by, *box;
	json_int_t v, id;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:s,s:s}", "v", &v, "id", &id,
	            "op", &op, "from", &from, "by", &by, "box", &box) < 0 ||
	        !from[0] || json_line(from, m->from, sizeof(m->from)) < 0 ||
	        json_line(by, m->account, sizeof(m->account)) < 0)
		return json_bad(err, "keys has from, by and box");
	return parse_box(box, NM_MAX_KEYS_BOX, m, err);
}

static int parse_decide(json_t *j, struct message *m, struct error *err)
{
	struct decision_fields f;
	const char *op, *from;
	json_int_t v, id;

	if (json_object_get(j, "box"))
		return parse_boxed(j, m, err);
	m->root_only = true;
	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:o,s:s}", "v", &v,
	            "id", &id, "op", &op, "from", &from, "approver", &f.approver, "passphrase",
	            &f.passphrase, "decision", &f.decision, "requests", &f.requests, "why",
	            &f.why) < 0 ||
	        json_line(from, m->from, sizeof(m->from)) < 0)
		return json_bad(
		        err, "decide has from, approver, passphrase, decision, requests and why");
	return decision_parse(&f, &m->order.decision, err);
}

/* One more text, named field. */
static int parse_text(json_t *j, const char *field, char *out, size_t size, struct error *err)
{
	const char *op, *text;
	json_int_t v, id;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s}", "v", &v, "id", &id, "op", &op,
	            field, &text) < 0 ||
	        json_line(text, out, size) < 0)
		return error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR,
		        "escrow message: only %s, and not so long", field);
	return 0;
}

static int parse_stop(json_t *j, struct message *m, struct error *err)
{
	return parse_text(j, "why", m->why, sizeof(m->why), err);
}

static int parse_trust(json_t *j, struct message *m, struct error *err)
{
	return parse_text(j, "which", m->which, sizeof(m->which), err);
}

static int parse_snapshot(json_t *j, struct message *m, struct error *err)
{
	return parse_text(j, "source", m->source, sizeof(m->source), err);
}

static int take_passphrase(const char *text, struct message *m, struct error *err)
{
	int r = json_secret(text, NM_MAX_PASSPHRASE, &m->passphrase);

	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory can be locked");
	return r < 0 ? json_bad(err, "a passphrase is 1 to 256 bytes") : 0;
}

static int parse_unlock(json_t *j, struct message *m, struct error *err)
{
	const char *op, *passphrase;
	json_int_t v, id;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s}", "v", &v, "id", &id, "op", &op,
	            "passphrase", &passphrase) < 0)
		return json_bad(err, "unlock has passphrase");
	return take_passphrase(passphrase, m, err);
}

static int parse_approver(json_t *j, struct message *m, struct error *err)
{
	static const char *const actions[] = {"add", "remove", "list"};
	const char *op, *action, *name = "", *passphrase = "";
	json_int_t v, id;
	size_t i = 0;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s?s,s?s}", "v", &v, "id", &id,
	            "op", &op, "action", &action, "name", &name, "passphrase", &passphrase) < 0 ||
	        json_line(name, m->name, sizeof(m->name)) < 0)
		return json_bad(err, "approver has action, name and passphrase");
	while (i < 3 && strcmp(action, actions[i]) != 0)
		i++;
	if (i == 3)
		return json_bad(err, "action is add, remove or list");
	m->action = (enum approver_action)i;
	return m->action == APPROVER_ADD ? take_passphrase(passphrase, m, err) : 0;
}

static int parse_power(json_t *j, struct message *m, struct error *err)
{
	return bmc_question_parse(j, &m->power, err);
}

static int parse_bmc_known(json_t *j, struct message *m, struct error *err)
{
	return bmc_known_parse(j, &m->bmcs, err);
}

static int parse_bmcs(json_t *j, struct message *m, struct error *err)
{
	return bmcs_parse(j, &m->after, err);
}

static const struct operation {
	const char *name;
	enum message_op op;
	bool root_only;
	int (*parse)(json_t *j, struct message *m, struct error *err);
} operations[] = {
        {"status", MESSAGE_STATUS, false, parse_bare},
        {"release", MESSAGE_RELEASE, false, parse_release},
        {"misuse", MESSAGE_MISUSE, false, parse_misuse},
        {"requests", MESSAGE_REQUESTS, false, parse_requests},
        {"suspects", MESSAGE_SUSPECTS, true, parse_bare},
        {"decide", MESSAGE_DECIDE, false, parse_decide},
        {"enter", MESSAGE_ENTER, false, parse_boxed},
        {"keys", MESSAGE_KEYS, false, parse_keys},
        {"stop", MESSAGE_STOP, true, parse_stop},
        {"resume", MESSAGE_RESUME, true, parse_bare},
        {"trust", MESSAGE_TRUST, true, parse_trust},
        {"unlock", MESSAGE_UNLOCK, true, parse_unlock},
        {"snapshot", MESSAGE_SNAPSHOT, true, parse_snapshot},
        {"approver", MESSAGE_APPROVER, true, parse_approver},
        {"power", MESSAGE_POWER, false, parse_power},
        {"bmc_known", MESSAGE_BMC_KNOWN, false, parse_bmc_known},
        {"bmcs", MESSAGE_BMCS, true, parse_bmcs},
};

static int parse_any(json_t *j, struct message *m, struct error *err)
{
	const char *op;
	json_int_t v;

	if (json_unpack(j, "{s:I,s:I,s:s}", "v", &v, "id", &m->id, "op", &op) < 0 || v != 1)
		return json_bad(err, "v, id and op are needed");
	m->has_id = true;
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (strcmp(op, operations[i].name) == 0) {
			m->op = operations[i].op;
			m->root_only = operations[i].root_only;
			return operations[i].parse(j, m, err);
		}
	return json_bad(err, "op is not known");
}

int message_parse(const void *bytes, size_t len, struct message **ret, struct error *err)
{
	struct message *m = calloc(1, sizeof(*m));

	if (!m)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	json_t *j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	int r = j ? parse_any(j, m, err) : json_bad(err, "not JSON");
	json_decref(j);
	*ret = m;
	return r;
}
