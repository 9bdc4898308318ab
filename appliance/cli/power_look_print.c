/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/power_look.h"
#include "appliance/cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int weight(enum reason reason)
{
	static const char *const severities[] = {"fail", "warn", "wait", "ok"};
	int i = 0;

	while (i < 3 && strcmp(severities[i], reason_severity(reason)) != 0)
		i++;
	return i;
}

static int compare(const void *a, const void *b)
{
	const struct power_look *x = a, *y = b;
	int order = weight(x->reason) - weight(y->reason);

	if (order == 0)
		order = (int)x->reason - (int)y->reason;
	if (order == 0)
		order = strverscmp(x->name, y->name);
	return order ? order : strcmp(x->address, y->address);
}

void cli_power_looks_sort(struct power_looks *l)
{
	if (l->count)
		qsort(l->all, l->count, sizeof(*l->all), compare);
}

static size_t good_ones(const struct power_looks *l)
{
	size_t good = 0;

	for (size_t i = 0; i < l->count; i++)
		good += l->all[i].reason == REASON_OK;
	return good;
}

/* ---- a table ---- */

static void add_row(struct table *t, const struct power_look *look)
{
	static const enum table_style styles[] = {TABLE_FAIL, TABLE_WARN, TABLE_WAIT, TABLE_GOOD};
	bool good = look->reason == REASON_OK;

	table_cell(t, TABLE_PLAIN, "%s", look->name);
	table_cell(t, TABLE_PLAIN, "%s", look->address);
	table_cell(t, TABLE_PLAIN, "%s", look->type);
	table_cell(t, TABLE_PLAIN, "%s", look->version);
	table_cell(t, TABLE_PLAIN, "%s", look->power);
	table_cell(t, TABLE_PLAIN, "%s", look->boot);
	table_cell(t, styles[weight(look->reason)], "%s%s%s",
	        good ? "ok" : reason_title(look->reason), look->text[0] && !good ? ": " : "",
	        good ? "" : look->text);
}

/* How many of this reason there are, and where it stands first. */
static size_t of_reason(const struct power_looks *l, enum reason reason)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		count += l->all[i].reason == reason;
	return count;
}

/* What the reasons' own advice takes for granted, that somebody goes on with it, is not so here. */
static const char *advice(enum reason reason)
{
	return reason == REASON_POWER_BUSY ? "Check again in a moment: it has an order under way, "
	                                     "or is busy with itself."
	                                   : reason_advice(reason);
}

/* Each reason once: a hundred machines of one cause are one thing to do. */
static void print_advice(const struct power_looks *l)
{
	for (size_t i = 0; i < l->count; i++) {
		enum reason reason = l->all[i].reason;
		if (reason == REASON_OK || (i > 0 && l->all[i - 1].reason == reason))
			continue;
		printf("%s%zu: %s\n   > %s\n", i == 0 ? "\n" : "", of_reason(l, reason),
		        reason_title(reason), advice(reason));
	}
}

static int print_table(const struct power_looks *l)
{
	static const struct table_column columns[] = {{"machine", false, true},
	        {"address", false, false}, {"kind", false, true}, {"version", false, false},
	        {"power", false, true}, {"boot order", false, false}, {"state", false, false}};
	struct table *t CLEANUP_TABLE = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < l->count; i++)
		add_row(t, &l->all[i]);
	if (cli_print_table(t, NULL) != CLI_OK)
		return CLI_FAILED;
	print_advice(l);
	size_t good = good_ones(l);
	printf("\n%zu reachable, %zu not\n", good, l->count - good);
	return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* ---- JSON ---- */

static json_t *look_json(const struct power_look *look)
{
	bool good = look->reason == REASON_OK;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name",
	        look->name, "uuid", json_string_value(json_object_get(look->machine, "uuid")),
	        "serial", json_string_value(json_object_get(look->machine, "serial")), "type",
	        look->type, "address", look->address, "version", look->version, "power",
	        look->power, "boot", look->boot, "reason", reason_code(look->reason), "title",
	        good ? "" : reason_title(look->reason), "text", look->text, "advice",
	        good ? "" : advice(look->reason));
}

static int print_json(const struct power_looks *l)
{
	json_t *list = json_array();
	size_t good = good_ones(l);

	for (size_t i = 0; list && i < l->count; i++)
		if (json_array_append_new(list, look_json(&l->all[i])) < 0) {
			json_decref(list);
			list = NULL;
		}
	return cli_print_json(
	        list ? json_pack("{s:i, s:o, s:I, s:I}", "v", 1, "machines", list, "reachable",
	                       (json_int_t)good, "not", (json_int_t)(l->count - good))
	             : NULL);
}

int cli_power_looks_print(const struct power_looks *l, bool json)
{
	return json ? print_json(l) : print_table(l);
}
