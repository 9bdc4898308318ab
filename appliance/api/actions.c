/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people did. */
#include "appliance/api/call.h"
#include "appliance/people/record.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>

#define LIMIT_DEFAULT 200
#define LIMIT_MAX     1000
#define CSV_MAX       ((size_t)64 * 1024 * 1024)

/* A query argument from 0 to max; false: refused. */
static bool argument(
        struct http_request *r, const char *name, int64_t otherwise, int64_t max, int64_t *ret)
{
	const char *text = http_argument(r, name);
	char *end;

	*ret = otherwise;
	if (!text)
		return true;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (!errno && end != text && !*end && *ret >= 0 && *ret <= max)
		return true;
	call_bad_value(r, name, "not a number that is allowed here");
	return false;
}

void web_api_actions(struct http_request *r, struct web_api *a)
{
	int64_t before, limit;

	if (!argument(r, "before", 0, INT64_MAX, &before) ||
	        !argument(r, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit))
		return;
	json_t *list = json_array();
	int e = limit == 0 ? 0 : record_json(a->fleet->store, before, (size_t)limit, list);
	if (e < 0) {
		json_decref(list);
		call_undone(r, "actions", e);
		return;
	}
	http_reply_json(
	        r, 200, json_pack("{s:i, s:o}", "v", NETMEND_WIRE_VERSION, "actions", list));
}

void web_api_actions_csv(struct http_request *r, struct web_api *a)
{
	int64_t before, limit;
	struct buffer out;

	if (!argument(r, "before", 0, INT64_MAX, &before) ||
	        !argument(r, "limit", 0, INT64_MAX, &limit))
		return;
	buffer_init(&out, CSV_MAX);
	int e = record_csv(a->fleet->store, before, (size_t)limit, &out);
	if (e < 0) {
		buffer_free(&out);
		call_undone(r, "actions", e);
		return;
	}
	http_reply_memory(r, 200, "text/csv; charset=utf-8", (char *)out.data, out.len);
}
