/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people decide about machines on the page. */
#include "appliance/api/call.h"
#include "appliance/api/chosen.h"
#include "appliance/api/gate.h"
#include "appliance/api/input.h"
#include "appliance/fleet/operator.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct act_body {
	enum fleet_deed deed;
	const char *text;
	json_t *machines, *filter; /* one of them is NULL */
};

static int act_body(json_t *root, struct act_body *ret, struct error *err)
{
	struct act_body body = {.text = ""};
	const char *verb;
	int v;

	int r = input_unpack(root, err, "body", "{s:i, s:s, s?o, s?o, s?s}", "v", &v, "verb", &verb,
	        "machines", &body.machines, "filter", &body.filter, "text", &body.text);
	if (r == 0)
		r = input_version(v, err);
	int deed = r < 0 ? -1 : fleet_deed_parse(verb);
	if (r == 0 && deed < 0)
		r = input_bad(err, "verb: add, remove, hold, release, retry, discard, set-back or "
		                   "normal-start");
	if (r == 0)
		r = input_length(body.text, NM_MAX_NAME, "text", err);
	if (r < 0)
		return r;
	body.deed = (enum fleet_deed)deed;
	*ret = body;
	return 0;
}

static void refused_append(int64_t machine, const struct error *why, void *context)
{
	/* Without memory the list is shorter; what was done is counted all the same. */
	(void)json_array_append_new(
	        context, json_pack("{s:I, s:s, s:s}", "machine", (json_int_t)machine, "reason",
	                         reason_code(why->reason), "text", why->text));
}

/* A decision about many, on its way through them. */
struct acting {
	json_t *root; /* the body, which the texts below are of */
	struct chosen chosen;
	struct fleet_order order;
	struct fleet_progress progress;
	json_t *refused;
};

static void acting_free(void *state)
{
	struct acting *acting = state;

	if (!acting)
		return;
	json_decref(acting->root);
	json_decref(acting->refused);
	free(acting->chosen.all);
	free(acting);
}

static int acting_fill(struct acting *acting, struct store *s, struct error *err)
{
	struct act_body body;
	int r = act_body(acting->root, &body, err);

	if (r < 0)
		return r;
	r = chosen_read(s, body.machines, body.filter, &acting->chosen, err);
	acting->order = (struct fleet_order){.verb = body.deed,
	        .machines = acting->chosen.all,
	        .count = acting->chosen.count,
	        .text = body.text,
	        .chosen = acting->chosen.text,
	        .refused = refused_append,
	        .context = acting->refused};
	return r;
}

static void refuse(struct http_request *r, struct error *err, const char *what, int e)
{
	if (err->code) {
		err->reason = REASON_VALUE_BAD;
		call_refuse(r, err);
	} else {
		call_failed(r, what, e);
	}
}

static bool act_begin(struct http_request *r, struct web_api *a)
{
	if (call_dropped(r))
		return false;
	struct acting *acting = calloc(1, sizeof(*acting));
	struct error err = {0};
	int e = acting ? input_parse(r->body, r->body_len, &acting->root, &err) : -ENOMEM;

	if (e == 0) {
		acting->refused = json_array();
		e = acting_fill(acting, a->fleet->store, &err);
	}
	if (e == 0) {
		r->state = acting;
		r->state_free = acting_free;
		return true;
	}
	acting_free(acting);
	refuse(r, &err, "machines", e);
	return false;
}

/* Called for each slice. Who goes away in the middle ends it there. */
void web_api_machines_act(struct http_request *r, struct web_api *a, const struct caller *who)
{
	if (!r->state && !act_begin(r, a))
		return;
	struct acting *acting = r->state;
	int e = fleet_act_slice(a->fleet->store, &who->actor, &acting->order, &acting->progress);
	call_machines_changed(a);
	if (e == 1)
		call_go_on(r);
	else if (e < 0)
		http_reply_error(r, 503, REASON_STORE_UNREACHABLE,
		        "%s, after %zu of %zu machines: %zu are done", strerror(-e),
		        acting->progress.next, acting->order.count, acting->progress.done);
	else
		http_reply_json(r, 200,
		        json_pack("{s:i, s:I, s:O}", "v", NETMEND_WIRE_VERSION, "done",
		                (json_int_t)acting->progress.done, "refused", acting->refused));
}

static int add(
        struct web_api *a, const struct actor *by, json_t *root, int64_t *ret_id, struct error *err)
{
	const char *mac, *name;
	int v;

	int r = input_unpack(
	        root, err, "body", "{s:i, s:s, s:s}", "v", &v, "mac", &mac, "name", &name);
	if (r == 0)
		r = input_version(v, err);
	if (r == 0)
		r = input_length(name, NM_MAX_NAME, "name", err);
	if (r < 0)
		return r;
	r = fleet_add(a->fleet->store, by, mac, name[0] ? name : NULL, ret_id);
	return r == -EINVAL ? input_bad(err, "mac: not the address of a network card") : r;
}

void web_api_machines_add(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct error err = {0};
	json_t *root = NULL;
	int64_t id = 0;

	int e = input_parse(r->body, r->body_len, &root, &err);
	if (e == 0)
		e = add(a, &who->actor, root, &id, &err);
	json_decref(root);
	if (e < 0) {
		refuse(r, &err, "machine", e);
		return;
	}
	call_machines_changed(a);
	http_reply_json(
	        r, 200, json_pack("{s:i, s:I}", "v", NETMEND_WIRE_VERSION, "id", (json_int_t)id));
}
