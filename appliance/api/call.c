/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/input.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void call_refuse(struct http_request *r, const struct error *err)
{
	log_info("refused %s from %s: %s", r->method, r->address, err->text);
	http_reply_error(r, 400, err->reason, "%s", err->text);
}

bool call_dropped(struct http_request *r)
{
	if (r->dropped)
		call_failed(r, "the body", -EAGAIN);
	return r->dropped;
}

bool call_body(struct http_request *r, json_t **ret)
{
	struct error err = {0};

	if (call_dropped(r))
		return false;
	int e = input_parse(r->body, r->body_len, ret, &err);

	if (e == 0)
		return true;
	if (err.code)
		call_refuse(r, &err);
	else
		call_failed(r, "request", e);
	return false;
}

bool call_values(struct http_request *r, json_t **ret, const char *format, ...)
{
	struct error err = {0};
	json_error_t problem;
	json_t *body;
	va_list args;
	int v = 0;

	int e = input_parse(r->body, r->body_len, &body, &err);
	if (e < 0) {
		call_bad_value(r, "body", err.code ? err.text : strerror(-e));
		return false;
	}
	va_start(args, format);
	e = json_vunpack_ex(body, &problem, JSON_STRICT, format, args);
	va_end(args);
	if (e == 0) {
		v = (int)json_integer_value(json_object_get(body, "v"));
		if (v == NETMEND_WIRE_VERSION) {
			*ret = body;
			return true;
		}
	}
	call_bad_value(
	        r, e < 0 ? "body" : "v", e < 0 ? problem.text : "this appliance speaks version 1");
	json_decref(body);
	return false;
}

void call_bad_value(struct http_request *r, const char *field, const char *problem)
{
	char text[400], clean[400];

	(void)snprintf(text, sizeof(text), "%s: %s", field, problem);
	text_clean(clean, sizeof(clean), text);
	http_reply_error(r, 400, REASON_VALUE_BAD, "%s", clean);
}

void call_undone(struct http_request *r, const char *what, int e)
{
	switch (e) {
	case -ENOENT:
		http_reply_error(r, 404, REASON_NOT_FOUND, "%s: there is none", what);
		return;
	case -EEXIST:
		http_reply_error(r, 409, REASON_NAME_TAKEN, "%s: the name is taken", what);
		return;
	case -EPERM:
		http_reply_error(r, 409, REASON_NOT_NOW, "%s: one admin has to be left", what);
		return;
	case -ENOSPC:
		http_reply_error(r, 409, REASON_NOT_NOW, "%s: there are too many", what);
		return;
	case -ESTALE:
		http_reply_error(r, 409, REASON_NOT_NOW, "%s: it was changed meanwhile", what);
		return;
	default:
		log_error("%s from %s: %s", what, r->address, strerror(-e));
		http_reply_error(
		        r, 503, REASON_STORE_UNREACHABLE, "%s: %s; try again", what, strerror(-e));
	}
}

/* Its machine has started again since: either this is the machine's past, or somebody else's hand.
 */
static void refuse_replaced(
        struct http_request *r, struct web_api *a, const struct store_session *session)
{
	struct machine m;

	int e = store_machine_get(a->fleet->store, session->machine, &m);
	if (e < 0) {
		call_failed(r, "session", e);
		return;
	}
	log_warning("machine %lld (%s): a session that a later boot replaced calls from %s",
	        (long long)m.id, m.mac, r->address);
	escrow_client_misuse(a->escrow, REASON_SESSION_REPLACED, &m, r->address);
	http_reply_error(r, 403, REASON_SESSION_REPLACED, "a later boot replaced this session");
}

bool call_session(struct http_request *r, struct web_api *a, struct store_session *ret)
{
	struct error err = {0};
	int e = -ENOENT;

	if (input_hex(r->capture[0], 16, "session", &err) == 0)
		e = store_session_get(a->fleet->store, r->capture[0], ret);
	if (e == 0 && !ret->replaced)
		return true;
	if (e == 0) {
		refuse_replaced(r, a, ret);
		store_session_free(ret);
	} else if (e == -ENOENT) {
		escrow_client_misuse(a->escrow, REASON_TOKEN_INVALID, NULL, r->address);
		http_reply_error(r, 403, REASON_TOKEN_INVALID, "no such session");
	} else {
		call_failed(r, "session", e);
	}
	return false;
}

void call_failed(struct http_request *r, const char *what, int e)
{
	log_error("%s from %s: %s", what, r->address, strerror(-e));
	http_reply_error(r, 503, REASON_INTERNAL, "%s: %s; ask again", what, strerror(-e));
}

void call_go_on(struct http_request *r)
{
	http_suspend(r, WAKE_WORK, http_clock());
}

void call_machines_changed(struct web_api *a)
{
	bool changed = false;

	if (fleet_answer_changed(a->fleet, &changed) < 0)
		a->fleet->answers_stale = true;
	if (changed)
		(void)sync_request(a->sync, http_clock());
	a->fleet->changed(a->fleet->context);
}

json_t *call_appliance(const struct web_api *a)
{
	static const char *const clocks[] = {[API_CLOCK_UNKNOWN] = "unknown",
	        [API_CLOCK_SYNCHRONISED] = "synchronised",
	        [API_CLOCK_UNSYNCHRONISED] = "unsynchronised"};

	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:{s:b, s:s}, s:O}", "version",
	        NETMEND_VERSION, "started", (json_int_t)a->fleet->started, "url", a->url, "recipe",
	        a->recipe_name, "clock", clocks[a->clock], "twin", a->twin, "dhcp", "ok",
	        a->dhcp_ok, "text", a->dhcp_text, "escrow", escrow_client_status(a->escrow));
}
