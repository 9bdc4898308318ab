/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /api/v1/appliances: who works on this store, what was learnt, how the webhooks are. */
#include "appliance/api/call.h"
#include "appliance/api/export.h"
#include "appliance/fleet/learn.h"
#include "appliance/store/counts.h"
#include "appliance/store/hooks.h"
#include "netmend/version.h"

#include <errno.h>
#include <string.h>

#define TWIN_TOLD_MS 60000

struct appliance_list {
	const struct web_api *api;
	json_t *array;
	bool self; /* we are in it */
};

static int append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

static json_t *appliance_object(const struct store_appliance_row *row, bool self)
{
	/* Who has noticed a twin says so with each beat, as long as it is there. */
	bool twin = row->twin[0] && row->seen - row->twin_seen < TWIN_TOLD_MS;

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "id", row->id, "name",
	        row->name, "address", row->address, "version", row->version, "started",
	        (json_int_t)row->started, "seen", (json_int_t)row->seen, "self", self, "twin",
	        twin ? row->twin : "");
}

static int appliance_take(const struct store_appliance_row *row, void *context)
{
	struct appliance_list *list = context;
	bool self = strcmp(row->id, list->api->fleet->appliance) == 0;

	list->self |= self;
	return append(list->array, appliance_object(row, self));
}

/* Before it has written itself into the store. */
static int self_add(struct appliance_list *list)
{
	const struct fleet *f = list->api->fleet;
	struct store_appliance_row row = {.started = f->started, .seen = f->clock()};
	const char *address = strstr(list->api->url, "://");

	(void)snprintf(row.id, sizeof(row.id), "%s", f->appliance);
	(void)snprintf(row.address, sizeof(row.address), "%.*s",
	        address ? (int)strcspn(address + 3, ":") : 0, address ? address + 3 : "");
	(void)snprintf(row.version, sizeof(row.version), "%s", NETMEND_VERSION);
	return append(list->array, appliance_object(&row, true));
}

static int learnt_add(const struct web_api *a, json_t *array)
{
	int r = 0;

	for (int i = 0; r == 0 && i < LEARNT_PARTS; i++) {
		const struct learnt *l = &a->fleet->learnt[i];
		enum learnt_step step = (enum learnt_step)i;
		r = append(array, json_pack("{s:s, s:i, s:I, s:I}", "step", learnt_step_name(step),
		                          "samples", l->samples, "median", (json_int_t)l->median,
		                          "limit", (json_int_t)learn_limit(step, l)));
	}
	return r;
}

static int hook_take(const struct store_hook *hook, void *context)
{
	return append(context, json_pack("{s:s, s:I, s:I, s:s}", "name", hook->name, "delivered",
	                               (json_int_t)hook->delivered, "failures",
	                               (json_int_t)hook->failures, "text", hook->text));
}

static int appliances_list(struct appliance_list *list)
{
	int r = store_appliance_rows(list->api->fleet->store, appliance_take, list);

	return r == 0 && !list->self ? self_add(list) : r;
}

void web_api_appliances_csv(struct http_request *r, struct web_api *a)
{
	static const struct export_column columns[] = {{"id", EXPORT_PLAIN}, {"name", EXPORT_PLAIN},
	        {"address", EXPORT_PLAIN}, {"version", EXPORT_PLAIN}, {"started", EXPORT_TIME},
	        {"seen", EXPORT_TIME}, {"self", EXPORT_PLAIN}, {"twin", EXPORT_PLAIN}};
	struct appliance_list list = {.api = a, .array = json_array()};
	int e = appliances_list(&list);

	if (e == 0) {
		export_reply(r, list.array, columns, sizeof(columns) / sizeof(columns[0]));
		return;
	}
	json_decref(list.array);
	call_failed(r, "appliances", e);
}

void web_api_appliances(struct http_request *r, struct web_api *a)
{
	struct store *s = a->fleet->store;
	struct appliance_list list = {.api = a, .array = json_array()};
	json_t *learnt = json_array(), *hooks = json_array();

	int e = appliances_list(&list);
	if (e == 0)
		e = learnt_add(a, learnt);
	if (e == 0)
		e = store_hooks(s, hook_take, hooks);
	if (e == 0) {
		http_reply_json(r, 200,
		        json_pack("{s:i, s:s, s:o, s:o, s:o}", "v", 1, "store", store_kind(s),
		                "appliances", list.array, "learnt", learnt, "hooks", hooks));
		return;
	}
	json_decref(list.array);
	json_decref(learnt);
	json_decref(hooks);
	call_failed(r, "appliances", e);
}
