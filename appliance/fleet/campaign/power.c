/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines of a campaign whose turn has come are switched on by their management controllers. */
#include "appliance/fleet/campaign/run.h"
#include "appliance/fleet/power.h"
#include "appliance/fleet/power_note.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Who asked for its boot so lately comes by itself. */
#define NEAR_MS (INT64_C(2) * 60 * 1000)
/* Looked at in one transaction. Those that may not be touched stay due: all get their look as the
 * slice goes on with the time. */
#define SLICE    NM_POWER_AT_ONCE
#define SLICE_MS 5000

static int order_make(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t id, int64_t now, int64_t *made)
{
	struct machine m;
	struct fleet_power_look look;
	char by[PLACE_TEXT], why[POWER_WHY_TEXT];

	int r = store_machine_get(s, id, &m);
	if (r < 0)
		return r;
	(void)snprintf(by, sizeof(by), "campaign %.*s", (int)sizeof(by) - 10, c->name);
	(void)snprintf(why, sizeof(why), "campaign %s, wave %s", c->name,
	        plan_wave_name(p, (size_t)m.wave - 1));
	const struct fleet_power order = {.what = POWER_WHAT_BOOT,
	        .why = why,
	        .image = "",
	        .at_once = p->power.at_once,
	        .per_rack = p->power.per_rack,
	        .per_feed = p->power.per_feed,
	        .campaign = c->id,
	        .wave = m.wave};
	r = fleet_power_make(s, &m, &order, by, now, &look);
	*made += r == 0 && look.reason == REASON_OK;
	return r;
}

static int orders_make(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t now, int64_t *made)
{
	int64_t *ids = NULL;
	size_t count = 0;

	int r = store_campaign_power_due(s, c->id, c->judged, now - NEAR_MS, &ids, &count);
	size_t from = count > SLICE ? (size_t)(now / SLICE_MS) * SLICE % count : 0;
	for (size_t i = 0; r == 0 && i < count && i < SLICE; i++)
		r = order_make(s, c, p, ids[(from + i) % count], now, made);
	free(ids);
	return r;
}

/* It has come by itself, or may not come any more: what waits for it would only switch it off. */
static int order_take_back(
        struct store *s, const struct store_campaign *c, int64_t machine, int64_t now)
{
	struct store_power order;
	struct machine m;

	int r = store_power_of_campaign(s, c->id, machine, &order);
	if (r < 0)
		return r;
	if (order.state == POWER_STATE_WAITING) {
		order.state = POWER_STATE_STOPPED;
		order.reason = REASON_OK;
		order.ended = now;
		(void)snprintf(order.text, sizeof(order.text),
		        "not needed any more: it has come by itself, or its turn is over");
		r = store_power_save(s, &order);
		if (r == 0)
			r = store_machine_get(s, machine, &m);
		if (r == 0)
			r = power_note(s, &m, &order, now, REASON_OK, order.text);
	}
	store_power_free(&order);
	return r;
}

static int orders_take_back(
        struct store *s, const struct store_campaign *c, int64_t now, int64_t *ret_count)
{
	int64_t *ids = NULL;
	size_t count = 0;

	int r = store_campaign_power_waiting(s, c->id, false, &ids, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = order_take_back(s, c, ids[i], now);
	free(ids);
	*ret_count = (int64_t)count;
	return r;
}

static int orders_stop(struct store *s, const struct store_campaign *c, enum reason shut,
        int64_t now, int64_t *ret_count)
{
	int64_t *ids = NULL;
	size_t count = 0;

	int r = store_campaign_power_waiting(s, c->id, true, &ids, &count);
	free(ids);
	*ret_count = (int64_t)count;
	return r < 0 || !count ? r : fleet_power_stop_campaign(s, c->id, now, reason_title(shut));
}

int campaign_power(struct store *s, const struct store_campaign *c, const struct plan *p,
        int64_t now, bool *ret_changed)
{
	enum reason shut = campaign_shut(c->state, c->window_from, c->window_until, now);
	int64_t stopped = 0, made = 0;
	char text[64];
	int r;

	if (shut != REASON_OK)
		r = orders_stop(s, c, shut, now, &stopped);
	else if (p->power.drive)
		r = orders_take_back(s, c, now, &stopped);
	else
		return 0;
	if (r == 0 && shut == REASON_OK)
		r = orders_make(s, c, p, now, &made);
	if (r < 0)
		return r;
	*ret_changed |= stopped || made;
	if (!made)
		return 0;
	(void)snprintf(text, sizeof(text), "%lld machine%s to be switched on", (long long)made,
	        made == 1 ? "" : "s");
	return campaign_note(s, c, &campaign_appliance, "power", text, now);
}
