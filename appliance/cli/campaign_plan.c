/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans: drafts made of them, changed and thrown away, and what would come of one. */
#include "appliance/cli/campaign.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The plan in the file, opened as the caller. */
static int read_plan(const char *path, struct plan *ret)
{
	struct error err = {0};
	char *text;

	if (cli_open_input(path) != CLI_OK)
		return CLI_FAILED;
	text = malloc(NM_MAX_PLAN + 1);
	size_t len = text ? fread(text, 1, NM_MAX_PLAN + 1, stdin) : 0;
	int r = !text ? -ENOMEM : ferror(stdin) ? -EIO : plan_parse(text, len, ret, &err);
	free(text);
	return r < 0 ? campaign_failed(r, &err, path) : CLI_OK;
}

int campaign_do_create(const struct cli_call *call)
{
	struct config config;
	struct plan plan;
	struct store *store;
	int64_t id = 0;

	if (read_plan(call->words[0], &plan) != CLI_OK)
		return CLI_FAILED;
	int status = cli_open_store(&call->options, &config, &store);
	if (status == CLI_OK) {
		int r = campaign_create(store, &plan, &call->actor, fleet_clock(), &id);
		store_close(store);
		if (r < 0)
			status = campaign_failed(r, NULL, plan.name);
		else
			printf("campaign %s is a draft (number %" PRId64
			       "): netmend campaign start %s\n",
			        plan.name, id, plan.name);
	}
	plan_clear(&plan);
	return status;
}

/* In place of -EPERM's words: what could be done about it. */
static int draft_failed(int r, const char *which, const char *what)
{
	struct error err = {0};

	if (r == -EPERM)
		(void)error_set(&err, r, REASON_NOT_NOW,
		        "%s has been started: only a draft can be %s", which, what);
	return campaign_failed(r, &err, which);
}

int campaign_do_change(const struct cli_call *call)
{
	struct plan plan;
	struct store *store;
	int64_t id;

	if (read_plan(call->words[1], &plan) != CLI_OK)
		return CLI_FAILED;
	int status = campaign_open(call, call->words[0], &store, &id);
	if (status == CLI_OK) {
		int r = campaign_replan(store, id, &plan, &call->actor, fleet_clock());
		store_close(store);
		if (r < 0)
			status = draft_failed(r, call->words[0], "changed");
		else
			printf("campaign %s (number %" PRId64 ") has another plan\n", plan.name,
			        id);
	}
	plan_clear(&plan);
	return status;
}

static void print_preview(const json_t *preview)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(preview, "waves"), i, item)
	{
		json_int_t bmc = json_integer_value(json_object_get(item, "bmc"));
		json_int_t at_once = json_integer_value(json_object_get(item, "at_once"));
		printf("  %-20s %" JSON_INTEGER_FORMAT " machines",
		        json_string_value(json_object_get(item, "name")),
		        json_integer_value(json_object_get(item, "machines")));
		if (bmc)
			printf(", %" JSON_INTEGER_FORMAT " with a management controller", bmc);
		if (at_once)
			printf(": %" JSON_INTEGER_FORMAT " at once", at_once);
		printf("\n");
	}
	json_int_t elsewhere = json_integer_value(json_object_get(preview, "elsewhere"));
	if (elsewhere)
		printf("  %" JSON_INTEGER_FORMAT " are in another campaign and stay there\n",
		        elsewhere);
	json_array_foreach(json_object_get(preview, "problems"), i, item)
	{
		printf("  note: %s\n", json_string_value(item));
	}
}

int campaign_do_preview(const struct cli_call *call)
{
	struct config config;
	struct plan plan;
	struct store *store;
	json_t *preview = NULL;

	if (read_plan(call->words[0], &plan) != CLI_OK)
		return CLI_FAILED;
	int status = cli_open_store(&call->options, &config, &store);
	if (status == CLI_OK) {
		int r = campaign_preview(store, &plan, fleet_clock(), &preview);
		store_close(store);
		if (r < 0)
			status = campaign_failed(r, NULL, plan.name);
	}
	plan_clear(&plan);
	if (status != CLI_OK)
		return status;
	if (call->options.json)
		return cli_print_json(preview);
	print_preview(preview);
	json_decref(preview);
	return CLI_OK;
}

int campaign_do_delete(const struct cli_call *call)
{
	struct store *store;
	int64_t id;

	if (campaign_open(call, call->words[0], &store, &id) != CLI_OK)
		return CLI_FAILED;
	int r = campaign_delete(store, id, &call->actor, fleet_clock());
	store_close(store);
	if (r < 0)
		return draft_failed(r, call->words[0], "deleted");
	printf("campaign %s is deleted\n", call->words[0]);
	return CLI_OK;
}
