/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many boxes one address may send to escrow: it counts who guesses wrong, this only keeps a
 * flood from it. */
#ifndef API_BOX_LIMITS_H
#define API_BOX_LIMITS_H

#include "appliance/api/rate.h"

#define BOXES_PER_MINUTE 60
/* Of keys: the largest upload has some hundred parts. */
#define KEYS_PER_MINUTE 2000

struct box_limits {
	struct rate decisions, keys; /* by address; neither uses up the other's */
};

/* Counts one box at now (as rate_take()). 0, or the number a minute it is too many for. */
unsigned box_limits_take(struct box_limits *l, bool keys, const char *address, int64_t now);

#endif
