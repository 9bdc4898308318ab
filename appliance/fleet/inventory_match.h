/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machine a line of an inventory is of; for inventory_import.c. */
#ifndef FLEET_INVENTORY_MATCH_H
#define FLEET_INVENTORY_MATCH_H

#include "appliance/fleet/inventory.h"

#define MATCH_MAX 32

/* Machines that a line may be of. */
struct inventory_alike {
	int64_t ids[MATCH_MAX];
	bool mac[MATCH_MAX]; /* it has one of the line's MACs */
	size_t count;
	bool owned; /* one of the line's MACs is somebody's */
};

/* 0; -EEXIST: more than it takes; else what the store says. */
int inventory_alike(struct store *s, const struct inventory_row *row, struct inventory_alike *ret);

struct inventory_match {
	struct machine machine;  /* id 0: a new one */
	bool owned;              /* one of the line's MACs is somebody's */
	int64_t also[MATCH_MAX]; /* -EEXIST: all that it fits equally well */
	size_t also_count;
};

/* Lines of one file and the machines they went to. */
struct inventory_taken {
	unsigned long *line; /* by the machine's number; 0: none */
	size_t count;
};

/* 0; -EEXIST: it fits several machines; else what the store says. */
int inventory_match(struct store *s, const struct inventory_row *row,
        const struct inventory_taken *taken, struct inventory_match *ret);

/* The line that took the machine; 0: none. */
unsigned long inventory_taken_by(const struct inventory_taken *taken, int64_t machine);
/* -ENOMEM. free() what taken->line points to. */
int inventory_take(struct inventory_taken *taken, int64_t machine, unsigned long line);

#endif
