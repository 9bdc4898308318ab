/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/inventory.h"
#include "appliance/api/call.h"
#include "appliance/api/gate.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT_MAX ((size_t)128 * 1024 * 1024)

static void import_free(void *state)
{
	inventory_import_free(state);
}

static bool import_begin(struct http_request *r, struct web_api *a, const struct caller *who)
{
	const char *word = http_argument(r, "dry");
	const struct inventory_file file = {.store = a->fleet->store,
	        .by = &who->actor,
	        .text = r->body,
	        .len = r->body_len,
	        .dry = word != NULL};
	struct inventory_import *import;
	struct error err = {0};

	if (word && strcmp(word, "1") != 0) {
		http_reply_error(r, 400, REASON_VALUE_BAD, "dry: 1 or nothing");
		return false;
	}
	int e = inventory_import_new(&file, &import, &err);
	if (e == 0) {
		r->state = import;
		r->state_free = import_free;
		return true;
	}
	if (err.reason == REASON_VALUE_BAD)
		call_refuse(r, &err);
	else
		call_failed(r, "inventory", e);
	return false;
}

static void import_tell(struct http_request *r, const struct inventory_report *report)
{
	http_reply_json(r, 200,
	        json_pack("{s:i, s:I, s:I, s:I, s:I, s:O, s:O, s:O}", "v", NETMEND_WIRE_VERSION,
	                "lines", (json_int_t)report->lines, "added", (json_int_t)report->added,
	                "changed", (json_int_t)report->changed, "same", (json_int_t)report->same,
	                "rejected", report->rejected, "conflicts", report->conflicts, "ignored",
	                report->ignored));
}

/* Called for each slice. Who goes away in the middle ends it there. */
void web_api_inventory_import(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct error err = {0};

	if (!r->state && (call_dropped(r) || !import_begin(r, a, who)))
		return;
	int e = inventory_import_slice(r->state, &err);
	if (!http_argument(r, "dry"))
		call_machines_changed(a);
	if (e == 1) {
		call_go_on(r);
	} else if (e < 0) {
		log_error("inventory from %s: %s", r->address, err.text);
		http_reply_error(r, 503, err.reason, "%s", err.text);
	} else {
		import_tell(r, inventory_import_report(r->state));
	}
}

static int line_append(const struct inventory_line *line, void *context)
{
	json_t *object =
	        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s}",
	                "machine", (json_int_t)line->machine, "name", line->name, "serial",
	                line->serial, "uuid", line->uuid, "macs", line->macs, "site", line->site,
	                "floor", line->floor, "owner", line->owner, "ring", line->ring, "bmc",
	                line->bmc, "order", line->rank, "rack", line->rack, "feed", line->feed);

	return json_array_append_new(context, object) < 0 ? -ENOMEM : 0;
}

void web_api_inventory(struct http_request *r, struct web_api *a)
{
	json_t *lines = json_array();
	int e = store_inventory(a->fleet->store, line_append, lines);

	if (e == 0) {
		http_reply_json(
		        r, 200, json_pack("{s:i, s:o}", "v", NETMEND_WIRE_VERSION, "lines", lines));
		return;
	}
	json_decref(lines);
	call_failed(r, "inventory", e);
}

void web_api_inventory_csv(struct http_request *r, struct web_api *a)
{
	struct buffer out;

	buffer_init(&out, EXPORT_MAX);
	int e = inventory_export(a->fleet->store, &out);
	if (e < 0) {
		buffer_free(&out);
		call_failed(r, "inventory", e);
		return;
	}
	http_reply_memory(r, 200, "text/csv; charset=utf-8", (char *)out.data, out.len);
}

void web_api_inventory_remove(struct http_request *r, struct web_api *a, const struct caller *who)
{
	char *end;
	long long id = strtoll(r->capture[0], &end, 10);

	int e = *end || id <= 0 ? -ENOENT : inventory_remove(a->fleet->store, &who->actor, id);
	if (e == -ENOENT) {
		http_reply_error(r, 404, REASON_NOT_FOUND, "no line of a machine of this number");
		return;
	}
	if (e < 0) {
		call_failed(r, "inventory", e);
		return;
	}
	call_machines_changed(a);
	http_reply_json(r, 200, json_pack("{s:i}", "v", NETMEND_WIRE_VERSION));
}
