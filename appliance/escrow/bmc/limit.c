/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/bmc/limit.h"
#include "netmend/limits.h"

#include <stdlib.h>

#define MINUTE ((int64_t)60 * 1000)
#define HOUR   (60 * MINUTE)

/* The latest orders, oldest first, in a ring: more than an hour of them at the highest rate. */
#define REMEMBERED (NM_POWER_PER_MINUTE * 60)

struct bmc_limit {
	size_t first, count;
	struct {
		int64_t record, at;
	} taken[REMEMBERED];
};

struct bmc_limit *bmc_limit_new(void)
{
	return calloc(1, sizeof(struct bmc_limit));
}

void bmc_limit_free(struct bmc_limit *l)
{
	free(l);
}

static void forget_old(struct bmc_limit *l, int64_t now)
{
	while (l->count > 0 && now - l->taken[l->first].at >= HOUR) {
		l->first = (l->first + 1) % REMEMBERED;
		l->count--;
	}
}

enum reason bmc_limit_take(struct bmc_limit *l, int64_t record, int64_t now)
{
	unsigned all = 0, same = 0;

	forget_old(l, now);
	for (size_t i = 0; i < l->count; i++) {
		size_t at = (l->first + i) % REMEMBERED;
		all += now - l->taken[at].at < MINUTE;
		same += l->taken[at].record == record;
	}
	if (same >= NM_POWER_MACHINE_HOUR)
		return REASON_POWER_REFUSED;
	if (all >= NM_POWER_PER_MINUTE || l->count == REMEMBERED)
		return REASON_POWER_BUSY;
	size_t at = (l->first + l->count++) % REMEMBERED;
	l->taken[at].record = record;
	l->taken[at].at = now;
	return REASON_OK;
}
