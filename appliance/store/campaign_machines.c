/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machines in campaigns: looked at by the thousand, so in as few statements as there are
 * questions. */
#include "appliance/store/campaign_power.h"
#include "appliance/store/campaigns.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <stdlib.h>

#define GROUPS(power_columns, power_joins)                                                 \
	"SELECT wave, rank, held, state, reason, judged, settled, open, bmc, power,"       \
	" unpowered, power_judged, count(*) FROM"                                          \
	" (SELECT m.wave, coalesce(i.rank, 0) AS rank, m.held, m.state, m.reason, m.open," \
	" CASE WHEN m.since >= ? THEN 1 ELSE 0 END AS judged,"                             \
	" CASE WHEN m.since <= ? THEN 1 ELSE 0 END AS settled," power_columns              \
	" FROM machines m LEFT JOIN inventory i ON i.machine = m.id" power_joins           \
	" WHERE m.campaign = ?) AS each_one GROUP BY wave, rank, held, state, reason,"     \
	" judged, settled, open, bmc, power, unpowered, power_judged"
#define POWER_COLUMNS                                                       \
	" CASE WHEN b.machine IS NULL THEN 0 ELSE 1 END AS bmc,"            \
	" coalesce(o.state, '') AS power,"                                  \
	" CASE WHEN " CAMPAIGN_UNPOWERED " THEN 1 ELSE 0 END AS unpowered," \
	" CASE WHEN coalesce(o.ended, 0) >= ? THEN 1 ELSE 0 END AS power_judged"
#define POWER_JOINS                                                                      \
	" LEFT JOIN (SELECT DISTINCT machine FROM machine_bmc) AS b ON b.machine = m.id" \
	" LEFT JOIN (SELECT machine, max(id) AS id FROM power_orders WHERE campaign = ?" \
	" GROUP BY machine) AS latest ON latest.machine = m.id"                          \
	" LEFT JOIN power_orders o ON o.id = latest.id AND o.created >= m.guard_from"
#define NO_POWER " 0 AS bmc, '' AS power, 0 AS unpowered, 0 AS power_judged"

int store_campaign_groups(struct store *s, int64_t campaign, bool power, int64_t judged,
        int64_t settled, int (*each)(const struct store_group *group, void *context), void *context)
{
	struct sql *st = power ? sql_prepare(s, GROUPS(POWER_COLUMNS, POWER_JOINS))
	                       : sql_prepare(s, GROUPS(NO_POWER, ""));
	struct store_group g;
	char progress[16];
	int r;

	if (power)
		sql_bind(st, "iiiii", judged, settled, judged, campaign, campaign);
	else
		sql_bind(st, "iii", judged, settled, campaign);
	while ((r = sql_step(s, st)) == 1) {
		g.wave = (int)sql_int(st, 0);
		g.rank = (int)sql_int(st, 1);
		g.held = sql_int(st, 2) != 0;
		g.state = sql_state(st, 3);
		g.reason = sql_reason(st, 4);
		g.judged = sql_int(st, 5) != 0;
		g.settled = sql_int(st, 6) != 0;
		g.open = sql_int(st, 7) != 0;
		g.bmc = sql_int(st, 8) != 0;
		sql_text(st, 9, progress, sizeof(progress));
		int order = power_progress_parse(progress);
		g.ordered = order >= 0;
		g.power = order < 0 ? POWER_STATE_STOPPED : (enum power_progress)order;
		g.unpowered = sql_int(st, 10) != 0;
		g.power_judged = sql_int(st, 11) != 0;
		g.count = sql_int(st, 12);
		r = each(&g, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_campaign_machines(
        struct store *s, int64_t campaign, int wave, int64_t **ret, size_t *ret_count)
{
	struct sql *st = sql_prepare(s, "SELECT id FROM machines WHERE campaign = ?"
	                                " AND (wave = ? OR ? = 0) ORDER BY wave, id");

	sql_bind(st, "iii", campaign, (int64_t)wave, (int64_t)wave);
	return sql_numbers(s, st, ret, ret_count);
}

int store_campaign_sizes(struct store *s, int64_t campaign, int64_t ret[WAVES_MAX + 1])
{
	struct sql *st = sql_prepare(
	        s, "SELECT wave, count(*) FROM machines WHERE campaign = ? GROUP BY wave");
	int64_t sizes[WAVES_MAX + 1] = {0};
	int r;

	sql_bind(st, "i", campaign);
	while ((r = sql_step(s, st)) == 1) {
		int64_t wave = sql_int(st, 0);
		if (wave > 0 && wave <= WAVES_MAX)
			sizes[wave] = sql_int(st, 1);
	}
	sql_end(st);
	for (int i = 0; r == 0 && i <= WAVES_MAX; i++)
		ret[i] = sizes[i];
	return r;
}

int store_campaign_next_rank(struct store *s, int64_t campaign, int wave, int above, int *ret)
{
	struct sql *st = sql_prepare(s,
	        "SELECT coalesce(min(i.rank), 0) FROM machines m JOIN inventory i"
	        " ON i.machine = m.id WHERE m.campaign = ? AND m.wave = ? AND i.rank > ?");
	int64_t rank;

	sql_bind(st, "iii", campaign, (int64_t)wave, (int64_t)above);
	int r = sql_one(s, st, &rank);
	if (r < 0)
		return r;
	if (rank == 0)
		return -ENOENT;
	*ret = (int)rank;
	return 0;
}

/* ---- who may join ---- */

#define CANDIDATE                                                                                  \
	"SELECT m.id, m.name, m.mac, m.ip, m.serial, coalesce(i.site, ''),"                        \
	" coalesce(i.floor, ''), coalesce(i.owner, ''), coalesce(i.ring, ''), m.state, m.reason,"  \
	" CASE WHEN c.state IN ('running', 'paused', 'stopped') THEN 1 ELSE 0 END AS live,"        \
	" coalesce(i.rack, ''), coalesce(i.feed, ''),"                                             \
	" CASE WHEN EXISTS (SELECT 1 FROM machine_bmc b WHERE b.machine = m.id) THEN 1 ELSE 0 END" \
	" FROM machines m LEFT JOIN inventory i ON i.machine = m.id"                               \
	" LEFT JOIN campaigns c ON c.id = m.campaign "

/* change_only_looked() */
#define ONLY_LOOKED "(m.state = 'rebooting' AND m.reason IN ('WOULD_REPAIR', 'REPORT_ONLY'))"

static void candidate_read(struct sql *st, struct store_candidate *c)
{
	c->id = sql_int(st, 0);
	sql_text(st, 1, c->name, sizeof(c->name));
	sql_text(st, 2, c->mac, sizeof(c->mac));
	sql_text(st, 3, c->ip, sizeof(c->ip));
	sql_text(st, 4, c->serial, sizeof(c->serial));
	sql_text(st, 5, c->site, sizeof(c->site));
	sql_text(st, 6, c->floor, sizeof(c->floor));
	sql_text(st, 7, c->owner, sizeof(c->owner));
	sql_text(st, 8, c->ring, sizeof(c->ring));
	c->state = sql_state(st, 9);
	c->reason = sql_reason(st, 10);
	c->live = sql_int(st, 11) != 0;
	sql_text(st, 12, c->rack, sizeof(c->rack));
	sql_text(st, 13, c->feed, sizeof(c->feed));
	c->bmc = sql_int(st, 14) != 0;
}

int store_candidates(struct store *s, bool later,
        int (*each)(const struct store_candidate *c, void *context), void *context)
{
	struct sql *st =
	        later ? sql_prepare(s, CANDIDATE "WHERE (m.done = 0 OR " ONLY_LOOKED ") AND"
	                                         " (c.id IS NULL OR c.state IN"
	                                         " ('finished', 'aborted')) ORDER BY m.id")
	              : sql_prepare(s, CANDIDATE "ORDER BY m.id");
	struct store_candidate c;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		candidate_read(st, &c);
		r = each(&c, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_candidate(struct store *s, int64_t machine, struct store_candidate *ret)
{
	struct sql *st = sql_prepare(s, CANDIDATE "WHERE m.id = ?");

	sql_bind(st, "i", machine);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	candidate_read(st, ret);
	sql_end(st);
	return 0;
}

/* ---- in line with the waves ---- */

/* Each machine not repaired yet, what it waits for (OK: it may go on), and whether it only waits:
 * no person holds it, no fixer works on it. Parameters: shut, shut, campaign. */
#define TURNS                                                                                \
	"SELECT m.id, m.attempt, m.open, m.state, m.reason, w.name AS wave_name,"            \
	" CASE WHEN CAST(? AS TEXT) <> 'OK' THEN CAST(? AS TEXT)"                            \
	" WHEN w.opened = 0 THEN 'WAVE_NOT_OPEN'"                                            \
	" WHEN coalesce(i.rank, 0) > w.rank THEN 'START_ORDER' ELSE 'OK' END AS turn,"       \
	" CASE WHEN m.held = 0 AND m.state IN ('seen', 'held', 'ignored') THEN 1 ELSE 0 END" \
	" AS idle FROM machines m JOIN waves w ON w.campaign = m.campaign AND"               \
	" w.number = m.wave LEFT JOIN inventory i ON i.machine = m.id"                       \
	" WHERE m.campaign = ? AND m.done = 0"
#define CHANGES                                               \
	"((t.open = 1) <> (t.turn = 'OK') OR (t.idle = 1 AND" \
	" (t.reason <> t.turn OR t.state = 'ignored' OR (t.turn = 'OK' AND t.state <> 'seen'))))"
/* A machine that asks every few seconds stays `held`. */
#define NEXT_STATE                                                                   \
	"CASE WHEN t.idle = 0 OR (t.turn <> 'OK' AND t.state = 'held') THEN t.state" \
	" ELSE 'seen' END"

int store_campaign_unaligned(
        struct store *s, int64_t campaign, enum reason shut, int64_t *ret_count)
{
	struct sql *st = sql_prepare(s, "SELECT count(*) FROM (" TURNS ") AS t WHERE " CHANGES);

	sql_bind(st, "tti", reason_code(shut), reason_code(shut), campaign);
	return sql_one(s, st, ret_count);
}

int store_campaign_align(
        struct store *s, int64_t campaign, int64_t now, enum reason shut, int64_t *ret_count)
{
	const char *code = reason_code(shut);
	struct sql *st = sql_prepare(s,
	        "INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
	        " SELECT t.id, CAST(? AS BIGINT), t.attempt, " NEXT_STATE ", 'campaign', t.turn,"
	        " 'wave ' || t.wave_name, '{}' FROM (" TURNS ") AS t WHERE " CHANGES
	        " ORDER BY t.id");

	sql_bind(st, "itti", now, code, code, campaign);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s,
	        "UPDATE machines SET open = CASE WHEN t.turn = 'OK' THEN 1 ELSE 0 END,"
	        " since = CASE WHEN machines.state = " NEXT_STATE " THEN since"
	        " ELSE CAST(? AS BIGINT) END, state = " NEXT_STATE ","
	        " reason = CASE WHEN t.idle = 1 THEN t.turn ELSE machines.reason END,"
	        " text = CASE WHEN t.idle = 1 THEN '' ELSE machines.text END,"
	        " changed = (SELECT max(e.seq) FROM events e WHERE e.machine = machines.id)"
	        " FROM (" TURNS ") AS t WHERE t.id = machines.id AND " CHANGES);
	sql_bind(st, "itti", now, code, code, campaign);
	return sql_run_count(s, st, ret_count);
}

/* ---- times ---- */

int store_campaign_steps(struct store *s, int64_t campaign, int64_t from,
        int (*each)(const struct store_step *step, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT e.machine, e.step, e.at, e.reason FROM events e JOIN"
	        " (SELECT max(x.seq) AS seq FROM events x JOIN machines m ON m.id = x.machine"
	        " WHERE m.campaign = ? AND x.at >= ?"
	        " AND x.step IN ('boot', 'session', 'result', 'windows')"
	        " GROUP BY x.machine, x.step) AS latest ON latest.seq = e.seq ORDER BY e.machine");
	struct store_step step;
	int r;

	sql_bind(st, "ii", campaign, from);
	while ((r = sql_step(s, st)) == 1) {
		step.machine = sql_int(st, 0);
		sql_text(st, 1, step.step, sizeof(step.step));
		step.at = sql_int(st, 2);
		step.reason = sql_reason(st, 3);
		r = each(&step, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_campaign_released(struct store *s, int64_t campaign, int64_t from, int64_t *ret)
{
	struct sql *st =
	        sql_prepare(s, "SELECT count(DISTINCT x.machine) FROM sessions x JOIN machines m"
	                       " ON m.id = x.machine WHERE m.campaign = ? AND x.created >= ?"
	                       " AND x.released IS NOT NULL");

	sql_bind(st, "ii", campaign, from);
	return sql_one(s, st, ret);
}
