/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend recipe`: judges and shows recipes; needs no configuration and no rights. */
#include "appliance/cli/recipe.h"
#include "appliance/cli/verb.h"
#include "appliance/supervisor/state.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int do_list(const struct cli_call *call)
{
	static const struct table_column columns[] = {{.heading = "name", .whole = true},
	        {.heading = "version", .right = true}, {.heading = "does"}, {.heading = "file"},
	        {.heading = "in"}};
	struct table *table CLEANUP_TABLE = table_new(columns, 5);
	json_t *list = json_array();
	struct error err = {0};
	struct recipe recipe;

	for (size_t i = 0; i < recipe_builtin_count; i++) {
		if (state_read_recipe(recipe_builtins[i].name, &recipe, NULL, &err) < 0) {
			json_decref(list);
			return cli_fail(&err);
		}
		recipe_table_row(table, &recipe);
		(void)json_array_append_new(list, recipe_json(&recipe));
	}
	if (call->options.json)
		return cli_print_json(list);
	json_decref(list);
	return cli_print_table(table, NULL);
}

static int do_show(const struct cli_call *call)
{
	const char *text = recipe_builtin_text(call->words[0]);

	if (!text) {
		fprintf(stderr, "netmend: no recipe %s is built in (see netmend recipe list)\n",
		        call->words[0]);
		return CLI_FAILED;
	}
	fputs(text, stdout);
	return CLI_OK;
}

/* A recipe that is wrong is an answer, too. */
static int wrong_recipe(const struct error *err, bool json)
{
	if (!json)
		(void)cli_fail(err);
	else if (cli_print_json(json_pack("{s:i s:s s:s}", "v", 1, "reason",
	                 reason_code(err->reason), "text", err->text)) != CLI_OK)
		return CLI_FAILED;
	return err->reason == REASON_RECIPE_BAD ? CLI_USAGE : CLI_FAILED;
}

static int do_check(const struct cli_call *call)
{
	struct error err = {0};
	struct recipe recipe;

	if (state_read_recipe(call->words[0], &recipe, NULL, &err) < 0)
		return wrong_recipe(&err, call->options.json);
	if (call->options.json)
		return cli_print_json(recipe_json(&recipe));
	recipe_print_words(&recipe);
	return CLI_OK;
}

const struct cli_verb recipe_verbs[] = {
        {"list", "", 0, 0, CLI_JSON, NULL, "the recipes that are built in", do_list},
        {"show", "RECIPE", 1, 1, 0, NULL, "one of them as a file, to change", do_show},
        {"check", "RECIPE|FILE", 1, 1, CLI_JSON, NULL,
                "what a recipe would do, or the line that is wrong", do_check},
        {0},
};
