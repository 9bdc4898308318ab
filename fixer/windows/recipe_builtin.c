/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recipes that ship. */
#include "fixer/windows/recipe.h"

#include <string.h>

#define MATCH_291                                                                  \
	"[match]\n"                                                                \
	"path = \\Windows\\System32\\drivers\\CrowdStrike\n"                       \
	"glob = C-00000291*.sys\n"                                                 \
	"modified-from = 2024-07-19T04:09:00Z     ; bad window; good from 05:27\n" \
	"modified-to   = 2024-07-19T05:27:00Z\n"                                   \
	"when-outside-window = skip               ; skip | act\n"

const char recipe_crowdstrike_291[] =
        "[recipe]\n"
        "name = crowdstrike-291\n" MATCH_291 "[action]\n"
        "do = remove                              ; remove | rename | report-only\n"
        "unclean-journal = rename                 ; rename | replay | refuse\n";

/* What the default would find, for a look at a fleet before anything is decided. */
static const char report_only[] =
        "[recipe]\n"
        "name = report-only\n"
        "title = Channel file 291: find it, change nothing\n" MATCH_291 "[action]\n"
        "do = report-only\n";

const struct recipe_builtin recipe_builtins[] = {
        {"crowdstrike-291", recipe_crowdstrike_291},
        {"report-only", report_only},
};
const size_t recipe_builtin_count = sizeof(recipe_builtins) / sizeof(recipe_builtins[0]);

const char *recipe_builtin_text(const char *name)
{
	for (size_t i = 0; i < recipe_builtin_count; i++)
		if (strcmp(recipe_builtins[i].name, name) == 0)
			return recipe_builtins[i].text;
	return NULL;
}
