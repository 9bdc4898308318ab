/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compares the ledger of every machine with what the appliance has of it. */
#ifndef SWARM_JUDGE_H
#define SWARM_JUDGE_H

#include "tests/bench/swarm/machine.h"

#include <jansson.h>

/* Waits until the appliance has seen every Windows that is up, at most options.settle; then asks
 * for each machine's timeline. Gives how many machines are not as they should be (each said), or
 * -errno when the appliance cannot be asked. *ret_snapshot: ms and bytes of the last snapshot. */
int judge_all(struct swarm *s, double ret_snapshot[2]);

/* One machine: its object of GET machines/{id}. */
void judge_machine(struct machine *m, const json_t *answer);

/* Everything that was answered, one JSON object a line, for other judges. 0 or -errno. */
int ledger_write(const struct swarm *s, const char *path);

#endif
