/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an operator may decide about a machine. Called by `netmend machines`, a process of its own,
 * on the same store; the web process sees the change within a second and corrects the answer list.
 * Each is one durable transaction and an event on the machine's timeline.
 * 0; -ENOENT (no such machine), -EINVAL (mac), or what the store says.
 */
#ifndef FLEET_OPERATOR_H
#define FLEET_OPERATOR_H

#include "appliance/store/store.h"

/* Into scope, to be repaired from now on, also after an earlier repair. name may be NULL. Makes the
 * machine when it is new. */
int fleet_add(struct store *s, const char *mac, const char *name, int64_t *ret_id);
/* Out of scope: not answered any more. Its history stays. */
int fleet_remove(struct store *s, int64_t id);
/* Not answered, no hand-out, no key, until released. text: why, for the page. */
int fleet_hold(struct store *s, int64_t id, const char *text);
/* The machine's pending bundle is kept, but not offered any more: its next boot starts over. by:
 * who decided, for the timeline. -ENODATA: nothing is pending. */
int fleet_discard(struct store *s, int64_t id, const char *by);
/* Ends a hold, the serve guard's too, and clears what a relapse left. */
int fleet_release(struct store *s, int64_t id);

#endif
