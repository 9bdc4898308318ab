/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/machines.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMELINE_MAX 1000

struct machines {
	struct machine *all;
	size_t count;
	size_t room;
};

static int collect(const struct machine *m, void *context)
{
	struct machines *list = context;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct machine *all = reallocarray(list->all, room, sizeof(*all));
		if (!all)
			return -ENOMEM;
		list->all = all;
		list->room = room;
	}
	list->all[list->count++] = *m;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct machine *x = a, *y = b;
	int order = strverscmp(x->name, y->name);

	return order ? order : strcmp(x->mac, y->mac);
}

static json_t *machine_json(const struct machine *m)
{
	return json_pack("{s:I s:s s:s s:s s:s s:s s:s s:s s:s s:s s:i s:b s:b s:b s:I s:I s:I}",
	        "id", (json_int_t)m->id, "name", m->name, "mac", m->mac, "ip", m->ip, "uuid",
	        m->uuid, "serial", m->serial, "product", m->product, "state",
	        machine_state_name(m->state), "reason", reason_code(m->reason), "text", m->text,
	        "attempt", m->attempt, "in_scope", m->in_scope, "held", m->held, "done", m->done,
	        "since", (json_int_t)m->since, "first_seen", (json_int_t)m->first_seen, "last_seen",
	        (json_int_t)m->last_seen);
}

/* Takes over json, which may be NULL. */
static int print_json(json_t *json)
{
	int r = json && json_dumpf(json, stdout, JSON_INDENT(1)) == 0 ? 0 : -ENOMEM;

	json_decref(json);
	putchar('\n');
	return r;
}

static int print_list_json(const struct machines *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(array, machine_json(&list->all[i])) < 0) {
			json_decref(array);
			return -ENOMEM;
		}
	return print_json(array);
}

static void print_time(const char *label, int64_t ms)
{
	char text[32] = "never";
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;

	if (ms > 0 && localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	printf("%s%s", label, text);
}

int machines_print_list(struct store *store, bool json)
{
	struct machines list = {0};
	int r = store_machines(store, 0, 0, collect, &list);

	if (list.count)
		qsort(list.all, list.count, sizeof(*list.all), by_name);
	if (r == 0 && json)
		r = print_list_json(&list);
	else if (r == 0 && list.count == 0)
		puts("No machines yet: netmend machines add MAC NAME");
	else if (r == 0)
		printf("%-6s %-17s %-20s %-11s %-8s %s\n", "number", "MAC", "name", "state",
		        "attempt", "what");
	for (size_t i = 0; r == 0 && !json && i < list.count; i++) {
		const struct machine *m = &list.all[i];
		printf("%-6" PRId64 " %-17s %-20s %-11s %-8d %s\n", m->id, m->mac, m->name,
		        machine_state_name(m->state), m->attempt, reason_title(m->reason));
	}
	free(list.all);
	return r;
}

static int print_event(const struct store_event *event, void *context)
{
	(void)context;
	print_time("  ", event->at);
	printf("  attempt %d  %-10s %-12s %s%s%s\n", event->attempt,
	        machine_state_name(event->state), event->step,
	        event->reason == REASON_OK ? "" : reason_title(event->reason),
	        event->reason == REASON_OK || event->text[0] == '\0' ? "" : ": ", event->text);
	return 0;
}

static int append_event(const struct store_event *event, void *context)
{
	json_t *numbers = json_loads(event->numbers, 0, NULL);
	json_t *item = json_pack("{s:I s:I s:i s:s s:s s:s s:s s:o}", "seq", (json_int_t)event->seq,
	        "at", (json_int_t)event->at, "attempt", event->attempt, "state",
	        machine_state_name(event->state), "step", event->step, "reason",
	        reason_code(event->reason), "text", event->text, "numbers",
	        numbers ? numbers : json_object());

	return json_array_append_new(context, item) < 0 ? -ENOMEM : 0;
}

static int print_one_json(struct store *store, const struct machine *m)
{
	json_t *object = machine_json(m);
	json_t *timeline = json_array();
	int r = store_events(store, m->id, TIMELINE_MAX, append_event, timeline);

	if (json_object_set_new(object, "timeline", timeline) < 0 && r == 0)
		r = -ENOMEM;
	if (r < 0) {
		json_decref(object);
		return r;
	}
	return print_json(object);
}

int machines_print_one(struct store *store, const struct machine *m, bool json)
{
	if (json)
		return print_one_json(store, m);
	printf("%s  (number %" PRId64 ")\n\n", m->name, m->id);
	printf("  state     %s, attempt %d: %s\n", machine_state_name(m->state), m->attempt,
	        reason_title(m->reason));
	if (m->text[0])
		printf("            %s\n", m->text);
	if (m->reason != REASON_OK)
		printf("  to do     %s\n", reason_advice(m->reason));
	printf("  list      %s%s%s\n", m->in_scope ? "on the list" : "not on the list",
	        m->held ? ", held" : "", m->done ? ", repaired: not answered any more" : "");
	printf("  MAC       %s\n  address   %s\n  model     %s %s\n  serial    %s\n  UUID      "
	       "%s\n",
	        m->mac, m->ip, m->manufacturer, m->product, m->serial, m->uuid);
	print_time("  first     ", m->first_seen);
	print_time("\n  last      ", m->last_seen);
	printf("\n\n");
	return store_events(store, m->id, TIMELINE_MAX, print_event, NULL);
}
