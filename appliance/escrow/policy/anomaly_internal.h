/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The circuit breaker's state: what anomaly.c (what was seen) and suspects.c (what follows) share.
 */
#ifndef ESCROW_POLICY_ANOMALY_INTERNAL_H
#define ESCROW_POLICY_ANOMALY_INTERNAL_H

#include "appliance/escrow/policy/anomaly.h"
#include "appliance/escrow/policy/steady.h"
#include "appliance/escrow/policy/watched.h"

#define ANOMALY_ORIGINS 256
#define ANOMALY_WHY     200

/* An address that became suspect, or machines of which did. */
struct origin {
	char key[TABLE_KEY];
	int64_t time;
};

struct anomaly {
	const struct policy_rules *rules;
	struct steady clock;
	struct watch watch;
	struct origin origins[ANOMALY_ORIGINS]; /* the newest first */
	size_t origin_count;
	bool stopped;
	char why[ANOMALY_WHY];
};

/* What is known of the subject's machine; made when it is not there. NULL: it cannot be watched,
 * and everything is stopped. */
struct watched *anomaly_touch_machine(struct anomaly *a, const struct subject *s, int64_t time);

/* The same of its address; NULL as well when it has none. */
struct watched *anomaly_touch_address(struct anomaly *a, const struct subject *s, int64_t time);

/* w (of the subject) is suspect from now on, because of why. As anomaly_asked(); REASON_OK when it
 * was suspect already, or is vouched for. */
enum reason anomaly_suspect(struct anomaly *a, struct watched *w, const struct subject *s,
        int64_t time, const char *why);

#endif
