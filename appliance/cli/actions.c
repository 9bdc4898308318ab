/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/actions.h"
#include "appliance/cli/table.h"
#include "appliance/people/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_DEFAULT 200
#define LAST_MAX     1000000
#define CSV_MAX      ((size_t)256 * 1024 * 1024)

const struct cli_option cli_actions_options[] = {
        {"--last", "N", "so many, the newest first; 200 unless told"},
        {"--csv", NULL, "as CSV"},
        {0},
};

static int failed(int r)
{
	struct error err = {0};

	error_set(&err, r, REASON_CANNOT_OPEN, "the record cannot be shown: %s", strerror(-r));
	return cli_fail(&err);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int print_table(const json_t *list)
{
	static const struct table_column columns[] = {{"when", false, true}, {"who", false, false},
	        {"what", false, true}, {"on", false, false}, {"details", false, false},
	        {"from", false, false}};
	struct table *t CLEANUP_TABLE = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char when[CLI_TIME_TEXT];
	const json_t *a;
	size_t i;

	json_array_foreach(list, i, a)
	{
		cli_time_text(json_integer_value(json_object_get(a, "at")), when);
		table_cell(t, TABLE_PLAIN, "%s", when);
		table_cell(t, TABLE_PLAIN, "%s", text_of(a, "who"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(a, "verb"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(a, "object"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(a, "text"));
		table_cell(t, TABLE_PLAIN, "%s%s%s", text_of(a, "via"),
		        text_of(a, "ip")[0] ? " " : "", text_of(a, "ip"));
	}
	return cli_print_table(t, "nobody has done anything yet");
}

static int write_csv(struct store *store, size_t last)
{
	struct buffer out;

	buffer_init(&out, CSV_MAX);
	int r = record_csv(store, 0, last, &out);
	if (r == 0 && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
		r = -EIO;
	buffer_free(&out);
	return r < 0 ? failed(r) : CLI_OK;
}

static int print_list(const struct cli_call *call, struct store *store, size_t last)
{
	json_t *list = json_array();
	int r = record_json(store, 0, last, list);

	if (r < 0) {
		json_decref(list);
		return failed(r);
	}
	if (call->options.json)
		return cli_print_json(json_pack("{s:i, s:o}", "v", 1, "actions", list));
	int status = print_table(list);
	json_decref(list);
	return status;
}

int cli_actions(const struct cli_call *call)
{
	const char *text = cli_value(call, "--last");
	bool csv = cli_value(call, "--csv");
	struct config config;
	struct store *store;
	char *end = NULL;
	long last = text ? strtol(text, &end, 10) : LAST_DEFAULT;

	if (text && (end == text || *end || last < 1 || last > LAST_MAX))
		return cli_usage("--last takes a number from 1 to 1000000");
	if (csv && call->options.json)
		return cli_usage("audit actions [--last N] [--json | --csv]");
	if (cli_open_store(&call->options, &config, &store) != CLI_OK)
		return CLI_FAILED;
	int status = csv ? write_csv(store, (size_t)last) : print_list(call, store, (size_t)last);
	store_close(store);
	return status;
}
