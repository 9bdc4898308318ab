/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How `netmend recipe` shows a recipe. */
#ifndef CLI_RECIPE_H
#define CLI_RECIPE_H

#include "appliance/cli/table.h"
#include "fixer/windows/recipe.h"

#include <jansson.h>

/* Its row of a table: name, version, what it does, which file, where. */
void recipe_table_row(struct table *table, const struct recipe *recipe);

/* What it finds, what it does in each state of a volume, what to think about again. */
void recipe_print_words(const struct recipe *recipe);

/* The same as one JSON object, the caller's; NULL: no memory. */
json_t *recipe_json(const struct recipe *recipe);

#endif
