/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What GET /metrics tells, by topic; for the files metrics*.c only. */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "appliance/api/api.h"
#include "appliance/api/metric.h"

/* The fleet: counted by the database. 0 or -errno. */
int metrics_fleet(struct metrics *m, struct web_api *a);
/* How fast it goes, how long yet, who does not move; likewise. */
int metrics_progress(struct metrics *m, struct web_api *a);
/* Its campaigns and webhooks, likewise. */
int metrics_campaigns(struct metrics *m, struct web_api *a);
int metrics_hooks(struct metrics *m, struct web_api *a);
/* This appliance: what it served, its children and itself. */
void metrics_appliance(struct metrics *m, struct web_api *a);

#endif
