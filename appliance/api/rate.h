/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How often one address, or one name, may do something. A few are remembered; who tried least
 * within his minute is forgotten first, and begins anew: many others do not set free whom it is
 * about. */
#ifndef API_RATE_H
#define API_RATE_H

#include "appliance/store/machine.h"

#include <stdbool.h>
#include <stdint.h>

#define RATE_KEYS    64
#define RATE_SPAN_MS 60000

struct rate {
	struct {
		char key[PLACE_TEXT];
		int64_t begun;
		unsigned count;
	} known[RATE_KEYS];
};

/* Counts one more at now (ms of any clock that only goes forward); false: more than max within a
 * minute. */
bool rate_take(struct rate *r, const char *key, unsigned max, int64_t now);

#endif
