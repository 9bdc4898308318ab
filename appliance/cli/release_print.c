/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/cli.h"
#include "appliance/cli/release.h"
#include "appliance/cli/table.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *release_text(const json_t *object, const char *key)
{
	static char texts[8][2 * NM_MAX_NAME];
	static unsigned next;
	const char *text = json_string_value(json_object_get(object, key));
	char *ret = texts[next++ % 8];

	text_clean(ret, sizeof(texts[0]), text ? text : "");
	return ret;
}

int64_t release_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* "12 min"; 0 for what has passed. */
static void minutes_cell(struct table *table, int64_t from, int64_t to)
{
	int64_t minutes = (to - from) / 60000;

	table_cell(table, TABLE_PLAIN, "%" PRId64 " min", minutes > 0 ? minutes : 0);
}

/* "1 of 2: anna" */
static void approved_cell(struct table *table, const json_t *request)
{
	const json_t *approved = json_object_get(request, "approved"), *who;
	char names[4 * NM_MAX_NAME] = "";
	size_t i, len = 0;

	json_array_foreach(approved, i, who)
	{
		int n = snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : ": ",
		        json_is_string(who) ? json_string_value(who) : "");
		len = n > 0 && (size_t)n < sizeof(names) - len ? len + (size_t)n : len;
	}
	table_cell(table, TABLE_PLAIN, "%zu of %" PRId64 "%s", json_array_size(approved),
	        release_number(request, "needs"), names);
}

static void add_request(struct table *table, const json_t *request, int64_t now)
{
	static const char *const keys[] = {"name", "mac", "ip", "serial"};
	const json_t *machine = json_object_get(request, "machine");
	const char *code = release_text(request, "code");

	table_cell(table, TABLE_PLAIN, "%s", code[0] ? code : "-");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		table_cell(table, TABLE_PLAIN, "%s", release_text(machine, keys[i]));
	minutes_cell(table, release_number(request, "since"), now);
	minutes_cell(table, now, release_number(request, "expires"));
	table_cell(table, TABLE_PLAIN, "%s", release_text(request, "request"));
	approved_cell(table, request);
}

int release_print_requests(json_t *requests, bool json)
{
	static const struct table_column columns[] = {{.heading = "code", .whole = true},
	        {.heading = "machine"}, {.heading = "MAC", .whole = true},
	        {.heading = "address", .whole = true}, {.heading = "serial"},
	        {.heading = "waits", .right = true}, {.heading = "left", .right = true},
	        {.heading = "request", .whole = true}, {.heading = "approved"}};
	struct table *table CLEANUP_TABLE = table_new(columns, 9);
	struct timespec clock;
	const json_t *request;
	size_t i;

	if (json)
		return cli_print_json(json_incref(requests));
	clock_gettime(CLOCK_REALTIME, &clock);
	json_array_foreach(requests, i, request)
	{
		add_request(table, request, (int64_t)clock.tv_sec * 1000 + clock.tv_nsec / 1000000);
	}
	return cli_print_table(table, "Nobody waits for approval.");
}
