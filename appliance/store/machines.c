/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sql.h"

#include <errno.h>
#include <string.h>

#define COLUMNS                                                                            \
	"m.id, m.name, m.mac, m.ip, m.uuid, m.serial, m.asset, m.manufacturer, m.product," \
	" m.in_scope, m.held, m.done, m.state, m.reason, m.text, m.silent_state,"          \
	" m.silent_reason, m.attempt, m.since, m.first_seen, m.last_seen, m.guard_from,"   \
	" m.pairing, m.changed "

static void machine_read(sqlite3_stmt *st, struct machine *m)
{
	m->id = sqlite3_column_int64(st, 0);
	sql_text(st, 1, m->name, sizeof(m->name));
	sql_text(st, 2, m->mac, sizeof(m->mac));
	sql_text(st, 3, m->ip, sizeof(m->ip));
	sql_text(st, 4, m->uuid, sizeof(m->uuid));
	sql_text(st, 5, m->serial, sizeof(m->serial));
	sql_text(st, 6, m->asset, sizeof(m->asset));
	sql_text(st, 7, m->manufacturer, sizeof(m->manufacturer));
	sql_text(st, 8, m->product, sizeof(m->product));
	m->in_scope = sqlite3_column_int(st, 9);
	m->held = sqlite3_column_int(st, 10);
	m->done = sqlite3_column_int(st, 11);
	m->state = sql_state(st, 12);
	m->reason = sql_reason(st, 13);
	sql_text(st, 14, m->text, sizeof(m->text));
	bool silent = sqlite3_column_bytes(st, 15) > 0;
	m->silent_state = silent ? sql_state(st, 15) : STATE_COUNT;
	m->silent_reason = sql_reason(st, 16);
	m->attempt = sqlite3_column_int(st, 17);
	m->since = sqlite3_column_int64(st, 18);
	m->first_seen = sqlite3_column_int64(st, 19);
	m->last_seen = sqlite3_column_int64(st, 20);
	m->guard_from = sqlite3_column_int64(st, 21);
	sql_text(st, 22, m->pairing, sizeof(m->pairing));
	m->changed = sqlite3_column_int64(st, 23);
}

static int machine_one(struct store *s, sqlite3_stmt *st, struct machine *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	machine_read(st, ret);
	sql_end(st);
	return 0;
}

static int machine_each(struct store *s, sqlite3_stmt *st,
        int (*each)(const struct machine *m, void *context), void *context)
{
	struct machine m;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		machine_read(st, &m);
		r = each(&m, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

static int mac_add(struct store *s, const char *mac, int64_t machine)
{
	sqlite3_stmt *st = sql_prepare(s, "INSERT INTO macs (mac, machine) VALUES (?, ?)"
	                                  " ON CONFLICT (mac) DO NOTHING");
	sql_bind(st, "ti", mac, machine);
	return sql_run(s, st);
}

int store_machine_add(struct store *s, const char *mac, int64_t *ret_id)
{
	struct machine known;
	int r = store_machine_by_mac(s, mac, &known);

	if (r != -ENOENT)
		return r < 0 ? r : -EEXIST;
	sqlite3_stmt *st = sql_prepare(s, "INSERT INTO machines (mac) VALUES (?)");
	sql_bind(st, "t", mac);
	r = sql_run(s, st);
	if (r < 0)
		return r;
	int64_t id = sqlite3_last_insert_rowid(s->db);
	r = mac_add(s, mac, id);
	if (r < 0)
		return r;
	*ret_id = id;
	return 0;
}

int store_machine_get(struct store *s, int64_t id, struct machine *ret)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM machines m WHERE m.id = ?");

	sql_bind(st, "i", id);
	return machine_one(s, st, ret);
}

int store_machine_by_mac(struct store *s, const char *mac, struct machine *ret)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM macs JOIN machines m"
	                                  " ON m.id = macs.machine WHERE macs.mac = ?");
	sql_bind(st, "t", mac);
	return machine_one(s, st, ret);
}

int store_machine_by_identity(
        struct store *s, const char *uuid, const char *serial, struct machine *ret)
{
	if (!uuid[0] || !serial[0])
		return -ENOENT;
	sqlite3_stmt *st =
	        sql_prepare(s, "SELECT " COLUMNS "FROM machines m"
	                       " WHERE m.serial = ? AND m.uuid = ? ORDER BY m.id LIMIT 1");
	sql_bind(st, "tt", serial, uuid);
	return machine_one(s, st, ret);
}

int store_machine_by_ip(struct store *s, const char *ip, struct machine *ret)
{
	if (!ip[0])
		return -ENOENT;
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM machines m"
	                                  " WHERE m.ip = ? ORDER BY m.last_seen DESC LIMIT 1");
	sql_bind(st, "t", ip);
	return machine_one(s, st, ret);
}

int store_machine_save(struct store *s, const struct machine *m)
{
	sqlite3_stmt *st = sql_prepare(s,
	        "UPDATE machines SET name = ?, mac = ?, ip = ?, uuid = ?, serial = ?, asset = ?,"
	        " manufacturer = ?, product = ?, in_scope = ?, held = ?, done = ?, state = ?, "
	        "reason = ?,"
	        " text = ?, silent_state = ?, silent_reason = ?, attempt = ?, since = ?, "
	        "first_seen = ?,"
	        " last_seen = ?, guard_from = ?, pairing = ? WHERE id = ?");

	sql_bind(st, "ttttttttiiitttttiiiiiti", m->name, m->mac, m->ip, m->uuid, m->serial,
	        m->asset, m->manufacturer, m->product, (int64_t)m->in_scope, (int64_t)m->held,
	        (int64_t)m->done, machine_state_name(m->state), reason_code(m->reason), m->text,
	        machine_state_name(m->silent_state), reason_code(m->silent_reason),
	        (int64_t)m->attempt, m->since, m->first_seen, m->last_seen, m->guard_from,
	        m->pairing, m->id);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	if (sqlite3_changes(s->db) != 1)
		return -ENOENT;
	return mac_add(s, m->mac, m->id);
}

int store_machine_touch(struct store *s, int64_t id, int64_t now)
{
	sqlite3_stmt *st = sql_prepare(s, "UPDATE machines SET last_seen = ? WHERE id = ?");

	sql_bind(st, "ii", now, id);
	return sql_run(s, st);
}

int store_machines(struct store *s, int64_t after, size_t limit,
        int (*each)(const struct machine *m, void *context), void *context)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM machines m"
	                                  " WHERE m.changed > ? ORDER BY m.changed LIMIT ?");

	sql_bind(st, "ii", after, limit ? (int64_t)limit : (int64_t)-1);
	return machine_each(s, st, each, context);
}

int store_machines_quiet(struct store *s, enum machine_state state, int64_t before,
        int (*each)(const struct machine *m, void *context), void *context)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM machines m"
	                                  " WHERE m.state = ? AND m.last_seen < ?");

	sql_bind(st, "ti", machine_state_name(state), before);
	return machine_each(s, st, each, context);
}

int store_macs(struct store *s, int64_t machine_or_0,
        int (*each)(const char *mac, const struct machine *m, void *context), void *context)
{
	struct machine m;
	char mac[MAC_TEXT];
	sqlite3_stmt *st;
	int r;

	if (machine_or_0) {
		st = sql_prepare(s,
		        "SELECT " COLUMNS ", macs.mac FROM macs"
		        " JOIN machines m ON m.id = macs.machine WHERE macs.machine = ?");
		sql_bind(st, "i", machine_or_0);
	} else {
		st = sql_prepare(s, "SELECT " COLUMNS ", macs.mac FROM macs"
		                    " JOIN machines m ON m.id = macs.machine");
	}
	while ((r = sql_step(s, st)) == 1) {
		machine_read(st, &m);
		sql_text(st, 24, mac, sizeof(mac));
		r = each(mac, &m, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_machine_count(struct store *s, int64_t *ret)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT count(*) FROM machines");
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -EIO;
	*ret = sqlite3_column_int64(st, 0);
	sql_end(st);
	return 0;
}
