/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MAX ((size_t)128 * 1024 * 1024)
#define TIMELINE_MAX 2000

static int json_append(struct buffer *out, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!text)
		return -ENOMEM;
	int r = buffer_append(out, text, strlen(text));
	free(text);
	return r;
}

struct rows {
	struct buffer *out;
	bool some;
};

static int row_append(const struct machine *m, void *context)
{
	struct rows *rows = context;

	int r = rows->some ? buffer_append(rows->out, ",", 1) : 0;
	rows->some = true;
	return r < 0 ? r : json_append(rows->out, call_row(m));
}

/* Written row by row: ten thousand machines need no tree of ten thousand objects. */
static int snapshot_write(struct web_api *a, struct buffer *out)
{
	struct rows rows = {.out = out};
	int64_t seq;

	/* Before the rows: a change in between is told twice rather than never. */
	int r = store_sequence(a->fleet->store, &seq);
	if (r == 0)
		r = buffer_printf(out,
		        "{\"v\":%d,\"seq\":%lld,\"now\":%lld,\"appliance\":", NETMEND_WIRE_VERSION,
		        (long long)seq, (long long)a->fleet->clock());
	if (r == 0)
		r = json_append(out, call_appliance(a));
	if (r == 0)
		r = buffer_printf(out, ",\"machines\":[");
	if (r == 0)
		r = store_machines(a->fleet->store, -1, 0, row_append, &rows);
	return r < 0 ? r : buffer_printf(out, "]}");
}

void web_api_snapshot(struct http_request *r, struct web_api *a)
{
	struct buffer out;

	buffer_init(&out, SNAPSHOT_MAX);
	int e = snapshot_write(a, &out);
	if (e < 0) {
		buffer_free(&out);
		call_failed(r, "snapshot", e);
		return;
	}
	http_reply_memory(r, 200, "application/json", (char *)out.data, out.len);
}

static int event_append(const struct store_event *e, void *context)
{
	json_t *numbers = json_loads(e->numbers ? e->numbers : "{}", 0, NULL);

	if (!numbers)
		numbers = json_object();
	return json_array_append_new(
	        context, json_pack("{s:I, s:I, s:i, s:s, s:s, s:s, s:s, s:o}", "seq",
	                         (json_int_t)e->seq, "at", (json_int_t)e->at, "attempt", e->attempt,
	                         "state", machine_state_name(e->state), "step", e->step, "reason",
	                         reason_code(e->reason), "text", e->text, "numbers", numbers));
}

static int bundle_append(const struct store_bundle *b, void *context)
{
	return json_array_append_new(context,
	        json_pack("{s:s, s:I, s:I, s:s}", "sha256", b->sha256, "size", (json_int_t)b->size,
	                "at", (json_int_t)b->at, "state", bundle_state_name(b->state)));
}

/* The volumes of the newest session, without what only escrow needs. */
static json_t *volumes_of(struct web_api *a, int64_t machine)
{
	struct store_session session;
	json_t *volume, *protector;
	size_t i, k;

	if (store_session_of_machine(a->fleet->store, machine, &session) < 0)
		return json_array();
	json_t *volumes = json_loads(session.volumes, 0, NULL);
	store_session_free(&session);
	json_array_foreach(volumes, i, volume)
	{
		json_array_foreach(json_object_get(volume, "protectors"), k, protector)
		{
			(void)json_object_del(protector, "salt");
			(void)json_object_del(protector, "blob");
		}
	}
	return volumes;
}

static json_t *result_of(struct web_api *a, int64_t machine)
{
	char *text;

	if (store_result_get(a->fleet->store, machine, &text) < 0)
		return json_null();
	json_t *result = json_loads(text, 0, NULL);
	free(text);
	return result;
}

void web_api_machine(struct http_request *r, struct web_api *a)
{
	struct machine m;
	char *end;
	long long id = strtoll(r->capture[0], &end, 10);
	json_t *timeline = json_array(), *bundles = json_array();

	int e = *end || id <= 0 ? -ENOENT : store_machine_get(a->fleet->store, id, &m);
	if (e == 0)
		e = store_events(a->fleet->store, id, TIMELINE_MAX, event_append, timeline);
	if (e == 0)
		e = store_bundles(a->fleet->store, id, bundle_append, bundles);
	if (e == 0) {
		http_reply_json(r, 200,
		        json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "v", NETMEND_WIRE_VERSION,
		                "machine", call_row(&m), "volumes", volumes_of(a, id), "result",
		                result_of(a, id), "timeline", timeline, "bundles", bundles));
		return;
	}
	json_decref(timeline);
	json_decref(bundles);
	if (e == -ENOENT)
		http_reply_error(r, 404, REASON_CANNOT_OPEN, "no machine of this number");
	else
		call_failed(r, "machine", e);
}
