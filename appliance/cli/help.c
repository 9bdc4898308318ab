/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/terminal.h"
#include "appliance/cli/verb.h"
#include "netmend/version.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define COLUMN 38 /* where help begins */

/* Words of one line after another, the lines below the first indented to the same column. */
static void print_wrapped(FILE *out, const char *text)
{
	int width = terminal()->is && terminal()->width >= 80 ? terminal()->width : 100;
	size_t room = (size_t)width - COLUMN - 1;

	while (strlen(text) > room) {
		size_t len = room;
		while (len > 0 && text[len] != ' ')
			len--;
		if (len == 0)
			break;
		fprintf(out, "%.*s\n%*s", (int)len, text, COLUMN, "");
		text += len + 1;
	}
	fprintf(out, "%s\n", text);
}

static void print_entry(FILE *out, const char *left, const char *help)
{
	if (strlen(left) + 1 < COLUMN)
		fprintf(out, "%-*s", COLUMN, left);
	else
		fprintf(out, "%s\n%*s", left, COLUMN, "");
	print_wrapped(out, help);
}

static void print_verb(FILE *out, const struct cli_group *group, const struct cli_verb *verb)
{
	char left[200];

	(void)snprintf(left, sizeof(left), "  netmend %s%s%s%s%s", group->name,
	        verb->name[0] ? " " : "", verb->name, verb->words[0] ? " " : "", verb->words);
	print_entry(out, left, verb->help);
}

static void print_option(FILE *out, const struct cli_option *option)
{
	char left[80];

	(void)snprintf(left, sizeof(left), "    %s%s%s", option->name, option->value ? " " : "",
	        option->value ? option->value : "");
	print_entry(out, left, option->help);
}

void cli_help(FILE *out)
{
	fputs("netmend " NETMEND_VERSION ": repairs machines that boot from the network\n", out);
	for (const struct cli_group *g = cli_groups; g->name; g++) {
		if (g == cli_groups || !cli_is_single(g) || !cli_is_single(g - 1))
			fputc('\n', out);
		for (const struct cli_verb *v = g->verbs; v->name; v++)
			print_verb(out, g, v);
	}
	fputs("\nOptions of all; netmend GROUP --help shows those of each:\n", out);
	for (const struct cli_option *o = cli_common_options; o->name; o++)
		print_option(out, o);
	fputs("\nMACHINE is its MAC address, number or name; TIME like 2026-11-22T13:00:00Z, "
	      "2026-11-22,\n30m, 12h or 7d (ago). FILE may be - for standard input or output.\n"
	      "\n"
	      "Exit status: 0 done; 1 failed; 2 wrong arguments or recipe; 3 done, but some of it "
	      "was not\naccepted, or something is missing.\n",
	        out);
}

void cli_help_group(FILE *out, const struct cli_group *group, const struct cli_verb *only)
{
	fprintf(out, "netmend %s: %s\n\n", group->name, group->help);
	for (const struct cli_verb *verb = group->verbs; verb->name; verb++) {
		if (only && verb != only)
			continue;
		print_verb(out, group, verb);
		for (const struct cli_option *o = verb->options; o && o->name; o++)
			print_option(out, o);
		for (const struct cli_option *o = cli_common_options; o->name; o++)
			if (strcmp(o->name, "--config") != 0 && strcmp(o->name, "--state") != 0 &&
			        cli_find_option(verb, o->name) == o)
				print_option(out, o);
	}
	fputs("  any of them\n", out);
	print_option(out, &cli_common_options[0]);
	print_option(out, &cli_common_options[1]);
}

/* ---- for programs ---- */

static json_t *option_json(const struct cli_option *o)
{
	return json_pack("{s:s, s:s, s:s}", "name", o->name, "value", o->value ? o->value : "",
	        "help", o->help);
}

static json_t *verb_json(const struct cli_verb *verb)
{
	json_t *options = json_array();

	for (const struct cli_option *o = verb->options; o && o->name; o++)
		(void)json_array_append_new(options, option_json(o));
	for (const struct cli_option *o = cli_common_options; o->name; o++)
		if (cli_find_option(verb, o->name) == o)
			(void)json_array_append_new(options, option_json(o));
	return json_pack("{s:s, s:s, s:s, s:o}", "name", verb->name, "words", verb->words, "help",
	        verb->help, "options", options);
}

static json_t *group_json(const struct cli_group *group)
{
	json_t *verbs = json_array();

	for (const struct cli_verb *v = group->verbs; v->name; v++)
		(void)json_array_append_new(verbs, verb_json(v));
	return json_pack(
	        "{s:s, s:s, s:o}", "name", group->name, "help", group->help, "verbs", verbs);
}

int cli_help_json(void)
{
	json_t *groups = json_array();

	for (const struct cli_group *g = cli_groups; g->name; g++)
		(void)json_array_append_new(groups, group_json(g));
	return cli_print_json(
	        json_pack("{s:i, s:s, s:o}", "v", 1, "version", NETMEND_VERSION, "groups", groups));
}
