/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machines are one, and what becomes of the other's history. */
#include "appliance/store/inventory.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <string.h>

int store_machine_make(struct store *s, int64_t *ret_id)
{
	return sql_one(
	        s, sql_prepare(s, "INSERT INTO machines (mac) VALUES ('') RETURNING id"), ret_id);
}

static int mac_take(struct store *s, const char *mac, int64_t machine)
{
	struct sql *st = sql_prepare(s, "INSERT INTO macs (mac, machine) VALUES (?, ?)");

	sql_bind(st, "ti", mac, machine);
	return sql_run(s, st);
}

int store_machine_make_listed(struct store *s, const struct inventory_line *line, int64_t *ret_id)
{
	struct sql *st =
	        sql_prepare(s, "INSERT INTO machines (name, mac) VALUES (?, ?) RETURNING id");
	const char *at = line->macs;
	char mac[MAC_TEXT] = "";
	int64_t id;

	bool some = inventory_mac_next(&at, mac);
	sql_bind(st, "tt", line->name, mac);
	int r = sql_one(s, st, &id);
	for (; r == 0 && some; some = inventory_mac_next(&at, mac))
		r = mac_take(s, mac, id);
	if (r < 0)
		return r;
	struct inventory_line own = *line;
	own.machine = id;
	r = store_inventory_set(s, &own);
	if (r == 0)
		*ret_id = id;
	return r;
}

int store_machines_made(struct store *s, int64_t from, const struct store_event *event)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
	        " SELECT id, ?, attempt, state, ?, ?, ?, ? FROM machines"
	        " WHERE id >= ? AND changed = 0 ORDER BY id");

	sql_bind(st, "itttti", event->at, event->step, reason_code(event->reason), event->text,
	        event->numbers, from);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "UPDATE machines SET changed = (SELECT max(e.seq) FROM events e"
	                    " WHERE e.machine = machines.id) WHERE id >= ? AND changed = 0");
	sql_bind(st, "i", from);
	return sql_run(s, st);
}

int store_mac_owner(struct store *s, const char *mac, int64_t *ret_machine)
{
	struct sql *st = sql_prepare(s, "SELECT machine FROM macs WHERE mac = ?");

	sql_bind(st, "t", mac);
	return sql_one(s, st, ret_machine);
}

/* Adds the rest of the rows, each number once, the lowest first. A few more rows than numbers are
 * asked for: both tables may tell of the same machine. */
static int ids_read(struct store *s, struct sql *st, int64_t *ret, size_t max, size_t *ret_count)
{
	size_t count = 0;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		int64_t id = sql_int(st, 0);
		size_t at = count;
		while (at > 0 && ret[at - 1] > id)
			at--;
		if ((at > 0 && ret[at - 1] == id) || at == max)
			continue;
		count += count < max;
		memmove(ret + at + 1, ret + at, (count - at - 1) * sizeof(*ret));
		ret[at] = id;
	}
	if (r == 0)
		*ret_count = count;
	return r;
}

int store_machines_of_serial(struct store *s, const char *serial, const char *serial_upper,
        int64_t *ret, size_t max, size_t *ret_count)
{
	if (!serial[0]) {
		*ret_count = 0;
		return 0;
	}
	struct sql *st = sql_prepare(s, "SELECT id FROM machines WHERE serial = ?"
	                                " UNION ALL SELECT machine FROM inventory WHERE serial = ?"
	                                " LIMIT ?");
	sql_bind(st, "tti", serial, serial_upper, 4 * (int64_t)max);
	return ids_read(s, st, ret, max, ret_count);
}

int store_machines_of_uuid(struct store *s, const char *uuid, const char *uuid_swapped,
        int64_t *ret, size_t max, size_t *ret_count)
{
	if (!uuid[0]) {
		*ret_count = 0;
		return 0;
	}
	struct sql *st = sql_prepare(s, "SELECT id FROM machines WHERE uuid = ?"
	                                " UNION ALL SELECT id FROM machines WHERE uuid = ?"
	                                " UNION ALL SELECT machine FROM inventory WHERE uuid = ?"
	                                " UNION ALL SELECT machine FROM inventory WHERE uuid = ?"
	                                " LIMIT ?");
	sql_bind(st, "tttti", uuid, uuid_swapped, uuid, uuid_swapped, 4 * (int64_t)max);
	return ids_read(s, st, ret, max, ret_count);
}

int store_machine_count_unlisted(struct store *s, int64_t *ret)
{
	return sql_one(s,
	        sql_prepare(s, "SELECT (SELECT count(*) FROM machines) -"
	                       " (SELECT count(*) FROM inventory)"),
	        ret);
}

int store_mac_move(struct store *s, const char *mac, int64_t machine)
{
	struct sql *st = sql_prepare(s, "INSERT INTO macs (mac, machine) VALUES (?, ?)"
	                                " ON CONFLICT (mac) DO UPDATE SET machine ="
	                                " excluded.machine");

	sql_bind(st, "ti", mac, machine);
	return sql_run(s, st);
}

int store_token_move(struct store *s, const char *token, int64_t machine)
{
	uint8_t hash[32];

	sql_hash(token, hash);
	struct sql *st =
	        sql_prepare(s, "UPDATE tokens SET machine = ? WHERE hash = ? AND used = 0");
	sql_bind(st, "ib", machine, hash, (int)sizeof(hash));
	return sql_run(s, st);
}

static int run_ids(struct store *s, struct sql *st, int64_t first, int64_t second)
{
	sql_bind(st, "ii", first, second);
	return sql_run(s, st);
}

/* Whoever looks at the fleet is told by this row. */
static int gone_add(struct store *s, int64_t machine, int64_t survivor)
{
	return run_ids(s,
	        sql_prepare(s, "INSERT INTO gone (machine, survivor, seq) VALUES (?, ?,"
	                       " (SELECT coalesce(max(seq), 0) FROM events))"),
	        machine, survivor);
}

/* Its controller is theirs, unless they have one; the same with an order that is open: a machine
 * has one of them at most. */
static int power_merge(struct store *s, int64_t from, int64_t into)
{
	int r = run_ids(s,
	        sql_prepare(s, "DELETE FROM machine_bmc WHERE machine = ? AND appliance IN"
	                       " (SELECT b.appliance FROM machine_bmc b WHERE b.machine = ?)"),
	        from, into);
	if (r == 0)
		r = run_ids(s,
		        sql_prepare(s, "UPDATE machine_bmc SET machine = ? WHERE machine = ?"),
		        into, from);
	if (r < 0)
		return r;
	return run_ids(s,
	        sql_prepare(s, "UPDATE power_orders SET state = 'stopped', reason = 'OK', text ="
	                       " 'it turned out to be a machine that has an order already',"
	                       " ended = CASE WHEN begun > created THEN begun ELSE created END"
	                       " WHERE machine = ? AND state IN ('waiting', 'driving', 'booting')"
	                       " AND EXISTS (SELECT 1 FROM power_orders o WHERE o.machine = ?"
	                       " AND o.state IN ('waiting', 'driving', 'booting'))"),
	        from, into);
}

int store_machine_merge(struct store *s, int64_t from, int64_t into)
{
	/* Of two that have the same bundle one row is enough. */
	int r = run_ids(s,
	        sql_prepare(s, "DELETE FROM bundles WHERE machine = ? AND sha256 IN"
	                       " (SELECT b.sha256 FROM bundles b WHERE b.machine = ?)"),
	        from, into);
	if (r == 0)
		r = power_merge(s, from, into);
	struct sql *const moves[] = {
	        sql_prepare(s, "UPDATE macs SET machine = ? WHERE machine = ?"),
	        sql_prepare(s, "UPDATE tokens SET machine = ? WHERE machine = ?"),
	        sql_prepare(s, "UPDATE sessions SET machine = ? WHERE machine = ?"),
	        sql_prepare(s, "UPDATE events SET machine = ? WHERE machine = ?"),
	        sql_prepare(s, "UPDATE bundles SET machine = ? WHERE machine = ?"),
	        sql_prepare(s, "UPDATE results SET machine = ? WHERE machine = ?"),
	        sql_prepare(s, "UPDATE power_orders SET machine = ? WHERE machine = ?"),
	};

	for (size_t i = 0; r == 0 && i < sizeof(moves) / sizeof(moves[0]); i++)
		r = run_ids(s, moves[i], into, from);
	if (r == 0) {
		struct sql *st = sql_prepare(s, "DELETE FROM machines WHERE id = ?");
		sql_bind(st, "i", from);
		r = sql_run(s, st);
	}
	return r < 0 ? r : gone_add(s, from, into);
}

int store_machine_delete(struct store *s, int64_t machine)
{
	struct sql *const deletes[] = {
	        sql_prepare(s, "DELETE FROM inventory WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM macs WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM tokens WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM results WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM bundles WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM events WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM sessions WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM machine_bmc WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM power_orders WHERE machine = ?"),
	        sql_prepare(s, "DELETE FROM machines WHERE id = ?"),
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(deletes) / sizeof(deletes[0]); i++) {
		sql_bind(deletes[i], "i", machine);
		r = sql_run(s, deletes[i]);
	}
	return r < 0 ? r : gone_add(s, machine, 0);
}

int store_gone(struct store *s, int64_t *id,
        int (*each)(int64_t machine, int64_t now, void *context), void *context)
{
	struct sql *st = sql_prepare(
	        s, "SELECT id, machine, survivor FROM gone WHERE id > ? ORDER BY id LIMIT 1000");
	int r;

	sql_bind(st, "i", *id);
	while ((r = sql_step(s, st)) == 1) {
		r = each(sql_int(st, 1), sql_int(st, 2), context);
		if (r != 0)
			break;
		*id = sql_int(st, 0);
	}
	sql_end(st);
	return r;
}

int store_gone_since(struct store *s, int64_t seq, int64_t *ret_id)
{
	struct sql *st = sql_prepare(s, "SELECT coalesce(max(id), 0) FROM gone WHERE seq < ?");

	sql_bind(st, "i", seq);
	return sql_one(s, st, ret_id);
}
