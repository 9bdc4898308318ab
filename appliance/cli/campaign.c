/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend campaign`: the operator's decisions, on the store web uses; web carries them out within
 * a second. */
#include "appliance/cli/campaign.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/clock.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int campaign_failed(int code, const struct error *err, const char *what)
{
	struct error own = {0};

	if (err && err->code)
		return cli_fail(err);
	(void)error_set(&own, code, REASON_CANNOT_OPEN, "%s: %s", what,
	        code == -EEXIST   ? "another campaign has this name"
	        : code == -EPERM  ? "not possible in its present state"
	        : code == -ENOENT ? "no such campaign (see netmend campaign list)"
	        : code == -EBUSY  ? "the store is busy, try again"
	                          : strerror(-code));
	return cli_fail(&own);
}

/* By its name; else by its number. */
static int find(struct store *s, const char *which, int64_t *ret)
{
	struct store_campaign c;
	int64_t *ids CLEANUP_FREE = NULL;
	size_t count = 0;
	char *end;

	int r = store_campaign_ids(s, false, &ids, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = store_campaign_get(s, ids[i], &c);
		if (r < 0)
			break;
		bool same = strcmp(c.name, which) == 0;
		store_campaign_free(&c);
		if (same) {
			*ret = ids[i];
			return 0;
		}
	}
	long long id = strtoll(which, &end, 10);
	for (size_t i = 0; r == 0 && end != which && !*end && i < count; i++)
		if (ids[i] == id) {
			*ret = id;
			return 0;
		}
	return r < 0 ? r : -ENOENT;
}

int campaign_open(
        const struct cli_call *call, const char *which, struct store **ret_store, int64_t *ret_id)
{
	struct config config;
	struct store *store;

	if (cli_open_store(&call->options, &config, &store) != CLI_OK)
		return CLI_FAILED;
	int r = find(store, which, ret_id);
	if (r < 0) {
		store_close(store);
		return campaign_failed(r, NULL, which);
	}
	*ret_store = store;
	return CLI_OK;
}

/* ---- the line ---- */

/* --wave: 0 when it was not given; false: not a wave's number. */
static bool wave_given(const struct cli_call *call, int *ret)
{
	const char *text = cli_value(call, "--wave");
	char *end;

	*ret = 0;
	if (!text)
		return true;
	long number = strtol(text, &end, 10);
	if (end == text || *end || number < 1 || number > WAVES_MAX)
		return false;
	*ret = (int)number;
	return true;
}

static int say_line(struct store *s, int64_t id, enum campaign_verb verb, int64_t count)
{
	json_t *campaign;

	int r = campaign_show(s, id, fleet_clock(), &campaign);
	if (r < 0)
		return campaign_failed(r, NULL, "campaign");
	if (verb == CAMPAIGN_VERB_RETRY)
		printf("%" PRId64 " machines may boot once more\n", count);
	printf("%s is %s: %s\n", json_string_value(json_object_get(campaign, "name")),
	        json_string_value(json_object_get(campaign, "state")),
	        json_string_value(json_object_get(campaign, "line")));
	json_decref(campaign);
	return CLI_OK;
}

static int campaign_order(const struct cli_call *call)
{
	struct campaign_order order = {.text = call->count > 1 ? call->words[1] : ""};
	struct error err = {0};
	struct store *store;
	int64_t id, count = 0;

	order.verb = (enum campaign_verb)campaign_verb_parse(call->verb->name);
	if (!wave_given(call, &order.wave))
		return cli_usage("--wave takes the number of a wave, from 1");
	if (campaign_open(call, call->words[0], &store, &id) != CLI_OK)
		return CLI_FAILED;
	int r = campaign_act(store, id, &order, &call->actor, fleet_clock(), &count, &err);
	int status = r < 0 ? campaign_failed(r, &err, call->words[0])
	                   : say_line(store, id, order.verb, count);
	store_close(store);
	return status;
}

static const struct cli_option wave_options[] = {
        {"--wave", "NUMBER", "this wave, from 1"},
        {0},
};

const struct cli_verb campaign_verbs[] = {
        {"list", "", 0, 0, CLI_JSON | CLI_WATCH, NULL, "every campaign and where its line stands",
                campaign_list},
        {"show", "CAMPAIGN", 1, 1, CLI_JSON | CLI_WATCH, NULL,
                "its waves, and what it waits for (CAMPAIGN: name or number)", campaign_print},
        {"create", "FILE", 1, 1, 0, NULL, "a draft of the plan in FILE (JSON)", campaign_do_create},
        {"change", "CAMPAIGN FILE", 2, 2, 0, NULL, "the plan in FILE in place of a draft's",
                campaign_do_change},
        {"preview", "FILE", 1, 1, CLI_JSON, NULL, "which wave of that plan would take how many",
                campaign_do_preview},
        {"start", "CAMPAIGN [WHY]", 1, 2, 0, NULL, "its first wave opens", campaign_order},
        {"pause", "CAMPAIGN [WHY]", 1, 2, 0, NULL, "who has a key finishes, nobody else begins",
                campaign_order},
        {"resume", "CAMPAIGN [WHY]", 1, 2, 0, NULL,
                "go on, also after too many failures: those do not count again", campaign_order},
        {"open", "CAMPAIGN [WHY]", 1, 2, 0, wave_options,
                "its next wave by hand, or the next of a wave's start order", campaign_order},
        {"finish", "CAMPAIGN [WHY]", 1, 2, 0, NULL, "all known are back: wait for nobody else",
                campaign_order},
        {"abort", "CAMPAIGN [WHY]", 1, 2, 0, NULL, "end it: who has not begun never will",
                campaign_order},
        {"retry", "CAMPAIGN [WHY]", 1, 2, 0, wave_options, "its failed machines may boot once more",
                campaign_order},
        {"report", "CAMPAIGN", 1, 1, CLI_JSON, campaign_report_options,
                "what happened, as a page for printing", campaign_write_report},
        {"delete", "CAMPAIGN", 1, 1, 0, NULL, "a draft", campaign_do_delete},
        {0},
};
