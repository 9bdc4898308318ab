/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What netmend-hooks gives up before it calls anybody. */
#ifndef HOOKS_WALLS_H
#define HOOKS_WALLS_H

#include "appliance/store/store.h"

/* place: of the store. From now on: the folder of an SQLite file to write to, or the files a
 * database wants again; what libraries want
 * to read; connections outwards; no program, no other process, nothing that listens. */
int hooks_walls_raise(const char *place, const struct store *store, struct error *err);

#endif
