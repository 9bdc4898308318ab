/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/campaign.h"
#include "appliance/cli/table.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/campaign/report_page.h"
#include "appliance/fleet/clock.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REPORT_MAX ((size_t)256 * 1024 * 1024)

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static enum table_style style_of(const char *state)
{
	if (strcmp(state, "stopped") == 0)
		return TABLE_FAIL;
	if (strcmp(state, "paused") == 0)
		return TABLE_WAIT;
	return strcmp(state, "running") == 0 || strcmp(state, "finished") == 0 ? TABLE_GOOD
	                                                                       : TABLE_PLAIN;
}

/* ---- all of them ---- */

static int print_list(const json_t *list)
{
	static const struct table_column columns[] = {{"number", true, true}, {"name", false, true},
	        {"state", false, false}, {"machines", true, false}, {"returned", true, false},
	        {"failed", true, false}, {"line", false, false}};
	struct table *t CLEANUP_TABLE = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *c, *w;
	size_t i, k;

	json_array_foreach(list, i, c)
	{
		long long machines = 0, returned = 0, failed = 0;
		json_array_foreach(json_object_get(c, "waves"), k, w)
		{
			machines += number_of(w, "machines");
			returned += number_of(w, "returned");
			failed += number_of(w, "failed");
		}
		table_cell(t, TABLE_PLAIN, "%lld", number_of(c, "id"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(c, "name"));
		table_cell(t, style_of(text_of(c, "state")), "%s", text_of(c, "state"));
		table_cell(t, TABLE_PLAIN, "%lld", machines);
		table_cell(t, TABLE_PLAIN, "%lld", returned);
		table_cell(t, failed ? TABLE_FAIL : TABLE_PLAIN, "%lld", failed);
		table_cell(t, TABLE_PLAIN, "%s", text_of(c, "line"));
	}
	return cli_print_table(t, "No campaigns yet: netmend campaign create FILE");
}

int campaign_list(const struct cli_call *call)
{
	struct config config;
	struct store *store;
	int64_t *ids CLEANUP_FREE = NULL;
	size_t count = 0;
	json_t *list = json_array(), *campaign;

	if (cli_open_store(&call->options, &config, &store) != CLI_OK) {
		json_decref(list);
		return CLI_FAILED;
	}
	int r = store_campaign_ids(store, false, &ids, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = campaign_show(store, ids[i], fleet_clock(), &campaign);
		if (r == 0)
			r = json_array_append_new(list, campaign) < 0 ? -ENOMEM : 0;
	}
	store_close(store);
	if (r == 0 && call->options.json)
		return cli_print_json(list);
	int status = r < 0 ? campaign_failed(r, NULL, "campaigns") : print_list(list);
	json_decref(list);
	return status;
}

/* ---- one ---- */

static int print_waves(const json_t *campaign)
{
	static const struct table_column columns[] = {{"wave", true, true}, {"name", false, true},
	        {"opened", false, false}, {"machines", true, false}, {"returned", true, false},
	        {"failed", true, false}, {"at work", true, false}, {"waiting", true, false}};
	static const char *const counts[] = {
	        "machines", "returned", "failed", "working", "waiting"};
	struct table *t CLEANUP_TABLE = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char opened[CLI_TIME_TEXT];
	const json_t *w;
	size_t i;

	json_array_foreach(json_object_get(campaign, "waves"), i, w)
	{
		cli_time_text(number_of(w, "opened"), opened);
		table_cell(t, TABLE_PLAIN, "%lld", number_of(w, "number"));
		table_cell(t, TABLE_PLAIN, "%s", text_of(w, "name"));
		table_cell(t, TABLE_PLAIN, "%s", number_of(w, "opened") ? opened : "-");
		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
			table_cell(t, k == 2 && number_of(w, "failed") ? TABLE_FAIL : TABLE_PLAIN,
			        "%lld", number_of(w, counts[k]));
	}
	return cli_print_table(t, NULL);
}

/* Of all its waves. */
static void print_power(const json_t *c)
{
	static const struct {
		const char *name, *words;
	} counts[] = {{"done", "started"}, {"waiting", "wait for their turn"},
	        {"driving", "are being driven"}, {"booting", "not heard of yet"},
	        {"failed", "could not be switched on"}, {"untouched", "not touched"},
	        {"people", "without management controller"}};
	char words[PLAN_POWER_WORDS];
	const json_t *w;
	size_t i;

	plan_power_words(json_object_get(c, "plan"), words);
	if (!words[0])
		return;
	printf("  its machines are switched on %s\n", words);
	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		long long sum = 0;
		json_array_foreach(json_object_get(c, "waves"), i, w)
		{
			sum += number_of(json_object_get(w, "power"), counts[k].name);
		}
		printf("%s%lld %s", k ? ", " : "  ", sum, counts[k].words);
	}
	printf("\n");
}

static int print_campaign(const json_t *c)
{
	char started[CLI_TIME_TEXT];

	cli_time_text(number_of(c, "started"), started);
	printf("%s (number %lld), by %s\n\n  %s: %s\n", text_of(c, "name"), number_of(c, "id"),
	        text_of(c, "created_by"), text_of(c, "state"), text_of(c, "line"));
	if (strcmp(text_of(c, "reason"), "OK") != 0)
		printf("  %s: %s\n", text_of(c, "title"), text_of(c, "text"));
	else if (text_of(c, "text")[0])
		printf("  %s\n", text_of(c, "text"));
	printf("  started %s\n", started);
	print_power(c);
	printf("\n");
	return print_waves(c);
}

/* What look() says of the campaign that was named. */
static int look_at(const struct cli_call *call,
        int (*look)(struct store *s, int64_t id, int64_t now, json_t **ret), json_t **ret)
{
	struct error err = {0};
	struct store *store;
	int64_t id;

	if (campaign_open(call, call->words[0], &store, &id) != CLI_OK)
		return CLI_FAILED;
	int r = look(store, id, fleet_clock(), ret);
	store_close(store);
	if (r == -EPERM)
		(void)error_set(&err, r, REASON_NOT_NOW,
		        "%s has not been started: nothing to report", call->words[0]);
	return r < 0 ? campaign_failed(r, &err, call->words[0]) : CLI_OK;
}

int campaign_print(const struct cli_call *call)
{
	json_t *campaign;

	if (look_at(call, campaign_show, &campaign) != CLI_OK)
		return CLI_FAILED;
	if (call->options.json)
		return cli_print_json(campaign);
	int status = print_campaign(campaign);
	json_decref(campaign);
	return status;
}

/* ---- the report ---- */

const struct cli_option campaign_report_options[] = {
        {"--csv", NULL, "its machines as CSV"},
        {0},
};

static int write_out(const json_t *report, int (*write)(const json_t *report, struct buffer *out))
{
	struct buffer out;

	buffer_init(&out, REPORT_MAX);
	int r = write(report, &out);
	if (r == 0 && fwrite(out.data, 1, out.len, stdout) != out.len)
		r = -EIO;
	buffer_free(&out);
	return r < 0 ? campaign_failed(r, NULL, "report") : CLI_OK;
}

int campaign_write_report(const struct cli_call *call)
{
	json_t *report;

	if (look_at(call, campaign_report, &report) != CLI_OK)
		return CLI_FAILED;
	if (call->options.json)
		return cli_print_json(report);
	int status = write_out(report, cli_value(call, "--csv") ? report_csv : report_page);
	json_decref(report);
	return status;
}
