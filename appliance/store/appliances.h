/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The appliances that share the store; who they are is read in counts.h. Errors as in store.h. */
#ifndef STORE_APPLIANCES_H
#define STORE_APPLIANCES_H

#include "appliance/store/counts.h"

#define BEAT_TEXT 17

/* It is there: adds it, or brings its row up to date, in a transaction of its own. beat: what the
 * store has of its last call, "" at its first; a new one each time. *ret_other: somebody else has
 * written this row since; ret_name and ret_address are what he calls himself. */
int store_appliance_beat(struct store *s, const struct store_appliance_row *a, char beat[BEAT_TEXT],
        bool *ret_other, char ret_name[PLACE_TEXT], char ret_address[PLACE_TEXT]);

#endif
