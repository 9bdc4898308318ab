/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table mkinitrd writes to /lib/netmend/modules, text lines:
 *     module NAME PATH           path without leading '/'
 *     needs NAME NAME...         of the module above: what to load first, in that order
 *     alias PATTERN              of the module above: devices it drives, as fnmatch(3) knows them
 */
#ifndef INIT_MODTABLE_H
#define INIT_MODTABLE_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct modtable_entry {
	const char *name, *path;
	const char *needs; /* "a b c", "" when it needs nothing */
	size_t first_alias, alias_count;
	bool tried; /* for the user of the table */
};

struct modtable {
	char *text; /* what all names and patterns point into */
	struct modtable_entry *entries;
	size_t count;
	const char **aliases;
	size_t alias_count;
};

/* 0, or -EINVAL naming the line, -ENOMEM. */
int modtable_parse(const char *text, struct modtable *ret, struct error *err);
void modtable_free(struct modtable *table);

/* NULL when there is none of that name. */
struct modtable_entry *modtable_find(const struct modtable *table, const char *name);

/* Does the module drive the device with this modalias? */
bool modtable_matches(
        const struct modtable *table, const struct modtable_entry *entry, const char *modalias);

#endif
