/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How `netmend recipe` shows a recipe. */
#ifndef CLI_RECIPE_H
#define CLI_RECIPE_H

#include "fixer/windows/recipe.h"

/* One line: name, version, what it does. */
void recipe_print_line(const struct recipe *recipe);

/* What it finds, what it does in each state of a volume, what to think about again. */
void recipe_print_words(const struct recipe *recipe);

/* The same as one JSON object. 0 or -ENOMEM. */
int recipe_print_json(const struct recipe *recipe);

#endif
