/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend recipe`: judges and shows recipes; needs no configuration and no rights. */
#include "appliance/cli/recipe.h"
#include "appliance/cli/cli.h"
#include "appliance/supervisor/state.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int do_list(const char *word, bool json)
{
	struct error err = {0};
	struct recipe recipe;

	(void)word;
	(void)json;
	for (size_t i = 0; i < recipe_builtin_count; i++) {
		if (state_read_recipe(recipe_builtins[i].name, &recipe, NULL, &err) < 0)
			return cli_fail(&err);
		recipe_print_line(&recipe);
	}
	return CLI_OK;
}

static int do_show(const char *word, bool json)
{
	const char *text = recipe_builtin_text(word);

	(void)json;
	if (!text) {
		fprintf(stderr, "netmend: no recipe %s is built in (see netmend recipe list)\n",
		        word);
		return CLI_FAILED;
	}
	fputs(text, stdout);
	return CLI_OK;
}

/* A recipe that is wrong is an answer, too. */
static int wrong_recipe(const struct error *err, bool json)
{
	json_t *answer;

	if (!json) {
		(void)cli_fail(err);
		return err->reason == REASON_RECIPE_BAD ? CLI_USAGE : CLI_FAILED;
	}
	answer = json_pack(
	        "{s:i s:s s:s}", "v", 1, "reason", reason_code(err->reason), "text", err->text);
	if (answer)
		(void)json_dumpf(answer, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(answer);
	return err->reason == REASON_RECIPE_BAD ? CLI_USAGE : CLI_FAILED;
}

static int do_check(const char *word, bool json)
{
	struct error err = {0};
	struct recipe recipe;

	if (state_read_recipe(word, &recipe, NULL, &err) < 0)
		return wrong_recipe(&err, json);
	if (!json)
		recipe_print_words(&recipe);
	else if (recipe_print_json(&recipe) < 0) {
		error_set(&err, -1, REASON_OUT_OF_MEMORY, "no memory");
		return cli_fail(&err);
	}
	return CLI_OK;
}

int cli_recipe(int argc, char **argv)
{
	static const struct {
		const char *name;
		int words; /* behind it */
		bool json; /* has a --json form */
		int (*run)(const char *word, bool json);
	} verbs[] = {
	        {"list", 0, false, do_list},
	        {"show", 1, false, do_show},
	        {"check", 1, true, do_check},
	};
	struct cli_options options;

	if (cli_take_options(&argc, argv, &options) != CLI_OK)
		return CLI_USAGE;
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc - 2 == verbs[i].words &&
		        (verbs[i].json || !options.json))
			return verbs[i].run(argv[2], options.json);
	return cli_usage("recipe list, show NAME, or check NAME|FILE");
}
