/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /api/v1/progress, and the same for Prometheus. */
#include "appliance/fleet/progress.h"
#include "appliance/api/call.h"
#include "appliance/api/metrics.h"

static int progress_make(struct web_api *a, json_t **ret)
{
	struct progress p;
	int r = progress_read(a->fleet->store, a->fleet->clock(), &p);

	if (r == 0)
		*ret = progress_json(&p);
	return r;
}

void web_api_progress(struct http_request *r, struct web_api *a)
{
	kept_reply(r, a, &a->progress, "progress", progress_make);
}

int metrics_progress(struct metrics *m, struct web_api *a)
{
	static const char *const names[TALLIES] = {[TALLY_STARTED] = "netmend_fleet_attempts_total",
	        [TALLY_REPAIRED] = "netmend_fleet_repaired_total",
	        [TALLY_RECOVERED] = "netmend_fleet_recovered_total",
	        [TALLY_FAILED] = "netmend_fleet_failed_total"};
	static const char *const help[TALLIES] = {
	        [TALLY_STARTED] = "Attempts begun, by all appliances of the store.",
	        [TALLY_REPAIRED] = "Repairs reported.",
	        [TALLY_RECOVERED] = "Times a machine was seen in Windows again.",
	        [TALLY_FAILED] = "Times a machine got to where it does not go on by itself."};
	struct progress p;
	int r = progress_read(a->fleet->store, a->fleet->clock(), &p);

	if (r < 0)
		return r;
	for (int i = 0; i < TALLIES; i++) {
		int64_t sum = 0;
		for (size_t k = 0; k < p.bucket_count; k++)
			sum += p.buckets[k].count[i];
		metric_family(m, names[i], "counter", help[i]);
		metric_add(m, names[i], sum, NULL);
	}
	metric_family(m, "netmend_recovered_per_hour", "gauge",
	        "Machines an hour that came back, at the rate of the last half hour.");
	metric_add(m, "netmend_recovered_per_hour", (int64_t)(progress_per_hour(&p) + 0.5), NULL);
	metric_family(m, "netmend_left_seconds", "gauge",
	        "How long it takes yet; missing while nobody can say.");
	if (p.latest || p.recovered >= p.total) {
		metric_add(m, "netmend_left_seconds", p.soonest / 1000, "bound", "soonest", NULL);
		metric_add(m, "netmend_left_seconds", p.latest / 1000, "bound", "latest", NULL);
	}
	metric_family(m, "netmend_stuck", "gauge", "Machines that do not move, 100 at most.");
	metric_add(m, "netmend_stuck", (int64_t)p.stuck_count, NULL);
	return 0;
}
