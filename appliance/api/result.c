/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/api/input.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Kept while the machine waits for dnsmasq to have read the answer list without it. */
struct result_wait {
	char next[8];
	uint32_t ticket;
	int64_t until;
};

static void reply_next(struct http_request *r, const char *next)
{
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:s}", "v", NETMEND_WIRE_VERSION, "next", next, "text", ""));
}

/* dnsmasq must have forgotten the machine before it restarts; if it cannot be told, GET /boot/ipxe
 * refuses the machine all the same, and it comes to Windows one restart later. */
static void wait_or_reply(struct http_request *r, struct web_api *a, const struct result_wait *w)
{
	if (sync_reached(a->sync, w->ticket)) {
		reply_next(r, w->next);
	} else if (http_clock() >= w->until) {
		log_warning("%s restarts before dnsmasq was seen to know the new answer list",
		        r->address);
		reply_next(r, w->next);
	} else {
		http_suspend(r, WAKE_SYNC, w->until);
	}
}

static void result_finish(
        struct http_request *r, struct web_api *a, int64_t machine, const char next[8])
{
	bool changed = false;
	int64_t now = http_clock();

	/* Its failure is logged; the machine must not be kept because of it. */
	(void)fleet_answer_machine(a->fleet, machine, &changed);
	uint32_t ticket = changed ? sync_request(a->sync, now) : sync_latest(a->sync);
	struct result_wait *w = strcmp(next, WIRE_NEXT_REBOOT) == 0 ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		reply_next(r, next);
		return;
	}
	memcpy(w->next, next, sizeof(w->next));
	w->ticket = ticket;
	w->until = now + SYNC_LIMIT_MS;
	r->state = w;
	wait_or_reply(r, a, w);
}

static void result_take(struct http_request *r, struct web_api *a,
        const struct store_session *session, json_t *body)
{
	struct fleet_report report;
	struct error err = {0};
	char next[8];

	if (input_result(body, &report, &err) < 0) {
		call_refuse(r, &err);
		return;
	}
	char *json = json_dumps(body, JSON_COMPACT);
	if (!json) {
		call_failed(r, "result", -ENOMEM);
		return;
	}
	report.json = json;
	int e = fleet_result(a->fleet, session, &report, next);
	free(json);
	if (e < 0)
		call_failed(r, "result", e);
	else
		result_finish(r, a, session->machine, next);
}

void web_api_result(struct http_request *r, struct web_api *a)
{
	struct store_session session;
	json_t *body;

	if (r->state) {
		wait_or_reply(r, a, r->state);
		return;
	}
	if (!call_session(r, a, &session))
		return;
	if (call_body(r, &body)) {
		result_take(r, a, &session, body);
		json_decref(body);
	}
	store_session_free(&session);
}
