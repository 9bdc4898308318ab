/* SPDX-License-Identifier: GPL-3.0-or-later */
/* [release] inventory: the machines that may have their keys, as a CSV file with the header
 * uuid,serial,mac (columns in any order, one of them at least). */
#ifndef SUPERVISOR_INVENTORY_H
#define SUPERVISOR_INVENTORY_H

#include "appliance/supervisor/locked_text.h"
#include "fixer/base/error.h"

#define INVENTORY_FILE_MAX (2 * 1024 * 1024)

/* Adds the JSON list. *ret_count: its machines. "PATH:LINE: ..." for what is wrong. */
int inventory_add(struct locked_text *t, const char *path, size_t *ret_count, struct error *err);

/* The same for the file's text (terminated, len without that), which is changed. */
int inventory_add_text(struct locked_text *t, const char *path, char *text, size_t len,
        size_t *ret_count, struct error *err);

#endif
