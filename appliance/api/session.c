/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/input.h"
#include "appliance/store/campaigns.h"
#include "fixer/base/cleanup.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The campaign's recipe, else the configuration's; malloc()ed. */
static int recipe_of(struct web_api *a, int64_t campaign, char **ret)
{
	struct store_campaign c;

	if (campaign) {
		int e = store_campaign_get(a->fleet->store, campaign, &c);
		if (e < 0)
			return e;
		*ret = c.recipe;
		c.recipe = NULL;
		store_campaign_free(&c);
	} else {
		*ret = strdup(a->recipe);
	}
	return *ret ? 0 : -ENOMEM;
}

static void reply_welcome(
        struct http_request *r, struct web_api *a, const struct fleet_welcome *welcome)
{
	const struct machine *m = &welcome->machine;
	struct store_bundle bundle;
	json_t *pending = NULL;
	char *recipe CLEANUP_FREE = NULL;

	int e = store_bundle_pending(a->fleet->store, m->id, &bundle);
	if (e == 0)
		pending = json_pack(
		        "{s:s, s:I}", "sha256", bundle.sha256, "size", (json_int_t)bundle.size);
	else if (e == -ENOENT)
		pending = json_null();
	else {
		call_failed(r, "session", e);
		return;
	}
	e = recipe_of(a, welcome->campaign, &recipe);
	if (e < 0) {
		json_decref(pending);
		call_failed(r, "recipe", e);
		return;
	}
	const char *name = m->name[0] ? m->name : m->serial[0] ? m->serial : m->mac;
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:s, s:i, s:i, s:s, s:o}", "v", NETMEND_WIRE_VERSION,
	                "session", welcome->session, "machine", name, "attempt", m->attempt,
	                "heartbeat", NM_HEARTBEAT_INTERVAL, "recipe", recipe, "pending", pending));
}

static void reply_refused(
        struct http_request *r, struct web_api *a, const struct machine *m, const struct error *err)
{
	if (err->reason != REASON_HELD)
		escrow_client_misuse(a->escrow, err->reason, m->id ? m : NULL, r->address);
	http_reply_error(r, 403, err->reason, "%s", err->text);
}

void web_api_session_open(struct http_request *r, struct web_api *a)
{
	struct fleet_hello hello;
	struct fleet_welcome welcome;
	struct error err = {0};
	char *volumes = NULL;
	json_t *body;

	if (!call_body(r, &body))
		return;
	int e = input_hello(body, &hello, &volumes, &err);
	if (e == 0) {
		(void)snprintf(hello.identity.ip, sizeof(hello.identity.ip), "%s", r->address);
		e = fleet_session_open(a->fleet, &hello, &welcome, &err);
	}
	if (e == 0)
		reply_welcome(r, a, &welcome);
	else if (e == -EACCES)
		reply_refused(r, a, &welcome.machine, &err);
	else if (err.code)
		call_refuse(r, &err);
	else
		call_failed(r, "session", e);
	free(volumes);
	json_decref(body);
}

void web_api_events(struct http_request *r, struct web_api *a)
{
	struct store_session session;
	struct fleet_event *events = NULL;
	enum machine_state state = STATE_running;
	struct error err = {0};
	size_t count = 0;
	int64_t ack = 0;
	json_t *body;

	if (!call_session(r, a, &session))
		return;
	if (!call_body(r, &body)) {
		store_session_free(&session);
		return;
	}
	int e = input_events(body, &state, &events, &count, &err);
	if (e == 0)
		e = fleet_events(a->fleet, &session, state, events, count, &ack);
	if (e == 0)
		http_reply_json(r, 200,
		        json_pack("{s:i, s:I}", "v", NETMEND_WIRE_VERSION, "ack", (json_int_t)ack));
	else if (err.code)
		call_refuse(r, &err);
	else
		call_failed(r, "events", e);
	input_events_free(events, count);
	json_decref(body);
	store_session_free(&session);
}
