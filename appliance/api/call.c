/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/input.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <string.h>

void call_refuse(struct http_request *r, const struct error *err)
{
	log_info("refused %s from %s: %s", r->method, r->address, err->text);
	http_reply_error(r, 400, err->reason, "%s", err->text);
}

bool call_body(struct http_request *r, json_t **ret)
{
	struct error err = {0};
	int e = input_parse(r->body, r->body_len, ret, &err);

	if (e == 0)
		return true;
	if (err.code)
		call_refuse(r, &err);
	else
		call_failed(r, "request", e);
	return false;
}

bool call_session(struct http_request *r, struct web_api *a, struct store_session *ret)
{
	struct error err = {0};
	int e = -ENOENT;

	if (input_hex(r->capture[0], 16, "session", &err) == 0)
		e = store_session_get(a->fleet->store, r->capture[0], ret);
	if (e == 0 && ret->replaced) {
		store_session_free(ret);
		e = -ENOENT;
	}
	if (e == 0)
		return true;
	if (e == -ENOENT)
		http_reply_error(r, 403, REASON_TOKEN_INVALID,
		        "no such session, or a later boot replaced it");
	else
		call_failed(r, "session", e);
	return false;
}

void call_failed(struct http_request *r, const char *what, int e)
{
	log_error("%s from %s: %s", what, r->address, strerror(-e));
	http_reply_error(r, 503, REASON_INTERNAL, "%s: %s; ask again", what, strerror(-e));
}

json_t *call_row(const struct machine *m)
{
	const char *name = m->name[0] ? m->name : m->serial[0] ? m->serial : m->mac;

	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s,"
	                 " s:i, s:I, s:I, s:I, s:s}",
	        "id", (json_int_t)m->id, "name", name, "mac", m->mac, "ip", m->ip, "uuid", m->uuid,
	        "serial", m->serial, "product", m->product, "state", machine_state_name(m->state),
	        "reason", reason_code(m->reason), "severity", reason_severity(m->reason), "title",
	        reason_title(m->reason), "advice", reason_advice(m->reason), "text", m->text,
	        "attempt", m->attempt, "since", (json_int_t)m->since, "first_seen",
	        (json_int_t)m->first_seen, "last_seen", (json_int_t)m->last_seen, "pairing",
	        m->pairing);
}

json_t *call_appliance(const struct web_api *a)
{
	const struct escrow_status *escrow = escrow_client_status(a->escrow);

	return json_pack("{s:s, s:I, s:s, s:s, s:{s:b, s:s}, s:{s:b, s:s, s:I}}", "version",
	        NETMEND_VERSION, "started", (json_int_t)a->fleet->started, "url", a->url, "recipe",
	        a->recipe_name, "dhcp", "ok", a->dhcp_ok, "text", a->dhcp_text, "escrow", "ok",
	        escrow->ok, "text", escrow->text, "keys", (json_int_t)escrow->keys);
}
