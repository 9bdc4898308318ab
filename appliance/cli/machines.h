/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How `netmend machines` shows what the store knows. */
#ifndef CLI_MACHINES_H
#define CLI_MACHINES_H

#include "appliance/store/store.h"

#include <stdbool.h>

/* On standard output: a table, or with json an array of objects, in order of name. 0 or -errno. */
int machines_print_list(struct store *store, bool json);

/* One machine with its timeline. 0 or -errno. */
int machines_print_one(struct store *store, const struct machine *m, bool json);

#endif
