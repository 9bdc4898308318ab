/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/rate.h"

#include <stdio.h>
#include <string.h>

/* What would be forgotten with it. */
static unsigned counted(const struct rate *r, size_t i, int64_t now)
{
	return now - r->known[i].begun >= RATE_SPAN_MS ? 0 : r->known[i].count;
}

bool rate_take(struct rate *r, const char *key, unsigned max, int64_t now)
{
	size_t at = 0;

	for (size_t i = 0; i < RATE_KEYS; i++) {
		if (strcmp(r->known[i].key, key) == 0) {
			at = i;
			break;
		}
		if (counted(r, i, now) < counted(r, at, now))
			at = i;
	}
	if (strcmp(r->known[at].key, key) != 0 || now - r->known[at].begun >= RATE_SPAN_MS) {
		(void)snprintf(r->known[at].key, sizeof(r->known[at].key), "%s", key);
		r->known[at].begun = now;
		r->known[at].count = 0;
	}
	return r->known[at].count++ < max;
}
