/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/engine.h"

#include <stdio.h>

#define MINUTE_MS INT64_C(60000)

/* The wave the line is at: the first open one that is not done, else the last open one. */
static size_t current(const struct campaign_look *look)
{
	size_t at = 0;

	for (size_t i = 0; i < look->wave_count; i++) {
		const struct wave_now *w = &look->waves[i];
		if (!w->row.opened)
			break;
		at = i;
		if (w->returned < w->machines - w->aside)
			break;
	}
	return at;
}

/* What has to happen before the wave opens. */
static void next_words(
        const struct plan *p, const struct campaign_look *look, size_t next, char *ret, size_t size)
{
	const struct wave_now *w = &look->waves[next];
	static const struct plan_wave rest = {.returned_percent = 100};
	const struct plan_wave *rule = next < p->wave_count ? &p->waves[next] : &rest;

	if (rule->by_hand)
		(void)snprintf(ret, size, "; a person opens %s", w->row.name);
	else if (w->row.ready && w->machines == 0)
		(void)snprintf(ret, size, "; %s has no machine yet", w->row.name);
	else if (w->row.ready && rule->minutes) {
		int64_t left = w->row.ready + rule->minutes * MINUTE_MS - look->now;
		int64_t minutes = left > 0 ? (left + MINUTE_MS - 1) / MINUTE_MS : 0;
		(void)snprintf(ret, size, ", opens %s in %lld minute%s", w->row.name,
		        (long long)minutes, minutes == 1 ? "" : "s");
	} else if (rule->returned_percent == 100)
		(void)snprintf(ret, size, "; %s opens when all are back", w->row.name);
	else
		(void)snprintf(ret, size, "; %s opens when %d %% are back", w->row.name,
		        rule->returned_percent);
}

/* What of the wave's power needs somebody. */
static void power_words(const struct plan *p, const struct wave_now *w, char *ret, size_t size)
{
	char failed[48] = "", people[80] = "";

	if (w->power.failed)
		(void)snprintf(failed, sizeof(failed), " (%lld not switched on)",
		        (long long)w->power.failed);
	if (p->power.drive && w->power.people)
		(void)snprintf(people, sizeof(people),
		        ", %lld to start by hand (no management controller known)",
		        (long long)w->power.people);
	(void)snprintf(ret, size, "%s%s", failed, people);
}

static void running_words(
        const struct plan *p, const struct campaign_look *look, char *ret, size_t size)
{
	char next[160] = "", failed[48] = "", power[140];
	size_t at = current(look), after = at + 1;
	const struct wave_now *w = &look->waves[at];

	while (after < look->wave_count && look->waves[after].row.opened)
		after++;
	if (!w->row.opened) {
		(void)snprintf(ret, size, "about to open wave %s", w->row.name);
		return;
	}
	/* The wave of whom no other takes is nothing to wait for while there is nobody in it. */
	if (after < look->wave_count && (after < p->wave_count || look->waves[after].machines > 0))
		next_words(p, look, after, next, sizeof(next));
	power_words(p, w, power, sizeof(power));
	if (w->failed)
		(void)snprintf(failed, sizeof(failed), ", %lld failed", (long long)w->failed);
	if (w->machines == 0)
		(void)snprintf(
		        ret, size, "wave %s: no machine of it is known yet%s", w->row.name, next);
	else
		(void)snprintf(ret, size, "wave %s: %lld of %lld returned%s%s%s", w->row.name,
		        (long long)w->returned, (long long)(w->machines - w->aside), failed, power,
		        next);
}

/* Who is known is back, who is not may still come. */
static void waiting_words(
        const struct plan *p, const struct campaign_look *look, char *ret, size_t size)
{
	char held[48] = "", whom[48] = "more";
	int64_t machines = 0, returned = 0, aside = 0;

	for (size_t i = 0; i < look->wave_count; i++) {
		machines += look->waves[i].machines;
		returned += look->waves[i].returned;
		aside += look->waves[i].aside;
	}
	if (aside)
		(void)snprintf(held, sizeof(held), " but %lld that people hold", (long long)aside);
	if (look->unseen && !plan_is_open_ended(p))
		(void)snprintf(whom, sizeof(whom), "%lld of its list", (long long)look->unseen);
	(void)snprintf(ret, size,
	        "%lld of %lld machines returned, all that are known%s; waits for %s until %s",
	        (long long)returned, (long long)machines, held, whom,
	        p->until ? "its time is over" : "a person finishes it");
}

void campaign_line(const struct plan *p, const struct campaign_look *look, char *ret, size_t size)
{
	int64_t machines = 0, returned = 0;

	for (size_t i = 0; i < look->wave_count; i++) {
		machines += look->waves[i].machines;
		returned += look->waves[i].returned;
	}
	switch (look->state) {
	case CAMPAIGN_DRAFT:
		(void)snprintf(ret, size, "not started");
		return;
	case CAMPAIGN_ABORTED:
	case CAMPAIGN_FINISHED:
		(void)snprintf(ret, size, "%lld of %lld machines returned", (long long)returned,
		        (long long)machines);
		return;
	case CAMPAIGN_PAUSED:
		(void)snprintf(ret, size, "paused: %lld of %lld machines returned",
		        (long long)returned, (long long)machines);
		return;
	case CAMPAIGN_STOPPED:
		(void)snprintf(ret, size, "%s",
		        look->reason == REASON_PLAN_UNREADABLE
		                ? "stopped: its plan cannot be read"
		                : "stopped, too many failures: a person looks, then resumes");
		return;
	default:
		break;
	}
	if (p->from && look->now < p->from)
		(void)snprintf(ret, size, "waits for its time to begin");
	else if (p->until && look->now >= p->until)
		(void)snprintf(ret, size, "its time is over: %lld of %lld machines returned",
		        (long long)returned, (long long)machines);
	else if (machines == 0)
		(void)snprintf(ret, size, "no machine of its scope is known yet");
	else if (campaign_all_back(look) && campaign_may_grow(p, look))
		waiting_words(p, look, ret, size);
	else
		running_words(p, look, ret, size);
}
