/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/row.h"
#include "appliance/cli/machines.h"
#include "appliance/cli/table.h"
#include "appliance/fleet/operator.h"
#include "appliance/fleet/show.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int print_list_json(const struct machine_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(array, row_object(&list->all[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	return cli_print_json(array);
}

static enum table_style style_of(const struct machine *m)
{
	const char *severity = reason_severity(m->reason);

	if (strcmp(severity, "fail") == 0)
		return TABLE_FAIL;
	if (strcmp(severity, "warn") == 0)
		return TABLE_WARN;
	if (strcmp(severity, "wait") == 0)
		return TABLE_WAIT;
	return m->state == STATE_returned ? TABLE_GOOD : TABLE_PLAIN;
}

int machines_print_list(const struct machine_list *list, bool json)
{
	static const struct table_column columns[] = {{"number", true, true}, {"MAC", false, true},
	        {"name", false, false}, {"site", false, false}, {"ring", false, false},
	        {"state", false, true}, {"attempt", true, true}, {"what", false, false}};
	char name[NM_MAX_NAME + 1];

	if (json)
		return print_list_json(list);
	if (list->count == 0) {
		puts("No machines: netmend machines add MAC NAME, netmend inventory import FILE");
		return CLI_OK;
	}
	CLEANUP_TABLE struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < list->count; i++) {
		const struct machine *m = &list->all[i];
		fleet_machine_name(m, name);
		table_cell(t, TABLE_PLAIN, "%" PRId64, m->id);
		table_cell(t, TABLE_PLAIN, "%s", m->mac);
		table_cell(t, TABLE_PLAIN, "%s", name);
		table_cell(t, TABLE_PLAIN, "%s", m->site);
		table_cell(t, TABLE_PLAIN, "%s", m->ring);
		table_cell(t, style_of(m), "%s", machine_state_name(m->state));
		table_cell(t, TABLE_PLAIN, "%d", m->attempt);
		/* Nothing is amiss: its state says it all. */
		table_cell(t, TABLE_PLAIN, "%s",
		        m->reason == REASON_OK ? m->text : reason_title(m->reason));
	}
	int r = table_print(t);
	return r < 0 ? machines_store_failed(r, "list") : CLI_OK;
}

static void print_time(const char *label, int64_t ms)
{
	char text[CLI_TIME_TEXT];

	cli_time_text(ms, text);
	printf("%s%s", label, text);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* What was found and done, of the volumes of its last result. */
static void print_files(const json_t *result)
{
	const json_t *volume, *file;
	size_t i, k;

	json_array_foreach(json_object_get(result, "volumes"), i, volume)
	{
		json_array_foreach(json_object_get(volume, "files"), k, file)
		{
			const char *renamed = text_of(file, "renamed_to");
			bool removed = json_is_true(json_object_get(file, "removed"));
			printf("  %-9s %s\n",
			        removed      ? "removed"
			        : renamed[0] ? "renamed"
			                     : "left",
			        text_of(file, "path"));
		}
	}
}

/* Its disk as the fixer saw it, the last repair, and what was saved before that. */
static void print_repair(struct store *store, const char *bundles, const json_t *known)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(known, "volumes"), i, item)
	{
		printf("  volume    disk %lld, partition %lld: %s%s%s%s%s\n",
		        number_of(item, "disk"), number_of(item, "partition"),
		        text_of(item, "kind"), text_of(item, "method")[0] ? " " : "",
		        text_of(item, "method"),
		        strcmp(text_of(item, "reason"), "OK") == 0 ? "" : ", ",
		        strcmp(text_of(item, "reason"), "OK") == 0 ? "" : text_of(item, "reason"));
	}
	print_files(json_object_get(known, "result"));
	json_array_foreach(json_object_get(known, "bundles"), i, item)
	{
		printf("  saved     %s, %s\n", text_of(item, "sha256"), text_of(item, "state"));
		machines_print_changed(store, bundles, item);
	}
}

static void print_timeline(const json_t *known)
{
	const json_t *event;
	size_t i;

	json_array_foreach(json_object_get(known, "timeline"), i, event)
	{
		int reason = reason_parse(text_of(event, "reason"));
		const char *title = reason > REASON_OK ? reason_title((enum reason)reason) : "";
		const char *text = text_of(event, "text");
		print_time("  ", number_of(event, "at"));
		printf("  attempt %lld  %-10s %-12s %s%s%s\n", number_of(event, "attempt"),
		        text_of(event, "state"), text_of(event, "step"), title,
		        title[0] && text[0] ? ": " : "", text);
	}
}

static void print_place(const struct machine *m)
{
	const struct {
		const char *name, *value;
	} line[] = {{"site", m->site}, {"floor", m->floor}, {"owner", m->owner}, {"ring", m->ring},
	        {"rack", m->rack}, {"feed", m->feed}, {"BMC", m->bmc}};

	printf("  inventory %s", m->listed ? "has it" : "does not have it");
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		if (line[i].value[0])
			printf(", %s %s", line[i].name, line[i].value);
	if (m->rank)
		printf(", start order %d", m->rank);
	putchar('\n');
	if (m->conflict[0])
		printf("  conflict  %s\n", m->conflict);
	if (m->campaign)
		printf("  campaign  number %" PRId64 ", wave %d%s\n", m->campaign, m->wave,
		        m->open ? "" : ": not its turn yet");
}

/* For the one who sets the firmware, machine by machine. */
static void print_boot_order(const struct machine *m)
{
	if (m->boot_order == MACHINE_BOOT_ORDER_NETWORK)
		puts("  firmware  tries the network before the disk: put Windows Boot Manager "
		     "first\n"
		     "            in its boot order again, or BitLocker may ask for the key later");
}

/* For the one who ends it, in that Windows. */
static void print_safe_mode(const struct machine *m)
{
	if (m->safe_mode > MACHINE_SAFE_MODE_NONE)
		printf("  Windows   is set to start in safe mode (%s), at every start until "
		       "somebody\n"
		       "            ends that, there, as administrator:\n"
		       "            bcdedit /deletevalue {default} safeboot\n",
		        machine_safe_mode_name(m->safe_mode));
}

static void print_loader(const json_t *known)
{
	const json_t *loader = json_object_get(known, "loader");
	const char *chosen = text_of(loader, "chosen"), *model = text_of(loader, "model");
	long long flips = number_of(loader, "flips");

	printf("  loader    %s", text_of(loader, "effective"));
	if (strcmp(chosen, "auto") != 0)
		printf(": chosen for this machine");
	else if (strcmp(model, "auto") != 0)
		printf(": chosen for its model");
	else
		printf(": automatic");
	if (flips)
		printf(", changed %lld times as it did not start what it was given", flips);
	putchar('\n');
}

static void print_one(
        struct store *store, const struct machine *m, const char *bundles, const json_t *known)
{
	char name[NM_MAX_NAME + 1];

	fleet_machine_name(m, name);
	printf("%s  (number %" PRId64 ")\n\n", name, m->id);
	printf("  state     %s, attempt %d%s%s\n", machine_state_name(m->state), m->attempt,
	        m->reason == REASON_OK ? "" : ": ",
	        m->reason == REASON_OK ? "" : reason_title(m->reason));
	if (m->text[0])
		printf("            %s\n", m->text);
	if (m->reason != REASON_OK)
		printf("  to do     %s\n", reason_advice(m->reason));
	printf("  list      %s%s%s\n", m->in_scope ? "on the list" : "not on the list",
	        m->held ? ", held" : "", m->done ? ", repaired: not answered any more" : "");
	print_place(m);
	print_loader(known);
	print_boot_order(m);
	print_safe_mode(m);
	machines_print_power(json_object_get(known, "power"));
	printf("  MAC       %s\n  address   %s\n  model     %s %s\n  serial    %s\n  UUID      "
	       "%s\n",
	        m->mac, m->ip, m->manufacturer, m->product, machine_serial(m), machine_uuid(m));
	print_time("  first     ", m->first_seen);
	print_time("\n  last      ", m->last_seen);
	putchar('\n');
	print_repair(store, bundles, known);
	putchar('\n');
	if (json_is_true(json_object_get(known, "timeline_truncated")))
		puts("  (older steps are not shown: there are too many)");
	print_timeline(known);
}

int machines_print_one(struct store *store, const struct machine *m, const char *bundles,
        enum machine_loader first, bool json)
{
	json_t *known = json ? row_object(m) : json_object();
	int r = known ? fleet_show(store, m, first, known) : -ENOMEM;

	if (r == 0 && json)
		return cli_print_json(known) == CLI_OK ? 0 : -EIO;
	if (r == 0)
		print_one(store, m, bundles, known);
	json_decref(known);
	return r;
}
