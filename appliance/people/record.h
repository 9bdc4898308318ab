/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people did, for the page, the command line and programs: the same fields everywhere. */
#ifndef PEOPLE_RECORD_H
#define PEOPLE_RECORD_H

#include "appliance/store/actions.h"
#include "fixer/base/buffer.h"

#include <jansson.h>

/* Appends an object for each action to list, the newest first; before and limit as of
 * store_actions(). 0 or -errno. */
int record_json(struct store *s, int64_t before, size_t limit, json_t *list);
/* The same as CSV with a line of headings. */
int record_csv(struct store *s, int64_t before, size_t limit, struct buffer *out);

#endif
