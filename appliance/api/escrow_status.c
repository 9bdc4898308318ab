/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_answer.h"
#include "appliance/api/input.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <string.h>

#define BOX_KEY_BYTES 65 /* an uncompressed point of P-256 */
#define APPROVALS_MAX 2

/* ---- status ---- */

struct source {
	const char *name, *type, *reason, *text;
	json_int_t checked, snapshot, snapshot_keys;
};

/* Adds it to list, and its snapshot to *oldest. */
static int source_take(json_t *value, json_t *list, json_int_t *oldest, struct error *err)
{
	struct source s;
	enum reason reason;

	int r = input_unpack(value, err, "sources", "{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "name",
	        &s.name, "type", &s.type, "reason", &s.reason, "text", &s.text, "checked",
	        &s.checked, "snapshot", &s.snapshot, "snapshot_keys", &s.snapshot_keys);
	if (r == 0)
		r = input_reason(s.reason, &reason, "sources.reason", err);
	if (r < 0)
		return r;
	if (s.snapshot > 0 && (*oldest == 0 || s.snapshot < *oldest))
		*oldest = s.snapshot;
	r = json_array_append_new(
	        list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", s.name, "type", s.type,
	                      "reason", s.reason, "title", reason_title(reason), "advice",
	                      reason_advice(reason), "text", s.text));
	return r < 0 ? error_set(err, -ENOMEM, REASON_INTERNAL, "no memory") : 0;
}

static int sources_take(json_t *sources, json_t *list, json_int_t *oldest, struct error *err)
{
	json_t *value;
	size_t i;

	int r = input_check(
	        !sources || (json_is_array(sources) && json_array_size(sources) <= NM_MAX_SOURCES),
	        "sources", err);
	json_array_foreach(sources, i, value)
	{
		if (r == 0)
			r = source_take(value, list, oldest, err);
	}
	return r;
}

static bool is_box_key(const char *text)
{
	uint8_t raw[BOX_KEY_BYTES];
	size_t len;

	return !text[0] || (base64_decode(text, raw, sizeof(raw), &len) == 0 && len == sizeof(raw));
}

static bool is_approval(const char *text)
{
	return strcmp(text, "auto") == 0 || strcmp(text, "pairing") == 0 ||
	       strcmp(text, "two-person") == 0;
}

int escrow_status_parse(json_t *answer, json_t **ret, struct error *err)
{
	const char *text, *box, *approval, *campaign, *stopped;
	int ok, locked;
	json_int_t keys, released, requests, oldest = 0;
	json_t *waiting, *sources, *snapshot, *bmcs = NULL, *list = json_array();

	int r = input_unpack(answer, err, "status",
	        "{s:b, s:s, s:I, s:b, s:s, s:s, s:s, s:I, s:s, s:I, s:o, s:o, s:o, s?o}", "ok", &ok,
	        "text", &text, "keys", &keys, "locked", &locked, "box", &box, "approval", &approval,
	        "campaign", &campaign, "released", &released, "stopped", &stopped, "requests",
	        &requests, "waiting", &waiting, "sources", &sources, "snapshot", &snapshot, "bmcs",
	        &bmcs);
	if (r == 0)
		r = input_check(keys >= 0 && requests >= 0, "keys", err);
	if (r == 0)
		r = input_check(is_box_key(box), "box", err);
	if (r == 0)
		r = input_check(is_approval(approval), "approval", err);
	if (r == 0)
		r = sources_take(sources, list, &oldest, err);
	if (r < 0) {
		json_decref(list);
		return r;
	}
	json_t *page = json_pack("{s:b, s:s, s:I, s:b, s:s, s:s, s:s, s:I, s:I, s:o}", "ok", ok,
	        "text", text[0] || ok ? text : "escrow reports that it cannot work", "keys", keys,
	        "locked", locked, "box", box, "approval", approval, "stopped", stopped, "requests",
	        requests, "snapshot", oldest, "sources", list);
	if (!page)
		return error_set(err, -ENOMEM, REASON_INTERNAL, "no memory");
	*ret = page;
	return 0;
}

json_t *escrow_status_lost(json_t *last, const char *why)
{
	json_t *keys = json_object_get(last, "keys"), *approval = json_object_get(last, "approval");

	return json_pack("{s:b, s:s, s:I, s:b, s:s, s:s, s:s, s:i, s:i, s:[]}", "ok", 0, "text",
	        why, "keys", json_integer_value(keys), "locked", 0, "box", "", "approval",
	        approval ? json_string_value(approval) : "auto", "stopped", "", "requests", 0,
	        "snapshot", 0, "sources");
}

/* ---- requests ---- */

static bool names_fit(json_t *approved)
{
	json_t *name;
	size_t i;

	if (!json_is_array(approved) || json_array_size(approved) > APPROVALS_MAX)
		return false;
	json_array_foreach(approved, i, name)
	{
		if (!json_is_string(name))
			return false;
	}
	return true;
}

static int request_take(json_t *value, json_t *list, struct error *err)
{
	const char *request, *code, *name, *uuid, *serial, *mac, *ip;
	json_int_t machine, since, expires, needs;
	json_t *approved;

	int r = input_unpack(value, err, "requests",
	        "{s:s, s:{s:I, s:s, s:s, s:s, s:s, s:s}, s:s, s:I, s:I, s:I, s:o}", "request",
	        &request, "machine", "id", &machine, "name", &name, "uuid", &uuid, "serial",
	        &serial, "mac", &mac, "ip", &ip, "code", &code, "since", &since, "expires",
	        &expires, "needs", &needs, "approved", &approved);
	if (r == 0)
		r = input_hex(request, 8, "requests.request", err);
	if (r == 0)
		r = input_length(code, ESCROW_CODE_TEXT - 1, "requests.code", err);
	if (r == 0)
		r = input_check(needs >= 1 && needs <= APPROVALS_MAX && names_fit(approved),
		        "requests.approved", err);
	if (r < 0)
		return r;
	r = json_array_append_new(
	        list, json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:O}",
	                      "request", request, "machine", machine, "name", name, "mac", mac,
	                      "ip", ip, "serial", serial, "code", code, "since", since, "expires",
	                      expires, "needs", needs, "approved", approved));
	return r < 0 ? error_set(err, -ENOMEM, REASON_INTERNAL, "no memory") : 0;
}

int escrow_requests_parse(json_t *answer, json_t **ret, struct error *err)
{
	json_t *requests, *value, *list = json_array();
	size_t i;
	int ok;

	int r = input_unpack(
	        answer, err, "requests", "{s:b, s:o}", "ok", &ok, "requests", &requests);
	if (r == 0)
		r = input_check(list && ok && json_is_array(requests) &&
		                        json_array_size(requests) <= ESCROW_LIST_MAX,
		        "requests", err);
	json_array_foreach(r == 0 ? requests : NULL, i, value)
	{
		if (r == 0)
			r = request_take(value, list, err);
	}
	if (r < 0)
		json_decref(list);
	else
		*ret = list;
	return r;
}
