/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/metrics.h"
#include "appliance/store/counts.h"
#include "appliance/store/hooks.h"

#include <stdio.h>
#include <string.h>

#define SEEN_MS 60000 /* an appliance that was there since is there */

/* Reasons by state, so that samples of one family stand together. */
struct fleet_counts {
	int64_t by_state[STATE_COUNT][REASON_COUNT];
};

static int count_take(const struct store_count *count, void *context)
{
	struct fleet_counts *c = context;

	c->by_state[count->state][count->reason] += count->machines;
	return 0;
}

static void states_add(struct metrics *m, const struct fleet_counts *c)
{
	static const char *const severities[] = {"ok", "wait", "warn", "fail"};

	metric_family(m, "netmend_machines", "gauge", "Machines by state and severity.");
	for (int state = 0; state < STATE_COUNT; state++)
		for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
			int64_t machines = 0;
			for (int reason = 0; reason < REASON_COUNT; reason++)
				if (strcmp(reason_severity((enum reason)reason), severities[i]) ==
				        0)
					machines += c->by_state[state][reason];
			/* One for each state always, so that a graph has no gaps. */
			if (machines || i == 0)
				metric_add(m, "netmend_machines", machines, "state",
				        machine_state_name((enum machine_state)state), "severity",
				        severities[i], NULL);
		}
}

static void reasons_add(struct metrics *m, const struct fleet_counts *c)
{
	metric_family(m, "netmend_machines_by_reason", "gauge", "Machines by reason.");
	for (int reason = 0; reason < REASON_COUNT; reason++) {
		int64_t machines = 0;
		for (int state = 0; state < STATE_COUNT; state++)
			machines += c->by_state[state][reason];
		if (machines)
			metric_add(m, "netmend_machines_by_reason", machines, "reason",
			        reason_code((enum reason)reason), "severity",
			        reason_severity((enum reason)reason), NULL);
	}
}

int metrics_fleet(struct metrics *m, struct web_api *a)
{
	struct store *s = a->fleet->store;
	struct fleet_counts counts = {0};
	int64_t attempts = 0, events = 0, appliances = 0;

	int r = store_counts(s, count_take, &counts);
	if (r == 0)
		r = store_attempts(s, &attempts);
	if (r == 0)
		r = store_sequence(s, &events);
	if (r == 0)
		r = store_appliances_since(s, a->fleet->clock() - SEEN_MS, &appliances);
	if (r < 0)
		return r;
	states_add(m, &counts);
	reasons_add(m, &counts);
	metric_family(m, "netmend_attempts_total", "counter",
	        "Boots of all machines that were handed the fixer.");
	metric_add(m, "netmend_attempts_total", attempts, NULL);
	metric_family(m, "netmend_events_total", "counter", "Events of the fleet.");
	metric_add(m, "netmend_events_total", events, NULL);
	metric_family(m, "netmend_appliances", "gauge", "Appliances there in the last minute.");
	metric_add(m, "netmend_appliances", appliances, NULL);
	return 0;
}

/* ---- campaigns ---- */

/* What a person asks of a wave. */
static const char *outcome_of(const struct store_count *count)
{
	bool stopped = count->reason == REASON_SERVED_TOO_OFTEN;

	switch (count->state) {
	case STATE_returned:
		return "returned";
	case STATE_attention:
		return "failed";
	case STATE_held:
		return stopped ? "failed" : "waiting";
	case STATE_seen:
	case STATE_ignored:
		return "waiting";
	default:
		return "working";
	}
}

struct campaign_walk {
	struct metrics *m;
	char campaign[NM_MAX_NAME + 1], wave[NM_MAX_NAME + 1];
	int64_t waiting, working, returned, failed;
	bool any;
};

static void wave_end(struct campaign_walk *w)
{
	const struct {
		const char *outcome;
		int64_t machines;
	} list[] = {{"waiting", w->waiting}, {"working", w->working}, {"returned", w->returned},
	        {"failed", w->failed}};

	for (size_t i = 0; w->any && i < sizeof(list) / sizeof(list[0]); i++)
		metric_add(w->m, "netmend_campaign_machines", list[i].machines, "campaign",
		        w->campaign, "wave", w->wave, "outcome", list[i].outcome, NULL);
	w->waiting = w->working = w->returned = w->failed = 0;
	w->any = false;
}

/* Rows of one wave come together. */
static int wave_take(const struct store_count *count, void *context)
{
	struct campaign_walk *w = context;
	const char *outcome = outcome_of(count);

	if (strcmp(w->campaign, count->campaign) != 0 || strcmp(w->wave, count->wave) != 0) {
		wave_end(w);
		(void)snprintf(w->campaign, sizeof(w->campaign), "%s", count->campaign);
		(void)snprintf(w->wave, sizeof(w->wave), "%s", count->wave);
	}
	w->any = true;
	*(outcome[0] == 'f'                       ? &w->failed
	        : outcome[0] == 'r'               ? &w->returned
	        : strcmp(outcome, "waiting") == 0 ? &w->waiting
	                                          : &w->working) += count->machines;
	return 0;
}

static int state_take(const char *state, int64_t count, void *context)
{
	metric_add(context, "netmend_campaigns", count, "state", state, NULL);
	return 0;
}

int metrics_campaigns(struct metrics *m, struct web_api *a)
{
	struct campaign_walk walk = {.m = m};

	metric_family(m, "netmend_campaigns", "gauge", "Campaigns by state.");
	int r = store_campaign_states(a->fleet->store, state_take, m);
	if (r < 0)
		return r;
	metric_family(m, "netmend_campaign_machines", "gauge",
	        "Machines of each campaign's waves, by what became of them.");
	r = store_campaign_counts(a->fleet->store, wave_take, &walk);
	wave_end(&walk);
	return r;
}

/* ---- webhooks ---- */

struct hook_walk {
	struct metrics *m;
	const char *name;
	int64_t (*value)(const struct store_hook *hook, int64_t events);
	int64_t events;
};

static int64_t delivered(const struct store_hook *hook, int64_t events)
{
	(void)events;
	return hook->delivered;
}

static int64_t failures(const struct store_hook *hook, int64_t events)
{
	(void)events;
	return hook->failures;
}

static int64_t behind(const struct store_hook *hook, int64_t events)
{
	return events > hook->cursor ? events - hook->cursor : 0;
}

static int hook_take(const struct store_hook *hook, void *context)
{
	const struct hook_walk *w = context;

	metric_add(w->m, w->name, w->value(hook, w->events), "hook", hook->name, NULL);
	return 0;
}

int metrics_hooks(struct metrics *m, struct web_api *a)
{
	struct store *s = a->fleet->store;
	struct hook_walk w = {
	        .m = m, .name = "netmend_webhook_delivered_total", .value = delivered};

	int r = store_sequence(s, &w.events);
	if (r < 0)
		return r;
	metric_family(m, w.name, "counter", "Events a webhook took.");
	r = store_hooks(s, hook_take, &w);
	w.name = "netmend_webhook_failures_total";
	w.value = failures;
	metric_family(m, w.name, "counter", "Calls to a webhook that failed.");
	if (r == 0)
		r = store_hooks(s, hook_take, &w);
	w.name = "netmend_webhook_behind";
	w.value = behind;
	metric_family(m, w.name, "gauge", "Events a webhook has not been offered yet.");
	return r < 0 ? r : store_hooks(s, hook_take, &w);
}
