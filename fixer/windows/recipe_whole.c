/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the lines of a recipe make together. */
#include "fixer/windows/recipe_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* In words: "'key' missing in [section]", at the section's line, or the last one's when there is no
 * such section. */
static int missing(struct parser *p, enum recipe_key key)
{
	enum recipe_section section = recipe_keys[key].section;
	char text[64];

	(void)snprintf(text, sizeof(text), "%s'%s' missing in [%s]",
	        p->section_lines[section] ? "" : "end of recipe, ", recipe_keys[key].name,
	        recipe_sections[section]);
	return recipe_fail_at(
	        p, p->section_lines[section] ? p->section_lines[section] : p->line, text, "");
}

static int check_required(struct parser *p, enum recipe_section section)
{
	for (unsigned i = 0; i < KEY_COUNT; i++)
		if (recipe_keys[i].section == section && recipe_keys[i].required &&
		        !p->key_lines[i])
			return missing(p, (enum recipe_key)i);
	return 0;
}

static unsigned later(const struct parser *p, enum recipe_key a, enum recipe_key b)
{
	return p->key_lines[a] > p->key_lines[b] ? p->key_lines[a] : p->key_lines[b];
}

static int check_match(struct parser *p)
{
	const unsigned from = p->key_lines[KEY_MODIFIED_FROM], to = p->key_lines[KEY_MODIFIED_TO];
	struct recipe_match *m = p->match;

	if (from && !to)
		return recipe_fail_at(p, from, "'modified-from' without 'modified-to'", "");
	if (to && !from)
		return recipe_fail_at(p, to, "'modified-to' without 'modified-from'", "");
	m->has_window = from != 0;
	if (from && m->modified_from >= m->modified_to)
		return recipe_fail_at(p, later(p, KEY_MODIFIED_FROM, KEY_MODIFIED_TO),
		        "modified-from is not before modified-to", "");
	if (m->size_min > m->size_max)
		return recipe_fail_at(p, later(p, KEY_SIZE_FROM, KEY_SIZE_TO),
		        "size-from is larger than size-to", "");
	return 0;
}

int recipe_check_section(struct parser *p, enum recipe_section section)
{
	int r = check_required(p, section);

	return r == 0 && section == SECTION_MATCH ? check_match(p) : r;
}

/* Conditions that only hold for one content make any pattern narrow. */
static bool is_narrow(const struct recipe_match *m)
{
	return m->has_sha256 || !strpbrk(m->glob, "*?") ||
	       recipe_glob_literals(m->glob) >= RECIPE_GLOB_LITERALS;
}

bool recipe_may_rename(const struct recipe *r)
{
	return r->action == ACTION_RENAME ||
	       (r->action == ACTION_REMOVE && r->unclean != UNCLEAN_REFUSE);
}

/* A rename must leave a name the recipe does not find again: the machine would never be done. */
static int check_globs(struct parser *p)
{
	const struct recipe *r = &p->recipe;

	for (size_t i = 0; i < r->match_count; i++) {
		const struct recipe_match *m = &r->matches[i];
		if (r->action != ACTION_REPORT && !is_narrow(m))
			return recipe_fail_at(p, p->glob_lines[i],
			        "glob is too wide to act on; it needs 4 letters or digits before "
			        "the extension, or sha256:",
			        m->glob);
		const char *vital =
		        m->has_sha256 || !strpbrk(m->glob, "*?") ? NULL : recipe_vital(m);
		if (r->action != ACTION_REPORT && vital)
			return recipe_fail_at(p, p->glob_lines[i],
			        "glob fits a file that Windows does not start without; name the "
			        "bad "
			        "one closer:",
			        vital);
		if (recipe_may_rename(r) && recipe_globs_meet(m->glob, "*off"))
			return recipe_fail_at(p, p->glob_lines[i],
			        "glob fits the file still when it is renamed to .off; say its "
			        "extension too:",
			        m->glob);
	}
	return 0;
}

int recipe_check_whole(struct parser *p)
{
	int r = recipe_check_section(p, SECTION_RECIPE);

	if (r == 0 && p->recipe.match_count == 0)
		r = missing(p, KEY_PATH);
	if (r == 0)
		r = recipe_check_section(p, SECTION_ACTION);
	p->recipe.action_line = p->section_lines[SECTION_ACTION];
	return r == 0 ? check_globs(p) : r;
}
