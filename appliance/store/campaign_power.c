/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that a campaign has switched on, or is to. */
#include "appliance/store/campaign_power.h"
#include "appliance/store/campaigns.h"
#include "appliance/store/sql.h"

/* What only waits: no person holds it, no fixer works on it, it is not on its way. */
#define IDLE                                                          \
	"m.campaign = ? AND m.open = 1 AND m.done = 0 AND m.held = 0" \
	" AND (m.state IN ('seen', 'held', 'ignored')"                \
	" OR (m.state = 'attention' AND substr(m.reason, 1, 6) = 'POWER_'))"

int store_campaign_power_due(struct store *s, int64_t campaign, int64_t judged, int64_t asked,
        int64_t **ret, size_t *ret_count)
{
	struct sql *st = sql_prepare(s,
	        "SELECT m.id FROM machines m LEFT JOIN inventory i ON i.machine = m.id"
	        " WHERE " IDLE " AND m.asked < ? AND m.started < ?"
	        " AND EXISTS (SELECT 1 FROM machine_bmc b WHERE b.machine = m.id)"
	        " AND NOT EXISTS (SELECT 1 FROM power_orders o WHERE o.machine = m.id"
	        " AND o.campaign = m.campaign AND o.created >= m.guard_from"
	        " AND (o.state <> 'stopped' OR o.ended > ?))"
	        " ORDER BY coalesce(i.rank, 0), m.id");

	sql_bind(st, "iiii", campaign, asked, asked, judged);
	return sql_numbers(s, st, ret, ret_count);
}

int store_campaign_unpowered(struct store *s, int64_t machine, bool *ret)
{
	struct sql *st = sql_prepare(s,
	        "SELECT count(*) FROM machines m JOIN power_orders o ON o.machine = m.id"
	        " AND o.campaign = m.campaign AND o.created >= m.guard_from WHERE m.id = ?"
	        " AND " CAMPAIGN_UNPOWERED " AND o.id ="
	        " (SELECT max(x.id) FROM power_orders x WHERE x.machine = m.id"
	        " AND x.campaign = m.campaign)");
	int64_t count = 0;

	sql_bind(st, "i", machine);
	int r = sql_one(s, st, &count);
	if (r == 0)
		*ret = count > 0;
	return r;
}

int store_campaign_power_waiting(
        struct store *s, int64_t campaign, bool all, int64_t **ret, size_t *ret_count)
{
	struct sql *st =
	        sql_prepare(s, "SELECT DISTINCT o.machine FROM power_orders o WHERE o.campaign = ?"
	                       " AND o.state = 'waiting' AND (? = 1 OR NOT EXISTS"
	                       " (SELECT 1 FROM machines m WHERE m.id = o.machine AND " IDLE "))"
	                       " ORDER BY o.machine");

	sql_bind(st, "iii", campaign, (int64_t)all, campaign);
	return sql_numbers(s, st, ret, ret_count);
}

int store_campaign_power_orders(struct store *s, int64_t campaign,
        int (*each)(const struct store_campaign_order *order, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT o.machine, o.state, o.reason, o.text, o.tries FROM power_orders o JOIN"
	        " (SELECT machine, max(id) AS id FROM power_orders WHERE campaign = ?"
	        " GROUP BY machine) AS latest ON latest.id = o.id"
	        " JOIN machines m ON m.id = o.machine AND m.campaign = o.campaign"
	        " ORDER BY o.machine");
	struct store_campaign_order order;
	char progress[16];
	int r;

	sql_bind(st, "i", campaign);
	while ((r = sql_step(s, st)) == 1) {
		order.machine = sql_int(st, 0);
		sql_text(st, 1, progress, sizeof(progress));
		int power = power_progress_parse(progress);
		order.power = power < 0 ? POWER_STATE_FAILED : (enum power_progress)power;
		order.reason = sql_reason(st, 2);
		sql_text(st, 3, order.text, sizeof(order.text));
		order.tries = (int)sql_int(st, 4);
		r = each(&order, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}
