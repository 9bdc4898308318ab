/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/record.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

void record_session(const char *session, char ret[SESSION_HASH])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const uint8_t *)session, strlen(session));
	hex_encode(digest, SESSION_HASH / 2, ret);
}

static int put(json_t *j, const char *name, const char *text)
{
	return text && text[0] ? json_object_set_new(j, name, json_string(text)) : 0;
}

json_t *record_subject(const struct subject *s)
{
	json_t *j = json_pack("{s:s,s:I,s:s,s:s,s:s,s:s}", "machine", s->name, "number",
	        (json_int_t)s->machine, "uuid", s->uuid, "serial", s->serial, "mac", s->mac, "ip",
	        s->ip);

	if (j && (put(j, "rollout", s->campaign) | put(j, "contact", s->contact)) < 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int put_guid(json_t *j, const char *name, const struct guid *id)
{
	char text[GUID_TEXT];

	if (!id)
		return 0;
	guid_format(id, text);
	return put(j, name, text);
}

static int put_request(json_t *j, const struct request *r)
{
	json_t *names = json_array();
	int bad = r ? put(j, "request", r->id) : 0;

	for (unsigned i = 0; r && i < r->approved_count && i < 2; i++)
		bad |= json_array_append_new(names, json_string(r->approved[i]));
	return bad | json_object_set_new(j, "approved_by", names);
}

json_t *record_release(const struct record_release *r)
{
	char session[SESSION_HASH] = "";
	json_t *j = record_subject(r->subject);

	if (!j)
		return NULL;
	if (r->session)
		record_session(r->session, session);
	if (put(j, "campaign", r->campaign) | put(j, "decision", r->decision) |
	        put(j, "reason", reason_code(r->reason)) | put(j, "text", r->text) |
	        put(j, "session", session) | put(j, "source", r->source) |
	        put(j, "origin", r->origin) | put_guid(j, "volume", r->volume) |
	        put_guid(j, "protector", r->protector) | put_request(j, r->request) |
	        (r->part ? json_object_set_new(j, "part", json_integer(r->part)) : 0)) {
		json_decref(j);
		return NULL;
	}
	return j;
}

int record_append(struct audit *a, const char *event, json_t *fields, struct error *err)
{
	int r = fields ? audit_append(a, event, fields, err)
	               : error_set(err, -ENOMEM, REASON_AUDIT_FAILED,
	                         "no memory for the audit record");

	json_decref(fields);
	return r;
}

void record_note(struct audit *a, const char *event, json_t *fields)
{
	struct error err = {0};

	if (record_append(a, event, fields, &err) < 0)
		log_error("audit record \"%s\": %s", event, err.text);
}
