/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recipes: what to match and what to do (design section 8). INI, parsed with libinih. */
#ifndef WINDOWS_RECIPE_H
#define WINDOWS_RECIPE_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum recipe_action { ACTION_REMOVE, ACTION_RENAME, ACTION_REPORT };
enum recipe_unclean { UNCLEAN_RENAME, UNCLEAN_REPLAY, UNCLEAN_REFUSE };

struct recipe {
	char name[64];
	char path[256];          /* directory, "\Windows\System32\..." */
	char glob[128];          /* '*' and '?', file name only */
	bool has_window;         /* the next two were given */
	int64_t modified_from;   /* seconds since 1970, inclusive */
	int64_t modified_to;     /* exclusive */
	bool act_outside_window; /* when-outside-window = act */
	enum recipe_action action;
	enum recipe_unclean unclean;
};

/* text of len bytes (at most NM_MAX_RECIPE). Unknown sections and keys, duplicates, missing ones
 * and bad values are errors: -EINVAL, REASON_RECIPE_BAD, "line N: ...". */
int recipe_parse(const char *text, size_t len, struct recipe *ret, struct error *err);

/* The recipe of channel file 291, as text; what ships as the default. */
extern const char recipe_crowdstrike_291[];

/* Matches name against the recipe's glob, case folded through upcase (65536 UTF-16 units, as in
 * the volume's $UpCase; NULL folds ASCII only). Names are UTF-16LE units. */
bool recipe_glob_match(
        const char *glob, const uint16_t *name, size_t name_len, const uint16_t *upcase);

#endif
