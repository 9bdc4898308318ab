/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From argv to a verb. */
#include "appliance/cli/actor.h"
#include "appliance/cli/verb.h"
#include "appliance/cli/watch.h"
#include "netmend/version.h"

#include <stdio.h>
#include <string.h>

static int no_group(const char *typed)
{
	struct cli_suggestion near = {.typed = typed};

	for (const struct cli_group *g = cli_groups; g->name; g++)
		cli_suggest_add(&near, g->name);
	fprintf(stderr, "netmend: no such command: %s", typed);
	if (near.nearest)
		fprintf(stderr, "; did you mean %s?", near.nearest);
	fputs(" (see netmend --help)\n", stderr);
	return CLI_USAGE;
}

/* The verb named in front of --help, or NULL: all of the group. */
static const struct cli_verb *helped_verb(const struct cli_group *group, const char *name)
{
	for (const struct cli_verb *v = group->verbs; name && v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static bool asks_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

/* help, help --json, help GROUP [VERB] */
static int run_help(int argc, char **argv)
{
	if (argc == 0) {
		cli_help(stdout);
		return CLI_OK;
	}
	if (strcmp(argv[0], "--json") == 0)
		return cli_help_json();
	const struct cli_group *group = cli_find_group(argv[0]);
	if (!group)
		return no_group(argv[0]);
	cli_help_group(stdout, group, helped_verb(group, argc > 1 ? argv[1] : NULL));
	return CLI_OK;
}

static int run_group(const struct cli_group *group, int argc, char **argv)
{
	struct cli_call call;

	if (asks_help(argc, argv)) {
		cli_help_group(stdout, group, helped_verb(group, argc > 1 ? argv[1] : NULL));
		return CLI_OK;
	}
	if (group->run)
		return group->run(argc, argv);
	int status = cli_parse(group, argc, argv, &call);
	if (status != CLI_OK)
		return status;
	cli_actor(&call.actor);
	return call.options.watch_ms ? cli_watch(&call) : call.verb->run(&call);
}

int cli_main(int argc, char **argv)
{
	if (argc < 2) {
		cli_help(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	        strcmp(argv[1], "help") == 0)
		return run_help(argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0) {
		puts("netmend " NETMEND_VERSION);
		return CLI_OK;
	}
	const struct cli_group *group = cli_find_group(argv[1]);
	return group ? run_group(group, argc - 1, argv + 1) : no_group(argv[1]);
}
