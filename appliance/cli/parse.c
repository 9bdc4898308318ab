/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arguments, judged by the table of verbs. */
#include "appliance/cli/verb.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_SECONDS 2
#define WATCH_MAX     3600

const struct cli_option cli_common_options[] = {
        {"--config", "FILE", "default /etc/netmend.conf, if there is one"},
        {"--state", "DIR", "instead of the configuration's"},
        {"--interface", "IF", "the network the machines are on"},
        {"--json", NULL, "for programs"},
        {"--watch", "[SECONDS]", "again and again, until Ctrl-C; every 2 seconds if not told"},
        {0},
};

static bool taken_by(const struct cli_verb *verb, const char *common)
{
	unsigned needed = strcmp(common, "--json") == 0        ? CLI_JSON
	                  : strcmp(common, "--watch") == 0     ? CLI_WATCH
	                  : strcmp(common, "--interface") == 0 ? CLI_INTERFACE
	                                                       : 0;

	return (verb->takes & needed) == needed;
}

static const struct cli_option *find_in(
        const struct cli_option *options, const char *name, size_t len)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

const struct cli_option *cli_find_option(const struct cli_verb *verb, const char *name)
{
	size_t len = strcspn(name, "=");
	const struct cli_option *option = find_in(verb->options, name, len);

	if (!option) {
		option = find_in(cli_common_options, name, len);
		option = option && taken_by(verb, option->name) ? option : NULL;
	}
	return option;
}

const char *cli_value_at(const struct cli_call *call, const char *name, size_t n)
{
	for (size_t i = 0; i < call->given_count; i++)
		if (strcmp(call->given[i].option->name, name) == 0 && n-- == 0)
			return call->given[i].value;
	return NULL;
}

const char *cli_value(const struct cli_call *call, const char *name)
{
	for (size_t i = call->given_count; i-- > 0;)
		if (strcmp(call->given[i].option->name, name) == 0)
			return call->given[i].value;
	return NULL;
}

/* ---- finding the verb ---- */

bool cli_is_single(const struct cli_group *group)
{
	return group->verbs[0].name[0] == '\0';
}

const struct cli_group *cli_find_group(const char *name)
{
	for (const struct cli_group *g = cli_groups; g->name; g++)
		if (strcmp(g->name, name) == 0)
			return g;
	return NULL;
}

/* Whether the option is followed by its value, as any verb of the group has it: the verb is not
 * known yet. */
static bool value_follows(const struct cli_group *group, const char *name)
{
	const struct cli_option *option = NULL;

	if (strchr(name, '=') || strcmp(name, "--watch") == 0)
		return false;
	for (const struct cli_verb *v = group->verbs; v->name && !option; v++)
		option = cli_find_option(v, name);
	return option && option->value;
}

/* Where the verb's name stands, or argc. */
static int verb_place(const struct cli_group *group, int argc, char **argv)
{
	int i = 1;

	while (i < argc && strncmp(argv[i], "--", 2) == 0)
		i += value_follows(group, argv[i]) ? 2 : 1;
	return i < argc ? i : argc;
}

static int no_verb(const struct cli_group *group, const char *typed)
{
	struct cli_suggestion near = {.typed = typed ? typed : ""};

	for (const struct cli_verb *v = group->verbs; v->name; v++)
		cli_suggest_add(&near, v->name);
	if (!typed) {
		cli_help_group(stderr, group, NULL);
		return CLI_USAGE;
	}
	fprintf(stderr, "netmend: no such command: %s %s", group->name, typed);
	if (near.nearest)
		fprintf(stderr, "; did you mean %s %s?", group->name, near.nearest);
	fprintf(stderr, " (see netmend %s --help)\n", group->name);
	return CLI_USAGE;
}

static const struct cli_verb *find_verb(const struct cli_group *group, const char *name)
{
	for (const struct cli_verb *v = group->verbs; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

/* ---- options ---- */

static int no_option(const struct cli_call *call, const char *typed)
{
	struct cli_suggestion near = {.typed = typed};

	for (const struct cli_option *o = call->verb->options; o && o->name; o++)
		cli_suggest_add(&near, o->name);
	for (const struct cli_option *o = cli_common_options; o->name; o++)
		if (taken_by(call->verb, o->name))
			cli_suggest_add(&near, o->name);
	fprintf(stderr, "netmend: %s%s%s does not know %s", call->group->name,
	        call->verb->name[0] ? " " : "", call->verb->name, typed);
	if (near.nearest)
		fprintf(stderr, "; did you mean %s?", near.nearest);
	fprintf(stderr, " (see netmend %s --help)\n", call->group->name);
	return CLI_USAGE;
}

static bool is_number(const char *text)
{
	return text && isdigit((unsigned char)text[0]) &&
	       strspn(text, "0123456789.") == strlen(text);
}

static int take_seconds(struct cli_options *options, const char *text)
{
	char *end;

	double seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0.1 && seconds <= WATCH_MAX))
		return cli_usage("--watch takes seconds, 0.1 to 3600");
	options->watch_ms = (int)(seconds * 1000);
	return CLI_OK;
}

static int take_own(struct cli_call *call, const struct cli_option *option, const char *value)
{
	if (call->given_count == CLI_GIVEN_MAX)
		return cli_usage("too many options");
	call->given[call->given_count].option = option;
	call->given[call->given_count++].value = value ? value : "";
	return CLI_OK;
}

static int take_common(struct cli_options *options, const char *name, const char *value)
{
	if (strcmp(name, "--json") == 0)
		options->json = true;
	else if (strcmp(name, "--config") == 0)
		options->config = value;
	else if (strcmp(name, "--state") == 0)
		options->state = value;
	else if (strcmp(name, "--interface") == 0)
		options->interface = value;
	else if (value)
		return take_seconds(options, value);
	else
		options->watch_ms = WATCH_SECONDS * 1000;
	return CLI_OK;
}

/* Takes argv[*i] and its value, which may be the next argument. */
static int take_option(struct cli_call *call, char **argv, int *i)
{
	const char *typed = argv[*i], *value = strchr(typed, '=');
	const struct cli_option *option = cli_find_option(call->verb, typed);

	if (!option)
		return no_option(call, typed);
	bool maybe = option->value && option->value[0] == '[';
	value = value ? value + 1 : NULL;
	if (value && !option->value) {
		fprintf(stderr, "netmend: %s takes no value\n", option->name);
		return CLI_USAGE;
	}
	if (!value && option->value && (!maybe || is_number(argv[*i + 1])))
		value = argv[++*i];
	if (!value && option->value && !maybe) {
		fprintf(stderr, "netmend: %s needs a value: %s %s\n", option->name, option->name,
		        option->value);
		return CLI_USAGE;
	}
	return find_in(cli_common_options, option->name, strlen(option->name)) == option
	               ? take_common(&call->options, option->name, value)
	               : take_own(call, option, value);
}

static int judge_words(const struct cli_call *call)
{
	const struct cli_verb *verb = call->verb;

	if (call->count >= verb->words_min && call->count <= verb->words_max)
		return CLI_OK;
	fprintf(stderr, "netmend: usage: netmend %s%s%s%s%s (see netmend %s --help)\n",
	        call->group->name, verb->name[0] ? " " : "", verb->name, verb->words[0] ? " " : "",
	        verb->words, call->group->name);
	return CLI_USAGE;
}

int cli_parse(const struct cli_group *group, int argc, char **argv, struct cli_call *ret)
{
	bool single = cli_is_single(group);
	int place = single ? 0 : verb_place(group, argc, argv);
	struct cli_call call = {.group = group, .words = argv};
	bool words_only = false;

	if (place == argc)
		return no_verb(group, NULL);
	call.verb = single ? &group->verbs[0] : find_verb(group, argv[place]);
	if (!call.verb)
		return no_verb(group, argv[place]);
	for (int i = 1; i < argc; i++) {
		int status = CLI_OK;
		if (i == place)
			continue;
		if (!words_only && strcmp(argv[i], "--") == 0)
			words_only = true;
		else if (!words_only && strncmp(argv[i], "--", 2) == 0)
			status = take_option(&call, argv, &i);
		else
			argv[call.count++] = argv[i];
		if (status != CLI_OK)
			return status;
	}
	argv[call.count] = NULL;
	int status = judge_words(&call);
	if (status == CLI_OK)
		*ret = call;
	return status;
}
