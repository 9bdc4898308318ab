/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/message.h"

#include <errno.h>
#include <string.h>

/* The password attribute of Active Directory has room for 256 characters; 55 are used. */
#define PASSWORD_TEXT 257

static int bad(struct error *err, const char *what)
{
	return error_set(
	        err, -EBADMSG, REASON_PROTOCOL_ERROR, "message to the key sources: %s", what);
}

static int parse_machine(json_t *j, struct source_question *q, struct error *err)
{
	const char *name, *serial, *uuid, *mac;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s,s:s,s:s}", "name", &name, "serial",
	            &serial, "uuid", &uuid, "mac", &mac) < 0)
		return bad(err, "machine has name, serial, uuid, mac");
	text_clean(q->name, sizeof(q->name), name);
	text_clean(q->serial, sizeof(q->serial), serial);
	text_clean(q->uuid, sizeof(q->uuid), uuid);
	text_clean(q->mac, sizeof(q->mac), mac);
	return 0;
}

static int parse_source(const char *source, struct source_message *m, struct error *err)
{
	if (strlen(source) >= sizeof(m->source))
		return bad(err, "the source's name is too long");
	text_clean(m->source, sizeof(m->source), source);
	return 0;
}

static int parse_lookup(json_t *j, struct source_message *m, struct error *err)
{
	const char *op, *source, *protector;
	json_t *machine;
	json_int_t v;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:s,s:o}", "v", &v, "id", &m->id,
	            "op", &op, "source", &source, "protector", &protector, "machine", &machine) < 0)
		return bad(err, "lookup has source, protector, machine");
	if (guid_parse(protector, &m->question.protector) < 0)
		return bad(err, "protector is no GUID");
	int r = parse_source(source, m, err);
	return r < 0 ? r : parse_machine(machine, &m->question, err);
}

static int parse_pull(json_t *j, struct source_message *m, struct error *err)
{
	const char *op, *source;
	json_int_t v;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s}", "v", &v, "id", &m->id, "op",
	            &op, "source", &source) < 0)
		return bad(err, "pull has source");
	return parse_source(source, m, err);
}

static int parse_any(json_t *j, struct source_message *m, struct error *err)
{
	const char *op;
	json_int_t v;

	if (json_unpack(j, "{s:I,s:I,s:s}", "v", &v, "id", &m->id, "op", &op) < 0 || v != 1)
		return bad(err, "v, id and op are needed");
	if (strcmp(op, "lookup") == 0) {
		m->op = SOURCE_OP_LOOKUP;
		return parse_lookup(j, m, err);
	}
	if (strcmp(op, "pull") == 0) {
		m->op = SOURCE_OP_PULL;
		return parse_pull(j, m, err);
	}
	m->op = SOURCE_OP_STATUS;
	if (strcmp(op, "status") != 0 || json_object_size(j) != 3)
		return bad(err, "op is lookup, status or pull");
	return 0;
}

int source_message_parse(
        const void *bytes, size_t len, struct source_message *ret, struct error *err)
{
	struct source_message m = {0};
	json_t *j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	int r = j ? parse_any(j, &m, err) : bad(err, "not JSON");

	json_decref(j);
	if (r == 0)
		*ret = m;
	return r;
}

/* What strangers spelt as a password is made fit for JSON; escrow judges its form. */
static json_t *password_text(const char *password)
{
	char clean[PASSWORD_TEXT];

	text_clean(clean, sizeof(clean), password);
	json_t *text = json_string(clean);
	secret_wipe(clean, sizeof(clean));
	return text;
}

static json_t *candidates_of(const struct source_answer *a)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < a->count; i++) {
		const struct source_candidate *c = &a->candidates[i];
		json_t *one = json_pack("{s:o,s:s}", "password",
		        password_text((const char *)c->password->data), "origin", c->origin);
		if (json_array_append_new(list, one) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *source_message_answer(json_int_t id, enum reason reason, const struct source_answer *a)
{
	return json_pack("{s:i,s:I,s:s,s:s,s:o}", "v", 1, "id", id, "reason", reason_code(reason),
	        "text", a->text, "candidates", candidates_of(a));
}

json_t *source_message_refusal(json_int_t id, enum reason reason, const char *text)
{
	return json_pack("{s:i,s:I,s:s,s:s,s:[]}", "v", 1, "id", id, "reason", reason_code(reason),
	        "text", text, "candidates");
}

json_t *source_message_record(const struct source_record *r)
{
	char guid[GUID_TEXT], host[NM_MAX_NAME];

	guid_format(&r->protector, guid);
	text_clean(host, sizeof(host), r->host);
	return json_pack("{s:s,s:o,s:s,s:I}", "protector", guid, "password",
	        password_text(r->password), "host", host, "changed", (json_int_t)r->changed);
}

json_t *source_message_records(
        json_int_t id, json_t *records, bool done, enum reason reason, const char *text)
{
	return json_pack("{s:i,s:I,s:o,s:b,s:s,s:s}", "v", 1, "id", id, "records", records, "done",
	        done, "reason", reason_code(reason), "text", text);
}
