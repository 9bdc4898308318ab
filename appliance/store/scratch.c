/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A store in memory, into which machines are taken to see what would come of something. */
#include "appliance/store/inventory.h"
#include "appliance/store/ops.h"

#include <errno.h>

/* Machines made there have numbers nobody has. */
static int numbers_follow(struct store *s, struct store *from)
{
	int64_t highest;
	int r = sql_one(
	        from, sql_prepare(from, "SELECT coalesce(max(id), 0) FROM machines"), &highest);

	if (r < 0 || highest == 0)
		return r;
	struct sql *st = sql_prepare(s, "INSERT INTO machines (id, mac) VALUES (?, '')");
	sql_bind(st, "i", highest);
	r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "DELETE FROM machines WHERE id = ?");
	sql_bind(st, "i", highest);
	return sql_run(s, st);
}

int store_scratch(struct store *from, struct store **ret, struct error *err)
{
	struct store *s;
	int r = store_open(STORE_SCRATCH, &s, err);

	if (r < 0)
		return r;
	r = numbers_follow(s, from);
	if (r < 0) {
		store_close(s);
		return error_set(err, r, REASON_CANNOT_OPEN, "the store cannot be read");
	}
	*ret = s;
	return 0;
}

static int macs_take(struct store *s, struct store *from, int64_t machine)
{
	struct sql *st = sql_prepare(from, "SELECT mac FROM macs WHERE machine = ?");
	int r;

	sql_bind(st, "i", machine);
	while ((r = sql_step(from, st)) == 1) {
		r = store_mac_move(s, sql_string(st, 0), machine);
		if (r < 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_scratch_take(
        struct store *s, struct store *from, int64_t machine, struct inventory_line *ret)
{
	struct machine m;
	int r = store_machine_get(from, machine, &m);

	if (r < 0)
		return r;
	struct sql *st = sql_prepare(
	        s, "INSERT INTO machines (id, name, mac, uuid, serial) VALUES (?, ?, ?, ?, ?)");
	sql_bind(st, "itttt", machine, m.name, m.mac, m.uuid, m.serial);
	r = sql_run(s, st);
	if (r == 0)
		r = macs_take(s, from, machine);
	*ret = (struct inventory_line){.machine = machine};
	if (r == 0 && m.listed)
		r = store_inventory_get(from, machine, ret);
	if (r == 0 && m.listed)
		r = store_inventory_set(s, ret);
	return r == 0 && m.conflict[0] ? store_inventory_conflict(s, machine, m.conflict) : r;
}
