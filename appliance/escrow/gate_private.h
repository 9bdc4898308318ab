/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_GATE_PRIVATE_H
#define ESCROW_GATE_PRIVATE_H

#include "appliance/escrow/gate.h"

#include <pthread.h>

struct gate {
	const struct policy_rules *rules;
	struct audit *audit;
	pthread_mutex_t lock; /* over the three and news */
	struct policy *policy;
	struct anomaly *anomaly;
	struct approvals *approvals;
	bool news;
	pthread_mutex_t pairing; /* one code at a time: each takes 32 MiB */
};

/* Records that nobody approved the request in time. */
void gate_record_expired(struct gate *g, const struct request *r);

#endif
