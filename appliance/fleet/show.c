/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/show.h"
#include "appliance/fleet/power_show.h"

#include <errno.h>
#include <stdlib.h>

#define TIMELINE_MAX 2000

static int append(json_t *list, json_t *value)
{
	return json_array_append_new(list, value) < 0 ? -ENOMEM : 0;
}

static int event_append(const struct store_event *e, void *context)
{
	json_t *numbers = json_loads(e->numbers ? e->numbers : "{}", 0, NULL);

	if (!numbers)
		numbers = json_object();
	return append(
	        context, json_pack("{s:I, s:I, s:i, s:s, s:s, s:s, s:s, s:o}", "seq",
	                         (json_int_t)e->seq, "at", (json_int_t)e->at, "attempt", e->attempt,
	                         "state", machine_state_name(e->state), "step", e->step, "reason",
	                         reason_code(e->reason), "text", e->text, "numbers", numbers));
}

static int bundle_append(const struct store_bundle *b, void *context)
{
	return append(context,
	        json_pack("{s:s, s:I, s:I, s:s}", "sha256", b->sha256, "size", (json_int_t)b->size,
	                "at", (json_int_t)b->at, "state", bundle_state_name(b->state)));
}

static json_t *volumes_of(struct store *s, int64_t machine)
{
	struct store_session session;
	json_t *volume, *protector;
	size_t i, k;

	if (store_session_of_machine(s, machine, &session) < 0)
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
	return volumes ? volumes : json_array();
}

static json_t *result_of(struct store *s, int64_t machine)
{
	char *text;

	if (store_result_get(s, machine, &text) < 0)
		return json_null();
	json_t *result = json_loads(text, 0, NULL);
	free(text);
	return result ? result : json_null();
}

int fleet_show(struct store *s, const struct machine *m, enum machine_loader first, json_t *into)
{
	int64_t machine = m->id;
	json_t *timeline = json_array(), *bundles = json_array();
	bool set = json_object_set_new(into, "volumes", volumes_of(s, machine)) == 0;

	set = json_object_set_new(into, "loader", loader_object(first, m)) == 0 && set;
	set = json_object_set_new(into, "result", result_of(s, machine)) == 0 && set;
	set = json_object_set_new(into, "timeline", timeline) == 0 && set;
	set = json_object_set_new(into, "bundles", bundles) == 0 && set;
	if (!set)
		return -ENOMEM;
	json_t *power;
	int r = power_show(s, machine, &power);
	if (r == 0)
		r = json_object_set_new(into, "power", power) < 0 ? -ENOMEM : 0;
	if (r < 0)
		return r;
	r = store_events(s, machine, TIMELINE_MAX + 1, event_append, timeline);
	if (r < 0)
		return r;
	bool truncated = json_array_size(timeline) > TIMELINE_MAX;
	if (truncated)
		(void)json_array_remove(timeline, 0);
	if (json_object_set_new(into, "timeline_truncated", json_boolean(truncated)) < 0)
		return -ENOMEM;
	return store_bundles(s, machine, bundle_append, bundles);
}
