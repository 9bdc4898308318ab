/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of an inventory into the store; for inventory_import.c. */
#ifndef FLEET_INVENTORY_APPLY_H
#define FLEET_INVENTORY_APPLY_H

#include "appliance/fleet/inventory_match.h"

/* A file on its way into a store. */
struct inventory_run {
	struct store *s;
	const struct inventory_reader *reader;
	int64_t now;
	struct inventory_taken taken;
	struct inventory_report *report;
	int64_t made; /* the first machine that was, in this transaction; 0: none */
};

/* Within a transaction: finds the machine of the line, or makes it, and counts in the report what
 * came of it. 0 or what the store says. */
int inventory_apply(struct inventory_run *run, const struct inventory_row *row);
/* Before the transaction ends: what is done for all of its lines together. */
int inventory_applied(struct inventory_run *run);

#endif
