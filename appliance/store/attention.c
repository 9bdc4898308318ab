/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/attention.h"
#include "appliance/store/sql.h"

int store_attention(struct store *s, size_t limit,
        int (*each)(const char *name, int64_t machine, enum reason reason, void *context),
        void *context)
{
	struct sql *st = sql_prepare(s, "SELECT name, id, reason FROM machines"
	                                " WHERE state = ? ORDER BY since, id LIMIT ?");
	char name[NM_MAX_NAME + 1];
	int r;

	sql_bind(st, "ti", machine_state_name(STATE_attention), (int64_t)limit);
	while ((r = sql_step(s, st)) == 1) {
		sql_text(st, 0, name, sizeof(name));
		r = each(name, sql_int(st, 1), sql_reason(st, 2), context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

static int still_each(struct store *s, struct sql *st,
        int (*each)(const struct store_still *still, void *context), void *context)
{
	int r;

	while ((r = sql_step(s, st)) == 1) {
		int state = machine_state_parse(sql_string(st, 1));
		const struct store_still still = {.machine = sql_int(st, 0),
		        .state = state < 0 ? STATE_COUNT : (enum machine_state)state,
		        .reason = sql_reason(st, 2),
		        .since = sql_int(st, 3)};
		r = each(&still, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_still(struct store *s, int64_t before,
        int (*each)(const struct store_still *still, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT id, state, reason, since FROM machines WHERE state IN ('booting', "
	        "'running',"
	        " 'unlocking', 'planning', 'saving', 'repairing', 'repaired', 'rebooting')"
	        " AND since < ? ORDER BY since, id");

	sql_bind(st, "i", before);
	return still_each(s, st, each, context);
}

int store_silent(
        struct store *s, int (*each)(const struct store_still *still, void *context), void *context)
{
	return still_each(s,
	        sql_prepare(s, "SELECT id, silent_state, reason, last_seen FROM machines"
	                       " WHERE state = 'attention' AND reason IN ('BOOT_STALLED',"
	                       " 'NO_HEARTBEAT', 'NOT_RETURNED') ORDER BY last_seen, id"),
	        each, context);
}
