/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of the inventory, one a machine at most, and what keeps machines apart or makes one of two.
 * Errors as in store.h; what changes rows is called within a transaction.
 */
#ifndef STORE_INVENTORY_H
#define STORE_INVENTORY_H

#include "appliance/store/store.h"

#define INVENTORY_MACS_TEXT (NM_MAX_MACS * MAC_TEXT)

struct inventory_line {
	int64_t machine;
	char name[NM_MAX_NAME + 1];
	char serial[NM_MAX_NAME + 1];   /* in upper case; "": none */
	char uuid[UUID_TEXT];           /* in upper case; "": none */
	char macs[INVENTORY_MACS_TEXT]; /* with a blank between two */
	char site[PLACE_TEXT], floor[PLACE_TEXT], owner[PLACE_TEXT], ring[PLACE_TEXT];
	char bmc[PLACE_TEXT];
	char rack[PLACE_TEXT], feed[PLACE_TEXT]; /* where its power comes from */
	int rank;                                /* 0: none */
	int64_t imported;                        /* ms since 1970 */
};

/* One of a line's MACs after the other: `at` begins as its macs. False behind the last. */
bool inventory_mac_next(const char **at, char ret[MAC_TEXT]);

/* In place of the machine's line, if it has one; the conflict stays as it is. */
int store_inventory_set(struct store *s, const struct inventory_line *line);
int store_inventory_get(struct store *s, int64_t machine, struct inventory_line *ret);
int store_inventory_remove(struct store *s, int64_t machine); /* -ENOENT */
/* It is the other machine's line, which has none. */
int store_inventory_move(struct store *s, int64_t from, int64_t to);
int store_inventory_conflict(struct store *s, int64_t machine, const char *text);
/* In order of the machines' numbers. */
int store_inventory(struct store *s, int (*each)(const struct inventory_line *line, void *context),
        void *context);

/* ---- who is who ---- */

/* A machine in state `seen` without a MAC. */
int store_machine_make(struct store *s, int64_t *ret_id);
/* A machine nobody has seen, with this line of the inventory (its machine is not looked at), its
 * name and its MACs, which are nobody's. It has no event yet. */
int store_machine_make_listed(struct store *s, const struct inventory_line *line, int64_t *ret_id);
/* The first event of all those machines with a number from `from` on: as event says, with the
 * machine's own state. */
int store_machines_made(struct store *s, int64_t from, const struct store_event *event);
/* Whose the MAC is. -ENOENT. */
int store_mac_owner(struct store *s, const char *mac, int64_t *ret_machine);
/* Numbers of machines that showed this serial (or a UUID, in one byte order or the other), or whose
 * line names it: the lowest first, at most max, *ret_count of them. "" finds nothing. serial as
 * shown; lines have it in upper case. */
int store_machines_of_serial(struct store *s, const char *serial, const char *serial_upper,
        int64_t *ret, size_t max, size_t *ret_count);
int store_machines_of_uuid(struct store *s, const char *uuid, const char *uuid_swapped,
        int64_t *ret, size_t max, size_t *ret_count);
/* Machines without a line. */
int store_machine_count_unlisted(struct store *s, int64_t *ret);
/* The MAC is this machine's from now on, whoever had it. */
int store_mac_move(struct store *s, const char *mac, int64_t machine);
/* A boot token that was not used is this machine's. */
int store_token_move(struct store *s, const char *token, int64_t machine);

/* All that is kept of one machine is the other's from now on: timeline, MACs, tokens, sessions,
 * bundles, results; the row is deleted. It has no line of its own. */
int store_machine_merge(struct store *s, int64_t from, int64_t into);
/* Deletes a machine with everything that is kept of it. */
int store_machine_delete(struct store *s, int64_t machine);

/* Machines that are there no more: each(its number, what it is now or 0, context), those with an id
 * above *id, which is moved on. For a page that comes back: store_gone_since() gives the id to
 * begin with for the seq of the last event it had. */
int store_gone(struct store *s, int64_t *id,
        int (*each)(int64_t machine, int64_t now, void *context), void *context);
int store_gone_since(struct store *s, int64_t seq, int64_t *ret_id);

/* ---- to see what would come of something (scratch.c) ---- */

/* A store in memory without machines. Those made in it have numbers that `from` has not given. err:
 * CANNOT_OPEN. */
int store_scratch(struct store *from, struct store **ret, struct error *err);
/* Within a transaction of s: what tells the machine from others, as it is in `from`: UUID, serial,
 * name, MACs, and its line, which *ret is (without MACs when there is none). Once a machine.
 * -ENOENT. */
int store_scratch_take(
        struct store *s, struct store *from, int64_t machine, struct inventory_line *ret);

#endif
