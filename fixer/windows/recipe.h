/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recipes: what to match and what to do (design section 8). INI, parsed with libinih. README.md in
 * this folder is the format's description for people. */
#ifndef WINDOWS_RECIPE_H
#define WINDOWS_RECIPE_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECIPE_MATCHES_MAX 8
#define RECIPE_HEADER_MAX  64

enum recipe_action { ACTION_REMOVE, ACTION_RENAME, ACTION_REPORT };
enum recipe_unclean { UNCLEAN_RENAME, UNCLEAN_REPLAY, UNCLEAN_REFUSE };

/* One [match] section. A file is meant when path and glob fit; the other conditions tell a bad one
 * from a good one of the same name. */
struct recipe_match {
	unsigned line;                     /* of the recipe, where the section begins */
	char path[256];                    /* directory, "\Windows\System32\...", UTF-8 */
	char glob[128];                    /* '*' and '?', file name only, UTF-8 */
	bool has_window;                   /* the next two were given */
	int64_t modified_from;             /* seconds since 1970, inclusive */
	int64_t modified_to;               /* exclusive */
	bool act_outside_window;           /* when-outside-window = act */
	uint64_t size_min;                 /* bytes, inclusive; 0 when not given */
	uint64_t size_max;                 /* inclusive; UINT64_MAX when not given */
	size_t header_len;                 /* 0: not given */
	uint8_t header[RECIPE_HEADER_MAX]; /* the file's first bytes */
	bool has_sha256;                   /* the next was given */
	uint8_t sha256[32];                /* of the whole content */
};

struct recipe {
	char name[64];
	unsigned version;   /* 1 when not given */
	char title[128];    /* for people; "" when not given */
	size_t match_count; /* 1 or more */
	struct recipe_match matches[RECIPE_MATCHES_MAX];
	unsigned action_line; /* where [action] begins */
	enum recipe_action action;
	enum recipe_unclean unclean;
};

/* text of len bytes (at most NM_MAX_RECIPE). Unknown sections and keys, duplicates, missing ones
 * and bad values are errors: -EINVAL, REASON_RECIPE_BAD, "line N: ...". Only [match] may come
 * several times; what is missing in one is told with the line where it began. */
int recipe_parse(const char *text, size_t len, struct recipe *ret, struct error *err);

/* What a person who wrote the recipe should think about again; line as in struct recipe_match. */
struct recipe_warning {
	unsigned line;
	char text[160];
};
#define RECIPE_WARNINGS_MAX 64

/* Fills out with at most max; returns how many. */
size_t recipe_warnings(const struct recipe *recipe, struct recipe_warning *out, size_t max);

/* The recipes that ship, as text; each parses, and is called in its text what it is called here. */
struct recipe_builtin {
	const char *name, *text;
};
extern const struct recipe_builtin recipe_builtins[];
extern const size_t recipe_builtin_count;

/* NULL when none is called so. */
const char *recipe_builtin_text(const char *name);

/* The recipe of channel file 291: the default. */
#define RECIPE_DEFAULT "crowdstrike-291"
extern const char recipe_crowdstrike_291[];

/* What follows "\Windows" in a path that begins with it, "" for the directory itself; NULL for a
 * path outside. "\Windows" stands for the directory of any installation. */
const char *recipe_path_in_windows(const char *path);

/* Matches name against a recipe's glob, case folded through upcase (65536 UTF-16 units, as in
 * the volume's $UpCase; NULL folds ASCII only). Names are UTF-16LE units. */
bool recipe_glob_match(
        const char *glob, const uint16_t *name, size_t name_len, const uint16_t *upcase);

#endif
