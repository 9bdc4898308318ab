/* SPDX-License-Identifier: GPL-3.0-or-later */
/* modules.list: what is asked for, by group. The format is told at the top of that file. */
#ifndef MKINITRD_LIST_H
#define MKINITRD_LIST_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_NO_DRIVER SIZE_MAX

struct list_item {
	char *name; /* module name with '_' for '-', or a path below /lib/firmware */
	bool is_firmware;
	bool optional;  /* firmware: may be missing */
	size_t driver;  /* firmware: index of the one item that is left out without it, or
	                 * LIST_NO_DRIVER */
	bool left_out;  /* firmware_check() found that it, or what it needs, is missing */
	unsigned group; /* index into groups */
	unsigned line;
};

struct module_list {
	char **groups; /* groups[0] is "" and holds what stands before the first "## " line */
	unsigned group_count;
	struct list_item *items;
	size_t item_count;
};

/* text: the whole file, NUL-terminated. 0, or -EINVAL naming the line: a name of other characters
 * than [A-Za-z0-9_-], a firmware path that is absolute or has "..", a name twice. */
int module_list_parse(const char *text, struct module_list *ret, struct error *err);
void module_list_free(struct module_list *list);

#endif
