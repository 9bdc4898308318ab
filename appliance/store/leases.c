/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/leases.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

/* So far appliances' clocks may differ. */
#define CLOCKS_MS 10000

int store_lease_take(struct store *s, struct store_lease *l, int64_t now, int64_t ms)
{
	struct store_lease next = *l;
	char predecessor[PLACE_TEXT] = "";
	uint64_t fresh;
	int64_t count;

	randombytes_buf(&fresh, sizeof(fresh));
	if (!l->asked)
		(void)snprintf(predecessor, sizeof(predecessor), "%.40s %%", l->who);
	(void)snprintf(next.mark, sizeof(next.mark), "%.40s %016" PRIx64, l->who, fresh);
	struct sql *st = sql_prepare(s,
	        "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name)"
	        " DO UPDATE SET holder = excluded.holder, until = excluded.until"
	        " WHERE leases.holder = ? OR leases.until <= ? OR leases.holder LIKE ?"
	        /* given before the clocks were set back */
	        " OR leases.until > ?");
	sql_bind(st, "ttititi", l->name, next.mark, now + ms, l->mark, now, predecessor,
	        now + ms + CLOCKS_MS);
	int r = sql_run_count(s, st, &count);
	if (r == 0 && count == 0)
		r = -EBUSY;
	if (r == -EBUSY)
		next.mark[0] = '\0';
	next.asked = true;
	if (r == 0 || r == -EBUSY)
		*l = next;
	return r;
}

int store_lease_drop(struct store *s, struct store_lease *l)
{
	struct sql *st = sql_prepare(s, "DELETE FROM leases WHERE name = ? AND holder = ?");

	sql_bind(st, "tt", l->name, l->mark);
	l->mark[0] = '\0';
	return sql_run(s, st);
}
