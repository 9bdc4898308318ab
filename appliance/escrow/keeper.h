/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that does what time asks for and what waits for the disk: requests that end, sums of
 * refusals. */
#ifndef ESCROW_KEEPER_H
#define ESCROW_KEEPER_H

#include "appliance/escrow/escrow.h"

struct keeper;

struct keeper *keeper_new(struct escrow *e); /* NULL without memory or thread */
/* Writes the last sums, too: after everything that may refuse has ended. */
void keeper_free(struct keeper *k);

#endif
