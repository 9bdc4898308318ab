/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is inside a box, and what root orders in the clear: the same fields. */
#include "appliance/escrow/message_orders.h"
#include "appliance/escrow/message_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 48 digits and what people put between them. */
#define PASSWORD_MAX 128

void order_clear(struct order *o)
{
	secret_free(o->decision.passphrase);
	free(o->decision.requests);
	secret_free(o->entry.password);
	*o = (struct order){0};
}

static int parse_requests(json_t *list, struct decision *d, struct error *err)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count < 1 || count > ORDER_REQUESTS)
		return json_bad(err, "requests is a list of 1 to 1024");
	d->requests = calloc(count, sizeof(*d->requests));
	if (!d->requests)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (!text || json_request(text, d->requests[i]) < 0)
			return json_bad(err, "a request is 16 hexadecimal digits");
	}
	d->count = count;
	return 0;
}

int decision_parse(const struct decision_fields *f, struct decision *ret, struct error *err)
{
	if (json_line(f->approver, ret->approver, sizeof(ret->approver)) < 0 ||
	        json_line(f->why, ret->why, sizeof(ret->why)) < 0)
		return json_bad(err, "approver or why is too long");
	if (strcmp(f->decision, "approve") != 0 && strcmp(f->decision, "deny") != 0)
		return json_bad(err, "decision is approve or deny");
	ret->approve = f->decision[0] == 'a';
	int r = f->passphrase[0] ? json_secret(f->passphrase, NM_MAX_PASSPHRASE, &ret->passphrase)
	                         : 0;
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory can be locked");
	return r < 0 ? json_bad(err, "passphrase is too long")
	             : parse_requests(f->requests, ret, err);
}

static int parse_entry(json_t *j, struct entry *e, struct error *err)
{
	const char *op, *protector, *password;
	json_int_t v, machine;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:I,s:s,s:s}", "v", &v, "op", &op,
	            "machine", &machine, "protector", &protector, "password", &password) < 0)
		return json_bad(err, "enter has machine, protector and password");
	e->has_protector = protector[0] != '\0';
	if (machine < 1 || (e->has_protector && guid_parse(protector, &e->protector) < 0))
		return json_bad(err, "machine or protector is malformed");
	e->machine = machine;
	int r = json_secret(password, PASSWORD_MAX, &e->password);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory can be locked");
	return r < 0 ? json_bad(err, "password is empty or too long") : 0;
}

static int parse_boxed_decision(json_t *j, struct decision *d, struct error *err)
{
	struct decision_fields f;
	const char *op;
	json_int_t v;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s,s:s,s:s,s:o,s:s}", "v", &v, "op",
	            &op, "approver", &f.approver, "passphrase", &f.passphrase, "decision",
	            &f.decision, "requests", &f.requests, "why", &f.why) < 0)
		return json_bad(err, "decide has approver, passphrase, decision, requests and why");
	return decision_parse(&f, d, err);
}

static int parse_order(json_t *j, struct order *o, struct error *err)
{
	const char *op;
	json_int_t v;

	if (json_unpack(j, "{s:I,s:s}", "v", &v, "op", &op) < 0 || v != 1)
		return json_bad(err, "a box has v and op");
	o->is_entry = strcmp(op, "enter") == 0;
	if (o->is_entry)
		return parse_entry(j, &o->entry, err);
	if (strcmp(op, "decide") == 0)
		return parse_boxed_decision(j, &o->decision, err);
	return json_bad(err, "a box is enter or decide");
}

int order_parse(const void *bytes, size_t len, struct order *ret, struct error *err)
{
	struct order o = {0};
	json_t *j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	int r = j ? parse_order(j, &o, err) : json_bad(err, "what the box holds is not JSON");

	json_decref(j);
	if (r < 0)
		order_clear(&o);
	else
		*ret = o;
	return r;
}
