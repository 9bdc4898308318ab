/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/names.h"
#include "appliance/fleet/operator.h"
#include "appliance/store/campaigns.h"
#include "fixer/base/cleanup.h"
#include "fixer/windows/recipe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 200 /* nobody reads more */

struct names {
	const char *prefix;
	size_t left;
};

/* 0; 1 when there are enough. A MAC in place of a name is none: the shell splits words at colons.
 */
static int print_name(struct names *names, const char *name)
{
	if (name[0] == '\0' || strchr(name, ':') ||
	        strncmp(name, names->prefix, strlen(names->prefix)) != 0)
		return 0;
	puts(name);
	return --names->left == 0;
}

static int print_machine(const struct machine *m, void *context)
{
	char name[NM_MAX_NAME + 1];

	fleet_machine_name(m, name);
	return print_name(context, name);
}

static void print_campaigns(struct store *store, struct names *names)
{
	int64_t *ids CLEANUP_FREE = NULL;
	size_t count = 0;

	if (store_campaign_ids(store, false, &ids, &count) < 0)
		return;
	for (size_t i = 0; i < count && names->left; i++) {
		struct store_campaign campaign;
		if (store_campaign_get(store, ids[i], &campaign) < 0)
			continue;
		(void)print_name(names, campaign.name);
		store_campaign_free(&campaign);
	}
}

/* A key pressed too early makes no folder: only a store that is there is asked. */
static bool store_is_there(const struct cli_call *call)
{
	struct error err = {0};
	struct config config;

	return cli_load_config(&call->options, &config, &err) == 0 &&
	       access(config.state, F_OK) == 0;
}

int cli_names(const struct cli_call *call)
{
	struct names names = {.prefix = call->count > 1 ? call->words[1] : "", .left = NAMES_MAX};
	const char *kind = call->words[0];
	struct config config;
	struct store *store;

	if (strcmp(kind, "RECIPE") == 0) {
		for (size_t i = 0; i < recipe_builtin_count; i++)
			(void)print_name(&names, recipe_builtins[i].name);
		return CLI_OK;
	}
	if (strcmp(kind, "MACHINE") != 0 && strcmp(kind, "CAMPAIGN") != 0)
		return cli_usage("completion names MACHINE, CAMPAIGN or RECIPE");
	if (!store_is_there(call))
		return CLI_OK;
	if (cli_open_store(&call->options, &config, &store) != CLI_OK)
		return CLI_FAILED;
	if (strcmp(kind, "MACHINE") == 0)
		(void)store_machines(store, -1, 0, print_machine, &names);
	else
		print_campaigns(store, &names);
	store_close(store);
	return CLI_OK;
}
