/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a recipe. */
#include "fixer/windows/recipe.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t name[] = {'C', '-', '0', '0', '0', '0', '0', '2', '9', '1', '.', 's'};
	struct recipe recipe;
	struct error err = {0};

	int r = recipe_parse((const char *)data, size, &recipe, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	must(is_clean(recipe.name, sizeof(recipe.name)) && recipe.name[0]);
	must(is_clean(recipe.path, sizeof(recipe.path)) && recipe.path[0] == '\\');
	must(is_clean(recipe.glob, sizeof(recipe.glob)) && recipe.glob[0]);
	must(!recipe.has_window || recipe.modified_from < recipe.modified_to);
	(void)recipe_glob_match(recipe.glob, name, sizeof(name) / sizeof(name[0]), NULL);
	return 0;
}
