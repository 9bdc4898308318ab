/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machine it is that speaks; for the files of fleet/ only. All within a transaction. */
#ifndef FLEET_IDENTIFY_H
#define FLEET_IDENTIFY_H

#include "appliance/fleet/fleet.h"

/* The machine that shows itself so, made when nobody knows it: the one that fits best by UUID and
 * serial, serial, UUID (when it is nobody else's), MAC. What was known of the MAC alone becomes
 * part of it; a MAC that belonged to another machine goes over to it, and an inventory line that
 * fits it better than its present one does, too. -ENOSPC: too many machines known. */
int identify(struct fleet *f, const struct fleet_identity *identity, struct machine *ret);

/* The machine of a token says by its fixer who it is. *m becomes that machine: the same one; the
 * one it turns out to be, with its history; or, when its MAC has gone to another machine, that one.
 */
int identify_session(struct fleet *f, const char *token, const struct fleet_identity *identity,
        struct machine *m);

/* The machine that asks for a boot program with this MAC and UUID (as it came; "": none): whose the
 * UUID is, when it is one machine's and no other's; else whose the MAC is, unless that one has
 * another UUID and is not answered any more: then a new one, which is what *ret_new says. A MAC
 * that was another machine's goes over. -ENOENT: nobody is known by either. */
int identify_asking(
        struct fleet *f, const char *mac, const char *uuid, struct machine *ret, bool *ret_new);

/* What the machine showed of itself, where it showed something. */
void identify_take(struct machine *m, const struct fleet_identity *identity);

/* Writes down how the machine contradicts its inventory line, or that it no longer does, with an
 * event when that is news. */
int identify_conflict(struct store *s, struct machine *m, int64_t now);

/* What one machine is known as becomes part of another, which has been saved; *into is as after it.
 */
int identify_merge(struct store *s, const struct machine *from, struct machine *into, int64_t now);

#endif
