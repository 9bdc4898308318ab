/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of the recipe parser: recipe.c reads lines, recipe_values.c values,
 * recipe_whole.c what they make together. */
#ifndef WINDOWS_RECIPE_INTERNAL_H
#define WINDOWS_RECIPE_INTERNAL_H

#include "fixer/windows/recipe.h"

#define RECIPE_GLOB_MAX 128 /* UTF-16 units; never more than bytes */
/* A pattern that says less of a name may mean any of Windows' own files. */
#define RECIPE_GLOB_LITERALS 4

enum recipe_section { SECTION_RECIPE, SECTION_MATCH, SECTION_ACTION, SECTION_COUNT };

enum recipe_key {
	KEY_NAME,
	KEY_VERSION,
	KEY_TITLE,
	KEY_PATH,
	KEY_GLOB,
	KEY_MODIFIED_FROM,
	KEY_MODIFIED_TO,
	KEY_OUTSIDE,
	KEY_SIZE_FROM,
	KEY_SIZE_TO,
	KEY_HEADER,
	KEY_SHA256,
	KEY_DO,
	KEY_UNCLEAN,
	KEY_COUNT,
};

/* Where each line comes from and the first error, which is the one people are told. */
struct parser {
	const char *at, *end;
	unsigned line;
	unsigned section_lines[SECTION_COUNT]; /* where each began last; 0: not yet */
	unsigned key_lines[KEY_COUNT]; /* 0: not given; those of [match] are of the current one */
	unsigned glob_lines[RECIPE_MATCHES_MAX];
	struct recipe recipe;
	struct recipe_match *match; /* the section being read; NULL before the first */
	struct error *err;
	bool failed;
};

/* Notes "line N: what 'subject'", unless an error is noted already; subject may be "". Always
 * -EINVAL. */
int recipe_fail_at(struct parser *p, unsigned line, const char *what, const char *subject);
int recipe_fail(struct parser *p, const char *what, const char *subject); /* at the line read */

struct recipe_key_rule {
	enum recipe_section section;
	const char *name;
	bool required;
	int (*set)(struct parser *p, const char *value); /* 0 or recipe_fail() */
};
extern const struct recipe_key_rule recipe_keys[KEY_COUNT];
extern const char *const recipe_sections[SECTION_COUNT];

/* 0, or recipe_fail() with what is wrong: a path names one directory from the volume's root and
 * nothing else, a glob one name in it. */
int recipe_check_path(struct parser *p, const char *path);
int recipe_check_glob(struct parser *p, const char *glob);

/* Letters and digits before the extension: what a pattern says of the name. */
size_t recipe_glob_literals(const char *glob);
/* Whether some name fits both patterns, ASCII letters in any case. */
bool recipe_globs_meet(const char *a, const char *b);

/* A file Windows does not start without that the section's names fit; NULL when there is none. */
const char *recipe_vital(const struct recipe_match *m);

/* Whether a plan by this recipe may be a rename. */
bool recipe_may_rename(const struct recipe *recipe);

/* When a section's keys are all read: what is missing in it, what contradicts itself. */
int recipe_check_section(struct parser *p, enum recipe_section section);
/* At the end: sections that are missing, and what contradicts across them. */
int recipe_check_whole(struct parser *p);

#endif
