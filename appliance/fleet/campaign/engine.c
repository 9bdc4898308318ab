/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/engine.h"
#include "appliance/fleet/change.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)

/* The reasons after which a machine may be told to start over (fleet/result.c). */
static bool may_start_over(enum reason reason)
{
	switch (reason) {
	case REASON_VERIFY_FAILED:
	case REASON_DISK_WRITE_ERROR:
	case REASON_DISK_CHANGED:
	case REASON_UNSEAL_FAILED:
	case REASON_FIXER_CRASHED:
	case REASON_CHILD_TIMEOUT:
		return true;
	default:
		return false;
	}
}

/* An order to its management controller has left it where it was; severe reasons fail. */
static bool power_waits(enum reason reason)
{
	return strncmp(reason_code(reason), "POWER_", 6) == 0;
}

enum standing campaign_standing(
        enum machine_state state, enum reason reason, bool held, bool settled)
{
	if (state == STATE_returned || change_only_looked(state, reason))
		return STANDING_RETURNED;
	if (reason == REASON_RELAPSED || reason == REASON_NOT_RETURNED ||
	        reason == REASON_SERVED_TOO_OFTEN)
		return STANDING_FAILED;
	if (held)
		return STANDING_ASIDE;
	if (state == STATE_attention) {
		bool fails = strcmp(reason_severity(reason), "fail") == 0 &&
		             (settled || !may_start_over(reason));
		return fails                 ? STANDING_FAILED
		       : power_waits(reason) ? STANDING_WAITING
		                             : STANDING_WORKING;
	}
	if (state == STATE_seen || state == STATE_held || state == STATE_ignored)
		return STANDING_WAITING;
	return STANDING_WORKING;
}

enum reason campaign_window(int64_t from, int64_t until, int64_t now)
{
	bool open = (!from || now >= from) && (!until || now < until);

	return open ? REASON_OK : REASON_CAMPAIGN_NOT_NOW;
}

enum reason campaign_shut(enum campaign_state state, int64_t from, int64_t until, int64_t now)
{
	switch (state) {
	case CAMPAIGN_RUNNING:
		return campaign_window(from, until, now);
	case CAMPAIGN_PAUSED:
		return REASON_CAMPAIGN_PAUSED;
	case CAMPAIGN_STOPPED:
		return REASON_CAMPAIGN_STOPPED;
	default:
		return REASON_CAMPAIGN_ENDED;
	}
}

/* How many of a wave have to come back: those a person holds do not. */
static int64_t awaited(const struct wave_now *w)
{
	return w->machines - w->aside;
}

static bool all_back(const struct wave_now *w)
{
	return w->returned >= awaited(w);
}

/* In this wave and those after it. */
static int64_t machines_from(const struct campaign_look *look, size_t wave)
{
	int64_t sum = 0;

	for (size_t i = wave; i < look->wave_count; i++)
		sum += look->waves[i].machines;
	return sum;
}

bool campaign_all_back(const struct campaign_look *look)
{
	for (size_t i = 0; i < look->wave_count; i++)
		if (!all_back(&look->waves[i]))
			return false;
	return machines_from(look, 0) > 0;
}

bool campaign_may_grow(const struct plan *p, const struct campaign_look *look)
{
	return plan_is_open_ended(p) || look->unseen > 0;
}

static bool stops(const struct plan *p, const struct campaign_look *look)
{
	int64_t failed = look->judged_failed, judged = failed + look->judged_returned;

	return p->stop_percent && failed >= p->stop_at_least &&
	       failed * 100 >= judged * p->stop_percent;
}

/* The last wave, "rest", opens by the same rule as one that says nothing. */
static struct plan_wave rule_of(const struct plan *p, size_t wave)
{
	static const struct plan_wave rest = {.returned_percent = 100};

	return wave < p->wave_count ? p->waves[wave] : rest;
}

static bool share_is_back(const struct wave_now *w, int percent)
{
	return w->returned * 100 >= awaited(w) * percent;
}

static void open_rank(const struct plan *p, const struct wave_now *now, struct store_wave *w)
{
	int rank = p->start_order ? now->lowest_rank : INT_MAX;

	if (w->opened && rank > w->rank)
		w->rank = rank;
}

/* A wave whose turn may have come: the one before is open. */
static void open_next(
        const struct plan *p, const struct campaign_look *look, size_t i, struct store_wave *waves)
{
	const struct wave_now *before = &look->waves[i - 1];
	const struct plan_wave rule = rule_of(p, i);
	struct store_wave *w = &waves[i];

	/* Who comes first of a wave that is still empty has to show that the repair works. */
	bool unproved = before->machines == 0 && plan_wave_may_grow(p, i - 1);
	if (unproved || !share_is_back(before, rule.returned_percent)) {
		w->ready = 0;
		return;
	}
	/* A clock that was set back begins anew. */
	if (!w->ready || w->ready > look->now)
		w->ready = look->now;
	int64_t waits = awaited(before) ? rule.minutes * MINUTE_MS : 0;
	/* For nobody it opens later: who turns up meanwhile may belong to the wave before. */
	if (!rule.by_hand && look->now - w->ready >= waits && machines_from(look, i) > 0)
		w->opened = look->now;
}

static void open_waves(
        const struct plan *p, const struct campaign_look *look, struct store_wave *waves)
{
	bool some = machines_from(look, 0) > 0;

	for (size_t i = 0; i < look->wave_count; i++) {
		if (i == 0 && !waves[i].opened)
			waves[i].opened = look->now;
		else if (!waves[i].opened && waves[i - 1].opened && some)
			open_next(p, look, i, waves);
		open_rank(p, &look->waves[i], &waves[i]);
	}
}

static void finish_text(
        const struct plan *p, const struct campaign_look *look, char *ret, size_t size)
{
	const char *what =
	        p->dry_run ? "every machine has been looked at" : "every machine is back";
	int64_t aside = 0;

	for (size_t i = 0; i < look->wave_count; i++)
		aside += look->waves[i].aside;
	if (aside)
		(void)snprintf(ret, size, "%s but %lld that people hold", what, (long long)aside);
	else
		(void)snprintf(ret, size, "%s", what);
}

static void time_over_text(const struct campaign_look *look, char *ret, size_t size)
{
	int64_t returned = 0;

	for (size_t i = 0; i < look->wave_count; i++)
		returned += look->waves[i].returned;
	(void)snprintf(ret, size, "%lld of %lld machines were back", (long long)returned,
	        (long long)machines_from(look, 0));
}

/* Whoever has to find out why begins elsewhere when machines were never reached. */
static void stop_text(
        const struct plan *p, const struct campaign_look *look, char *ret, size_t size)
{
	int64_t failed = look->judged_failed, judged = failed + look->judged_returned;
	char power[80] = "";

	if (look->judged_power)
		(void)snprintf(power, sizeof(power), "; %lld of them could not be switched on",
		        (long long)look->judged_power);
	(void)snprintf(ret, size,
	        "%lld of %lld machines failed, %lld %%: the plan stops at %d %%%s",
	        (long long)failed, (long long)judged, (long long)(failed * 100 / judged),
	        p->stop_percent, power);
}

static void decide_state(
        const struct plan *p, const struct campaign_look *look, struct campaign_decision *d)
{
	bool back = campaign_all_back(look), over = p->until && look->now >= p->until;

	if (back && (over || !campaign_may_grow(p, look))) {
		d->state = CAMPAIGN_FINISHED;
		d->reason = REASON_OK;
		finish_text(p, look, d->text, sizeof(d->text));
	} else if (over) {
		d->state = CAMPAIGN_FINISHED;
		d->reason = REASON_CAMPAIGN_TIME_OVER;
		time_over_text(look, d->text, sizeof(d->text));
	} else if (stops(p, look)) {
		d->state = CAMPAIGN_STOPPED;
		d->reason = REASON_FAILURE_RATE;
		stop_text(p, look, d->text, sizeof(d->text));
	}
	d->state_changed = d->state != look->state;
}

void campaign_decide(
        const struct plan *p, const struct campaign_look *look, struct campaign_decision *ret)
{
	*ret = (struct campaign_decision){.state = look->state, .reason = REASON_OK};
	for (size_t i = 0; i < look->wave_count; i++) {
		const struct wave_now *w = &look->waves[i];
		ret->waves[i] = w->row;
		ret->waves[i].done = w->row.opened && w->machines > 0 && all_back(w);
	}
	if (look->state == CAMPAIGN_RUNNING)
		decide_state(p, look, ret);
	if (ret->state == CAMPAIGN_RUNNING &&
	        campaign_window(p->from, p->until, look->now) == REASON_OK)
		open_waves(p, look, ret->waves);
	ret->changed = ret->state_changed;
	for (size_t i = 0; i < look->wave_count; i++) {
		const struct store_wave *a = &look->waves[i].row, *b = &ret->waves[i];
		ret->changed |= a->opened != b->opened || a->ready != b->ready ||
		                a->rank != b->rank || a->done != b->done;
	}
}
