/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/figures.h"

#include <math.h>

static const char *const names[] = {
#define X(name) #name,
        SWARM_CALLS(X)
#undef X
};

#define SMALLEST 100.0 /* microseconds */
#define STEPS    8     /* an octave */

void figures_add(struct figures *f, enum figure what, int64_t microseconds)
{
	double at = microseconds > SMALLEST ? STEPS * log2((double)microseconds / SMALLEST) : 0;

	f->bucket[what][at < FIGURE_BUCKETS - 1 ? (size_t)at : FIGURE_BUCKETS - 1]++;
	f->count[what]++;
}

/* The upper end of the bucket below which this share of the calls is, in ms. */
static double percentile(const struct figures *f, enum figure what, double share)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < FIGURE_BUCKETS; i++) {
		sum += f->bucket[what][i];
		if (sum && (double)sum >= share * (double)f->count[what])
			return round(SMALLEST * exp2((double)(i + 1) / STEPS) / 100) / 10;
	}
	return 0;
}

json_t *figures_json(const struct figures *f)
{
	json_t *all = json_object();

	for (size_t i = 0; i < FIGURE_COUNT; i++)
		(void)json_object_set_new(all, names[i],
		        json_pack("{s:I, s:[f,f,f,f]}", "count", (json_int_t)f->count[i], "ms",
		                percentile(f, (enum figure)i, 0.5),
		                percentile(f, (enum figure)i, 0.9),
		                percentile(f, (enum figure)i, 0.99),
		                percentile(f, (enum figure)i, 1)));
	return all;
}
