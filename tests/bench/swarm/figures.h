/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long calls took: counts in buckets an eighth of an octave wide, from a tenth of a ms on. */
#ifndef SWARM_FIGURES_H
#define SWARM_FIGURES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define SWARM_CALLS(X)                                                                             \
	X(boot) X(kernel) X(initrd) X(session) X(events) X(heartbeat) X(release) X(key) X(journal) \
	X(pending) X(result) X(machine)
/* clang-format on */

/* release: one poll; key: from the session to the key; machine: from the boot to the result. */
enum figure {
#define X(name) FIGURE_##name,
	SWARM_CALLS(X)
#undef X
	        FIGURE_COUNT,
};

#define FIGURE_BUCKETS 256

struct figures {
	uint64_t bucket[FIGURE_COUNT][FIGURE_BUCKETS];
	uint64_t count[FIGURE_COUNT];
	uint64_t repeated; /* calls made again */
};

void figures_add(struct figures *f, enum figure what, int64_t microseconds);
/* {"events":{"count":1,"ms":[p50, p90, p99, most]},...} */
json_t *figures_json(const struct figures *f);

#endif
