/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one way a machine's state changes; for the files of fleet/ only. */
#ifndef FLEET_CHANGE_H
#define FLEET_CHANGE_H

#include "appliance/store/store.h"

/* Within a transaction: sets state, reason and text of m (since, when the state is another one),
 * ends its silence, saves it and writes the event. step: a word for the timeline. */
int change_state(struct store *s, struct machine *m, int64_t now, enum machine_state state,
        enum reason reason, const char *step, const char *text);

/* Only the event; the machine's state is repeated in it. reason as given. */
int change_note(struct store *s, const struct machine *m, int64_t now, enum reason reason,
        const char *step, const char *text);

/* Ends a transaction as r says: commits on 0, else rolls back and returns r. */
int change_end(struct store *s, int r);

/* True while a fixer works on the machine: running to repaired. */
bool change_in_session(enum machine_state state);

#endif
