/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/counts.h"
#include "appliance/store/sql.h"

#include <string.h>

static int count_each(struct store *s, struct sql *st,
        int (*each)(const struct store_count *count, void *context), void *context)
{
	int r;

	while ((r = sql_step(s, st)) == 1) {
		const struct store_count count = {.campaign = sql_string(st, 0),
		        .wave = sql_string(st, 1),
		        .state = sql_state(st, 2),
		        .reason = sql_reason(st, 3),
		        .machines = sql_int(st, 4)};
		r = each(&count, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_counts(
        struct store *s, int (*each)(const struct store_count *count, void *context), void *context)
{
	return count_each(s,
	        sql_prepare(s, "SELECT '', '', state, reason, count(*) FROM machines"
	                       " GROUP BY state, reason"),
	        each, context);
}

int store_site_counts(struct store *s,
        int (*each)(const char *site, const struct store_count *count, void *context),
        void *context)
{
	struct sql *st = sql_prepare(s, "SELECT coalesce(i.site, ''), m.state, m.reason, count(*)"
	                                " FROM machines m LEFT JOIN inventory i ON i.machine = m.id"
	                                " GROUP BY coalesce(i.site, ''), m.state, m.reason"
	                                " ORDER BY coalesce(i.site, '')");
	int r;

	while ((r = sql_step(s, st)) == 1) {
		const struct store_count count = {.campaign = "",
		        .wave = "",
		        .state = sql_state(st, 1),
		        .reason = sql_reason(st, 2),
		        .machines = sql_int(st, 3)};
		r = each(sql_string(st, 0), &count, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_state_counts(struct store *s, int64_t ret[STATE_COUNT])
{
	struct sql *st = sql_prepare(s, "SELECT state, count(*) FROM machines GROUP BY state");
	int64_t counts[STATE_COUNT] = {0};
	int r;

	while ((r = sql_step(s, st)) == 1)
		counts[sql_state(st, 0)] += sql_int(st, 1);
	if (r == 0)
		memcpy(ret, counts, sizeof(counts));
	return r;
}

int store_campaign_counts(
        struct store *s, int (*each)(const struct store_count *count, void *context), void *context)
{
	return count_each(s,
	        sql_prepare(s, "SELECT c.name, w.name, m.state, m.reason, count(*) FROM machines m"
	                       " JOIN campaigns c ON c.id = m.campaign"
	                       " JOIN waves w ON w.campaign = m.campaign AND w.number = m.wave"
	                       " GROUP BY c.name, w.name, m.state, m.reason"
	                       " ORDER BY c.name, w.name, m.state"),
	        each, context);
}

int store_campaign_states(struct store *s,
        int (*each)(const char *state, int64_t count, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT state, count(*) FROM campaigns GROUP BY state");
	int r;

	while ((r = sql_step(s, st)) == 1) {
		r = each(sql_string(st, 0), sql_int(st, 1), context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_attempts(struct store *s, int64_t *ret)
{
	return sql_one(s, sql_prepare(s, "SELECT coalesce(sum(attempt), 0) FROM machines"), ret);
}

int store_appliance_rows(struct store *s,
        int (*each)(const struct store_appliance_row *row, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT id, name, address, version, started, seen,"
	                                " twin, twin_seen FROM appliances ORDER BY id");
	struct store_appliance_row row;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		sql_text(st, 0, row.id, sizeof(row.id));
		sql_text(st, 1, row.name, sizeof(row.name));
		sql_text(st, 2, row.address, sizeof(row.address));
		sql_text(st, 3, row.version, sizeof(row.version));
		row.started = sql_int(st, 4);
		row.seen = sql_int(st, 5);
		sql_text(st, 6, row.twin, sizeof(row.twin));
		row.twin_seen = sql_int(st, 7);
		r = each(&row, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_appliances_since(struct store *s, int64_t since, int64_t *ret)
{
	struct sql *st = sql_prepare(s, "SELECT count(*) FROM appliances WHERE seen >= ?");

	sql_bind(st, "i", since);
	return sql_one(s, st, ret);
}
