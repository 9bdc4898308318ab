/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One machine. */
#include "appliance/api/call.h"
#include "appliance/api/export.h"
#include "appliance/api/row.h"
#include "appliance/fleet/show.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>

/* All of the machine in the path; NULL when the request has its refusal. */
static json_t *machine_of(struct http_request *r, struct web_api *a)
{
	struct machine m;
	char *end;
	long long id = strtoll(r->capture[0], &end, 10);
	json_t *answer = json_pack("{s:i}", "v", NETMEND_WIRE_VERSION);

	int e = *end || id <= 0 ? -ENOENT : store_machine_get(a->fleet->store, id, &m);
	if (e == 0)
		e = json_object_set_new(answer, "machine", row_object(&m)) < 0 ? -ENOMEM : 0;
	if (e == 0)
		e = fleet_show(a->fleet->store, &m, a->fleet->first_loader, answer);
	if (e == 0)
		return answer;
	json_decref(answer);
	if (e == -ENOENT)
		http_reply_error(r, 404, REASON_NOT_FOUND, "no machine of this number");
	else
		call_failed(r, "machine", e);
	return NULL;
}

void web_api_machine(struct http_request *r, struct web_api *a)
{
	json_t *machine = machine_of(r, a);

	if (machine)
		http_reply_json(r, 200, machine);
}

void web_api_machine_csv(struct http_request *r, struct web_api *a)
{
	static const struct export_column columns[] = {{"seq", EXPORT_PLAIN}, {"at", EXPORT_TIME},
	        {"attempt", EXPORT_PLAIN}, {"state", EXPORT_PLAIN}, {"step", EXPORT_PLAIN},
	        {"reason", EXPORT_PLAIN}, {"text", EXPORT_PLAIN}, {"numbers", EXPORT_PLAIN}};
	json_t *machine = machine_of(r, a);

	if (!machine)
		return;
	json_t *timeline = json_incref(json_object_get(machine, "timeline"));
	json_decref(machine);
	export_reply(r, timeline, columns, sizeof(columns) / sizeof(columns[0]));
}
