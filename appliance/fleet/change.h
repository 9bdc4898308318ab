/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one way a machine's state changes; for the files of fleet/ only. */
#ifndef FLEET_CHANGE_H
#define FLEET_CHANGE_H

#include "appliance/store/store.h"

struct fleet;

/* Within a transaction: sets state, reason and text of m (since, when that is new),
 * ends its silence, saves it and writes the event. step: a word for the timeline. */
int change_state(struct store *s, struct machine *m, int64_t now, enum machine_state state,
        enum reason reason, const char *step, const char *text);

/* Within a transaction: m was in this state for this reason and is in its present ones now; the
 * fleet's tally counts who is back and who has failed. */
int change_tally(struct store *s, const struct machine *m, int64_t now, enum machine_state before,
        enum reason reason_before);
/* True when it does not go on by itself: failed, relapsed, not returned, served too often. */
bool change_failed(enum machine_state state, enum reason reason);

/* What its `since` tells the beginning of: another state, or another failure. */
bool change_is_new(enum machine_state before, enum reason reason_before, enum machine_state state,
        enum reason reason);

/* Only the event; the machine's state is repeated in it. reason as given. */
int change_note(struct store *s, const struct machine *m, int64_t now, enum reason reason,
        const char *step, const char *text);

/* Likewise: the machine came back after its repair. Held, until a person lets it go on. */
int change_relapsed(
        struct store *s, struct machine *m, int64_t now, const char *step, const char *text);

/* What has failed may boot again. A repaired machine whose Windows was not seen may also just be
 * late: it is awaited all the same, until it boots from the network (silent_state `rebooting`). */
int change_again(
        struct store *s, struct machine *m, int64_t now, const char *step, const char *text);

/* Ends a transaction as r says: commits on 0, else rolls back and returns r. */
int change_end(struct store *s, int r);

/* This appliance has to do with the machine now; true when it was another one. */
bool change_appliance(const struct fleet *f, struct machine *m);
/* A dry run, or a recipe that only reports, has sent it back: nothing on its disk was changed, so
 * that it comes again is no relapse, and no Windows is awaited. */
bool change_only_looked(enum machine_state state, enum reason reason);
/* True when it was sent back to Windows, which has not been seen since. */
bool change_awaited(const struct machine *m);

/* True while a fixer works on the machine: running to repaired. */
bool change_in_session(enum machine_state state);

#endif
