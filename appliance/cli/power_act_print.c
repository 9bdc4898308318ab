/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/power_act.h"
#include "appliance/cli/table.h"

#include <stdio.h>
#include <string.h>

static void add_rows(struct table *t, const struct power_told *told, bool good)
{
	for (size_t i = 0; i < told->count; i++) {
		const struct fleet_power_look *l = &told->all[i].look;
		if ((l->reason == REASON_OK) != good)
			continue;
		table_cell(t, TABLE_PLAIN, "%s", l->name);
		table_cell(t, TABLE_PLAIN, "%s", l->bmc[0] ? l->bmc : "-");
		table_cell(t, good ? TABLE_GOOD : TABLE_WARN, "%s",
		        good ? l->deed : reason_code(l->reason));
		table_cell(t, TABLE_PLAIN, "%s", good ? "" : l->text);
	}
}

int cli_power_told_print(const struct power_told *told)
{
	static const struct table_column columns[] = {{"machine", false, true},
	        {"controller", false, false}, {"what would be done", false, false},
	        {"why not", false, false}};
	struct table *t CLEANUP_TABLE = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	add_rows(t, told, false);
	add_rows(t, told, true);
	if (cli_print_table(t, NULL) != CLI_OK)
		return CLI_FAILED;
	printf("\n%zu would be switched, %zu are refused\n", told->good, told->count - told->good);
	return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

static json_t *machine_json(int64_t machine, const struct fleet_power_look *l)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)machine, "name",
	        l->name, "bmc", l->bmc, "do", l->deed, "reason", reason_code(l->reason), "text",
	        l->text);
}

/* All of them, or those that are refused. */
static json_t *list_json(const struct power_told *told, bool all)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < told->count; i++) {
		const struct fleet_power_look *l = &told->all[i].look;
		if (!all && l->reason == REASON_OK)
			continue;
		if (json_array_append_new(list, machine_json(told->all[i].machine, l)) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

json_t *cli_power_refused_json(const struct power_told *told)
{
	return list_json(told, false);
}

int cli_power_told_json(const struct power_told *told, const char *order, bool dry_run)
{
	return cli_print_json(json_pack("{s:i, s:s, s:b, s:o, s:I, s:I}", "v", 1, "order", order,
	        "dry_run", dry_run, "machines", list_json(told, true), "count",
	        (json_int_t)told->good, "refused", (json_int_t)(told->count - told->good)));
}
