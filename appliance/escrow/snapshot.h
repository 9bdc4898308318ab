/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies what the sources have into the vault ahead of time: controllers go down, too. One at a
 * time, on a thread of its own. Safe between threads. */
#ifndef ESCROW_SNAPSHOT_H
#define ESCROW_SNAPSHOT_H

#include "appliance/escrow/escrow.h"

struct snapshot;

struct snapshot *snapshot_new(struct escrow *e); /* NULL without memory */
void snapshot_free(struct snapshot *s);          /* breaks off what runs */

/* source: a name of the settings, or "": all that are not in this process. -EBUSY TRY_LATER,
 * -ENOENT USAGE. */
int snapshot_start(struct snapshot *s, const char *source, struct error *err);

/* {"running":..,"source":..,"records":..,"text":..} of the status; NULL without memory. */
json_t *snapshot_status(struct snapshot *s);

#endif
