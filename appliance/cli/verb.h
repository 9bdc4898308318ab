/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the command line knows: groups, their verbs, the verbs' words and options. This one table
 * (verbs.c) is what the parser obeys and what --help, completion and the tests of the manual pages
 * read.
 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "appliance/cli/cli.h"
#include "appliance/store/actions.h"

#include <stdio.h>

#define CLI_MANY      10000
#define CLI_GIVEN_MAX 64

struct cli_option {
	const char *name;  /* "--since" */
	const char *value; /* what it is called in --help, "TIME"; NULL: it takes none */
	const char *help;  /* a line, lower case, without a full stop */
};

/* Common options a verb takes besides --config and --state. */
enum {
	CLI_JSON = 1,      /* --json */
	CLI_WATCH = 2,     /* --watch [SECONDS] */
	CLI_INTERFACE = 4, /* --interface IF */
};

struct cli_call;

struct cli_verb {
	const char *name; /* "list"; "" in a group that is a verb itself */
	/* As --help shows them: "MAC [NAME]". Completion knows MACHINE, CAMPAIGN, RECIPE, FILE and
	 * a|b|c. */
	const char *words;
	int words_min, words_max;
	unsigned takes;
	const struct cli_option *options;        /* its own, ending with a NULL name; NULL: none */
	const char *help;                        /* a line, lower case, without a full stop */
	int (*run)(const struct cli_call *call); /* an exit status; has printed why */
};

struct cli_group {
	const char *name;
	const char *help;             /* what it is about, a few words */
	const struct cli_verb *verbs; /* ends with a NULL name */
	/* For a group that reads its arguments itself: instead of the verbs' run. */
	int (*run)(int argc, char **argv);
};

extern const struct cli_group cli_groups[]; /* ends with a NULL name */

/* Each beside its verbs. */
extern const struct cli_verb serve_verbs[], check_verbs[], keys_verbs[], release_verbs[],
        audit_verbs[], recipe_verbs[], machines_verbs[], inventory_verbs[], campaign_verbs[],
        completion_verbs[], store_verbs[], user_verbs[], progress_verbs[], wire_verbs[],
        preflight_verbs[], media_verbs[], netboot_verbs[], power_verbs[];

/* A group that is a verb itself: serve, check. */
bool cli_is_single(const struct cli_group *group);

/* Common options; the last has a NULL name. */
extern const struct cli_option cli_common_options[];

/* What was typed, judged by the table. */
struct cli_call {
	const struct cli_group *group;
	const struct cli_verb *verb;
	struct cli_options options; /* the common ones */
	struct actor actor;         /* who is at the shell */
	int count;                  /* words behind the verb: words_min to words_max */
	char **words;               /* ends with NULL */
	struct {
		const struct cli_option *option;
		const char *value; /* "" when it takes none */
	} given[CLI_GIVEN_MAX];
	size_t given_count;
};

/* The value of an option of the verb's own, the last when it was given several times; "" for one
 * without a value; NULL when it was not given. */
const char *cli_value(const struct cli_call *call, const char *name);
/* The n-th of it, from 0; NULL: not so many. */
const char *cli_value_at(const struct cli_call *call, const char *name, size_t n);

/* Opens the store as cli_open_store() does, lets work have it and closes it: what work says, which
 * has printed why not; or CLI_FAILED. */
int cli_with_store(const struct cli_call *call,
        int (*work)(const struct cli_call *call, struct store *store, void *context),
        void *context);

/* Judges argv (argv[0] is the group's name). CLI_OK, or CLI_USAGE and printed. Words point into
 * argv. */
int cli_parse(const struct cli_group *group, int argc, char **argv, struct cli_call *ret);

const struct cli_group *cli_find_group(const char *name);
/* Its option of that name or a common one that it takes; NULL. */
const struct cli_option *cli_find_option(const struct cli_verb *verb, const char *name);

/* --help: of everything, of a group or of a verb of it (may be NULL). */
void cli_help(FILE *out);
void cli_help_group(FILE *out, const struct cli_group *group, const struct cli_verb *verb);
/* The same for programs: the table as JSON. CLI_OK or CLI_FAILED. */
int cli_help_json(void);

/* The nearest of the names, when it is near enough to be meant; NULL. Add each with
 * cli_suggest_add(). */
struct cli_suggestion {
	const char *typed;
	const char *nearest;
	size_t distance;
};
void cli_suggest_add(struct cli_suggestion *s, const char *name);

/* The whole command: argc and argv of main(). An exit status. */
int cli_main(int argc, char **argv);

#endif
