/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a recipe. */
#include "fixer/windows/recipe.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t name[] = {'C', '-', '0', '0', '0', '0', '0', '2', '9', '1', '.', 's'};
	struct recipe_warning warnings[RECIPE_WARNINGS_MAX];
	struct recipe recipe;
	struct error err = {0};

	int r = recipe_parse((const char *)data, size, &recipe, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	must(is_clean(recipe.name, sizeof(recipe.name)) && recipe.name[0]);
	must(recipe.version > 0 && is_clean(recipe.title, sizeof(recipe.title)));
	must(recipe.match_count > 0 && recipe.match_count <= RECIPE_MATCHES_MAX);
	for (size_t i = 0; i < recipe.match_count; i++) {
		const struct recipe_match *m = &recipe.matches[i];
		must(is_clean(m->path, sizeof(m->path)) && m->path[0] == '\\');
		must(is_clean(m->glob, sizeof(m->glob)) && m->glob[0]);
		must(!m->has_window || m->modified_from < m->modified_to);
		must(m->size_min <= m->size_max && m->header_len <= RECIPE_HEADER_MAX);
		(void)recipe_glob_match(m->glob, name, sizeof(name) / sizeof(name[0]), NULL);
	}
	size_t count = recipe_warnings(&recipe, warnings, RECIPE_WARNINGS_MAX);
	for (size_t i = 0; i < count; i++)
		must(is_clean(warnings[i].text, sizeof(warnings[i].text)));
	return 0;
}
