/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which boot program a machine, or all of its model, get: a person's word on the page. */
#include "appliance/api/call.h"
#include "appliance/api/gate.h"
#include "appliance/api/input.h"
#include "appliance/fleet/loader.h"
#include "appliance/fleet/operator.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct choice {
	enum machine_loader loader;
	bool of_model;
};

static int choice_read(struct http_request *r, struct choice *ret, struct error *err)
{
	json_t *root = NULL;
	const char *name = "", *whose = "";
	int v, loader = -1;

	int e = input_parse(r->body, r->body_len, &root, err);
	if (e == 0)
		e = input_unpack(root, err, "body", "{s:i, s:s, s:s}", "v", &v, "loader", &name,
		        "for", &whose);
	if (e == 0)
		e = input_version(v, err);
	if (e == 0 && (loader = fleet_loader_parse(name)) < 0)
		e = input_bad(err, "loader: auto, ipxe or shim");
	bool of_model = strcmp(whose, "model") == 0;
	if (e == 0 && !of_model && strcmp(whose, "machine") != 0)
		e = input_bad(err, "for: machine or model");
	json_decref(root);
	if (e == 0)
		*ret = (struct choice){(enum machine_loader)loader, of_model};
	return e;
}

/* -ENODATA: its model is not known. */
static int apply(struct web_api *a, const struct caller *who, int64_t id,
        const struct choice *choice, struct machine *ret)
{
	struct store *s = a->fleet->store;
	char model[MODEL_TEXT];
	int64_t known;
	int e = store_machine_get(s, id, ret);

	if (e < 0)
		return e;
	machine_model(ret, model);
	if (choice->of_model && !model[0])
		return -ENODATA;
	e = choice->of_model
	            ? fleet_choose_model_loader(s, &who->actor, model, choice->loader, &known)
	            : fleet_choose_loader(s, &who->actor, id, choice->loader);
	return e < 0 ? e : store_machine_get(s, id, ret);
}

void web_api_machine_loader(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct choice choice = {0};
	struct machine m;
	struct error err = {0};
	char *end;
	long long id = strtoll(r->capture[0], &end, 10);

	int e = choice_read(r, &choice, &err);
	if (e < 0) {
		if (err.code)
			call_refuse(r, &err);
		else
			call_failed(r, "loader", e);
		return;
	}
	e = *end || id <= 0 ? -ENOENT : apply(a, who, id, &choice, &m);
	if (e == -ENOENT) {
		http_reply_error(r, 404, REASON_NOT_FOUND, "no machine of this number");
	} else if (e == -ENODATA) {
		http_reply_error(r, 409, REASON_NOT_NOW,
		        "its model is not known: a machine tells it at its first contact");
	} else if (e < 0) {
		call_failed(r, "loader", e);
	} else {
		call_machines_changed(a);
		http_reply_json(r, 200,
		        json_pack("{s:i, s:o}", "v", NETMEND_WIRE_VERSION, "loader",
		                loader_object(a->fleet->first_loader, &m)));
	}
}
