/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend completion`: bash is taught the table of verbs, and asks for names where they are cheap.
 */
#include "appliance/cli/names.h"
#include "appliance/cli/verb.h"

#include <stdio.h>
#include <string.h>

/* What does not depend on the table. $group and $verb are what was typed so far; $place counts the
 * words behind the verb. */
static const char script_head[] =
        "# SPDX-License-Identifier: GPL-3.0-or-later\n"
        "# Made by: netmend completion bash\n"
        "\n"
        "# Adds what of standard input begins with $cur, quoted.\n"
        "_netmend_add() {\n"
        "\tlocal line\n"
        "\twhile IFS= read -r line; do\n"
        "\t\t[[ $line == \"$cur\"* ]] && COMPREPLY+=(\"$(printf %q \"$line\")\")\n"
        "\tdone\n"
        "}\n"
        "\n"
        "# Adds what a word of this kind can be: FILE, MACHINE, a|b|c, ...\n"
        "_netmend_kind() {\n"
        "\tlocal kind\n"
        "\tfor kind in ${1//|/ }; do\n"
        "\t\tcase $kind in\n"
        "\t\tFILE) compopt -o filenames; _netmend_add < <(compgen -f -- \"$cur\") ;;\n"
        "\t\tDIR) compopt -o filenames; _netmend_add < <(compgen -d -- \"$cur\") ;;\n"
        "\t\tIF) _netmend_add < <(command ls /sys/class/net) ;;\n"
        "\t\tMACHINE | CAMPAIGN | RECIPE)\n"
        "\t\t\t_netmend_add < <(\"${COMP_WORDS[0]}\" completion names \"$kind\" \"$cur\" \\\n"
        "\t\t\t\t\"${place_options[@]}\" 2>/dev/null) ;;\n"
        "\t\t[a-z]*) _netmend_add <<<\"$kind\" ;;\n"
        "\t\tesac\n"
        "\tdone\n"
        "}\n"
        "\n";

static const char script_tail[] =
        "\n"
        "_netmend() {\n"
        "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
        "\tlocal group=${COMP_WORDS[1]} verb= place=0 i options= value=\n"
        "\tlocal words=() place_options=()\n"
        "\tCOMPREPLY=()\n"
        "\tif ((COMP_CWORD == 1)); then\n"
        "\t\t_netmend_kind \"$_netmend_groups\"\n"
        "\t\treturn\n"
        "\tfi\n"
        "\t[[ $_netmend_single == *\" $group \"* ]] && verb=-\n"
        "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
        "\t\tcase ${COMP_WORDS[i]} in\n"
        "\t\t--config | --state) place_options+=(\"${COMP_WORDS[i]}\" \"${COMP_WORDS[i+1]}\"); "
        "((i++)) ;;\n"
        "\t\t--*) [[ $_netmend_valued == *\" ${COMP_WORDS[i]} \"* ]] && ((i++)) ;;\n"
        "\t\t*) if [[ $verb ]]; then ((place++)); else verb=${COMP_WORDS[i]}; fi ;;\n"
        "\t\tesac\n"
        "\tdone\n"
        "\t_netmend_table \"$group\" \"$verb\" \"$prev\"\n"
        "\tif [[ $prev == --* && $value && $value != \"[\"* ]]; then\n"
        "\t\t_netmend_kind \"$value\"\n"
        "\telif [[ $cur == -* ]]; then\n"
        "\t\t_netmend_add < <(printf '%s\\n' $options --help)\n"
        "\telif ((${#words[@]})); then\n"
        "\t\t((place >= ${#words[@]})) && [[ ${words[-1]} == *... ]] && place=$((${#words[@]} - "
        "1))\n"
        "\t\t_netmend_kind \"${words[place]%...}\"\n"
        "\tfi\n"
        "}\n"
        "complete -F _netmend netmend\n";

static void print_names_of_groups(bool single)
{
	const char *separator = single ? " " : "|";

	printf(single ? "_netmend_single=' " : "_netmend_groups='");
	for (const struct cli_group *g = cli_groups; g->name; g++)
		if (!single || cli_is_single(g))
			printf("%s%s", g->name, single || g[1].name ? separator : "");
	puts(single ? "'" : "|help|--help|--version'");
}

/* Options that are followed by a value, of any verb: to find the verb behind them. */
static void print_valued(void)
{
	printf("_netmend_valued=' ");
	for (const struct cli_option *o = cli_common_options; o->name; o++)
		if (o->value && o->value[0] != '[')
			printf("%s ", o->name);
	for (const struct cli_group *g = cli_groups; g->name; g++)
		for (const struct cli_verb *v = g->verbs; v->name; v++)
			for (const struct cli_option *o = v->options; o && o->name; o++)
				if (o->value && o->value[0] != '[')
					printf("%s ", o->name);
	puts("'\n");
}

/* "MAC [NAME]" as ('MAC' 'NAME'). */
static void print_words(const char *words)
{
	const char *words_end = words[0] ? "')" : ")";

	fputs(words[0] ? "words=('" : "words=(", stdout);
	for (; *words; words++)
		if (*words == ' ')
			fputs("' '", stdout);
		else if (*words != '[' && *words != ']')
			putchar(*words);
	puts(words_end);
}

static void print_option_values(const struct cli_option *options, const struct cli_verb *taken_by)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (o->value && cli_find_option(taken_by, o->name) == o)
			printf("\t\t%s) value='%s' ;;\n", o->name, o->value);
}

static void print_verb(const struct cli_group *group, const struct cli_verb *verb)
{
	printf("\t'%s %s')\n\t\toptions='", group->name, verb->name[0] ? verb->name : "-");
	for (const struct cli_option *o = verb->options; o && o->name; o++)
		printf("%s ", o->name);
	for (const struct cli_option *o = cli_common_options; o->name; o++)
		if (cli_find_option(verb, o->name) == o)
			printf("%s ", o->name);
	printf("'\n\t\t");
	print_words(verb->words);
	puts("\t\tcase $3 in");
	print_option_values(verb->options, verb);
	print_option_values(cli_common_options, verb);
	puts("\t\tesac ;;");
}

static int do_bash(const struct cli_call *call)
{
	(void)call;
	fputs(script_head, stdout);
	print_names_of_groups(false);
	print_names_of_groups(true);
	print_valued();
	puts("_netmend_table() {\n\tcase \"$1 $2\" in");
	for (const struct cli_group *g = cli_groups; g->name; g++) {
		if (!cli_is_single(g)) {
			printf("\t'%s ')\n\t\twords=(", g->name);
			for (const struct cli_verb *v = g->verbs; v->name; v++)
				printf("%s%s", v == g->verbs ? "'" : "|", v->name);
			puts("') ;;");
		}
		for (const struct cli_verb *v = g->verbs; v->name; v++)
			print_verb(g, v);
	}
	puts("\tesac\n}");
	fputs(script_tail, stdout);
	return CLI_OK;
}

const struct cli_verb completion_verbs[] = {
        {"bash", "", 0, 0, 0, NULL, "what completes these commands in bash, to be sourced",
                do_bash},
        {"names", "MACHINE|CAMPAIGN|RECIPE [PREFIX]", 1, 2, 0, NULL,
                "names that begin so, for completion; at most 200", cli_names},
        {0},
};
