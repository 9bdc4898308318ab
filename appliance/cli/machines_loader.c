/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend machines loader`: which boot program a machine or a model gets. */
#include "appliance/cli/machines.h"
#include "appliance/cli/table.h"
#include "appliance/fleet/loader.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

const struct cli_option machines_loader_options[] = {
        {"--model", "MODEL", "all of a model, \"VENDOR MODEL\" as machines show it"}, {0}};

static int choose_for_machine(const struct cli_call *call, struct store *store, void *context)
{
	const enum machine_loader *choice = context;
	struct machine m;
	char name[NM_MAX_NAME + 1];

	if (machines_find_or_tell(store, call->words[0], &m) != CLI_OK)
		return CLI_FAILED;
	fleet_machine_name(&m, name);
	int r = fleet_choose_loader(store, &call->actor, m.id, *choice);
	if (r < 0)
		return machines_store_failed(r, name);
	printf("%s boots by %s from its next network boot on\n", name, loader_title(*choice));
	return CLI_OK;
}

static int choose_for_model(const struct cli_call *call, struct store *store, void *context)
{
	const enum machine_loader *choice = context;
	const char *model = cli_value(call, "--model");
	int64_t known = 0;

	int r = fleet_choose_model_loader(store, &call->actor, model, *choice, &known);
	if (r == -EINVAL)
		return cli_usage("--model: \"VENDOR MODEL\", as netmend machines show has it");
	if (r < 0)
		return machines_store_failed(r, model);
	printf("%s: boots by %s from the next network boot on; %" PRId64 " of it are known\n",
	        model, loader_title(*choice), known);
	if (known == 0)
		puts("A model is known from a machine's first contact, as its SMBIOS says it; the "
		     "inventory does not say it. Compare netmend machines show.");
	return CLI_OK;
}

static int model_cell(const char *model, enum machine_loader loader, void *context)
{
	table_cell(context, TABLE_PLAIN, "%s", model);
	table_cell(context, TABLE_PLAIN, "%s", loader_name(loader));
	return 0;
}

static int list_models(const struct cli_call *call, struct store *store, void *context)
{
	static const struct table_column columns[] = {
	        {"model", false, false}, {"loader", false, true}};
	CLEANUP_TABLE struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	(void)call;
	(void)context;
	int r = store_models(store, model_cell, t);
	if (r == 0)
		r = table_print(t);
	return r < 0 ? machines_store_failed(r, "models") : CLI_OK;
}

int machines_loader(const struct cli_call *call)
{
	bool of_model = cli_value(call, "--model") != NULL;
	int words = of_model ? 1 : 2;

	if (!of_model && call->count == 0)
		return cli_with_store(call, list_models, NULL);
	int choice = call->count == words ? fleet_loader_parse(call->words[words - 1]) : -1;
	if (choice < 0)
		return cli_usage(of_model ? "--model MODEL and one word: auto, ipxe or shim"
		                          : "a machine, and which loader: auto, ipxe or shim");
	enum machine_loader loader = (enum machine_loader)choice;
	return cli_with_store(call, of_model ? choose_for_model : choose_for_machine, &loader);
}
