/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend wire`: what the running appliance hears. */
#include "appliance/cli/machines.h"
#include "appliance/cli/progress.h"
#include "appliance/cli/table.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/wire.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void age_cell(struct table *t, const json_t *line)
{
	char age[CLI_TIME_TEXT];

	cli_age_text(json_integer_value(json_object_get(line, "at")), age);
	table_cell(t, TABLE_PLAIN, "%s ago", age);
}

int wire_read(const struct config *config, struct store *store, json_t **ret)
{
	return wire_show(store, fleet_clock(), config->scope == SCOPE_ALL,
	        "the log of netmend serve says more", ret);
}

static int print_heard(const json_t *heard)
{
	static const struct table_column columns[] = {{"heard", true, true}, {"MAC", false, true},
	        {"name", false, false}, {"asks as", false, true}, {"firmware", false, false},
	        {"answered", false, true}, {"why not", false, false}};
	CLEANUP_TABLE struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *line;
	size_t i;

	json_array_foreach(heard, i, line)
	{
		bool answered = json_is_true(json_object_get(line, "answered"));
		age_cell(t, line);
		table_cell(t, TABLE_PLAIN, "%s", text_of(line, "mac"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(line, "name"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(line, "kind"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(line, "arch"));
		table_cell(t, answered ? TABLE_GOOD : TABLE_PLAIN, "%s", answered ? "yes" : "no");
		table_cell(t, TABLE_PLAIN, "%s", text_of(line, "why"));
	}
	return cli_print_table(t, "Nothing yet. Is netmend serve running, on the interface the "
	                          "machines are on?");
}

static int print_servers(const json_t *servers)
{
	static const struct table_column columns[] = {{"heard", true, true},
	        {"DHCP server", false, true}, {"MAC", false, true}, {"whose", false, false}};
	CLEANUP_TABLE struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *line;
	size_t i;

	if (json_array_size(servers) == 0)
		return CLI_OK;
	json_array_foreach(servers, i, line)
	{
		age_cell(t, line);
		table_cell(t, TABLE_PLAIN, "%s", text_of(line, "ip"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(line, "mac"));
		table_cell(t, TABLE_PLAIN, "%s",
		        json_is_true(json_object_get(line, "ours")) ? "ours" : "another one");
	}
	putchar('\n');
	return cli_print_table(t, NULL);
}

int wire_print(const json_t *wire)
{
	int status = print_heard(json_object_get(wire, "heard"));

	return status == CLI_OK ? print_servers(json_object_get(wire, "servers")) : status;
}

static int do_wire(const struct cli_call *call)
{
	struct config config;
	struct store *store;
	json_t *wire;

	if (cli_open_store(&call->options, &config, &store) != CLI_OK)
		return CLI_FAILED;
	int r = wire_read(&config, store, &wire);
	store_close(store);
	if (r < 0)
		return machines_store_failed(r, "cannot read the store");
	if (call->options.json)
		return cli_print_json(wire);
	int status = wire_print(wire);
	json_decref(wire);
	return status;
}

const struct cli_verb wire_verbs[] = {
        {"", "", 0, 0, CLI_JSON | CLI_WATCH, NULL,
                "who asked for a boot program or an address, whether it was answered and why not",
                do_wire},
        {0},
};
