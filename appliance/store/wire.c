/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/wire.h"
#include "appliance/store/sql.h"

int store_heard_save(struct store *s, const char *appliance, const struct store_heard *heard)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO heard (appliance, mac, kind, at, arch, vendor, answered)"
	        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (appliance, mac, kind) DO UPDATE SET"
	        " at = excluded.at, arch = excluded.arch, vendor = excluded.vendor,"
	        " answered = excluded.answered");

	sql_bind(st, "tttitti", appliance, heard->mac, heard->kind, heard->at, heard->arch,
	        heard->vendor, (int64_t)heard->answered);
	return sql_run(s, st);
}

int store_dhcp_server_save(
        struct store *s, const char *appliance, const struct store_dhcp_server *server)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO dhcp_servers (appliance, ip, mac, at) VALUES (?, ?, ?, ?)"
	        " ON CONFLICT (appliance, ip) DO UPDATE SET mac = excluded.mac, at = excluded.at");

	sql_bind(st, "ttti", appliance, server->ip, server->mac, server->at);
	return sql_run(s, st);
}

int store_wire_trim(struct store *s, const char *appliance, int64_t now, size_t keep)
{
	struct sql *st = sql_prepare(s,
	        "DELETE FROM heard WHERE appliance = ? AND (at > ? OR at < coalesce((SELECT h.at"
	        " FROM heard h WHERE h.appliance = ? AND h.at <= ? ORDER BY h.at DESC"
	        " LIMIT 1 OFFSET ?), 0))");

	sql_bind(st, "titii", appliance, now, appliance, now, (int64_t)keep - 1);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s,
	        "DELETE FROM dhcp_servers WHERE appliance = ? AND (at > ? OR at < coalesce((SELECT"
	        " d.at FROM dhcp_servers d WHERE d.appliance = ? AND d.at <= ? ORDER BY d.at DESC"
	        " LIMIT 1 OFFSET ?), 0))");
	sql_bind(st, "titii", appliance, now, appliance, now, (int64_t)keep - 1);
	return sql_run(s, st);
}

int store_heard_of(struct store *s, int64_t machine, int64_t *ret_windows, int64_t *ret_boot)
{
	struct sql *st = sql_prepare(s,
	        "SELECT coalesce(max(CASE WHEN h.kind = 'windows' THEN h.at ELSE 0 END), 0),"
	        " coalesce(max(CASE WHEN h.kind IN ('pxe', 'http', 'ipxe') THEN h.at ELSE 0 END), "
	        "0)"
	        " FROM heard h JOIN macs c ON c.mac = h.mac WHERE c.machine = ?");

	sql_bind(st, "i", machine);
	int r = sql_step(s, st);
	if (r == 1) {
		*ret_windows = sql_int(st, 0);
		*ret_boot = sql_int(st, 1);
		r = 0;
	}
	sql_end(st);
	return r;
}

static void heard_read(struct sql *st, struct store_heard *heard, struct machine *m)
{
	sql_text(st, 0, heard->mac, sizeof(heard->mac));
	sql_text(st, 1, heard->kind, sizeof(heard->kind));
	sql_text(st, 2, heard->arch, sizeof(heard->arch));
	sql_text(st, 3, heard->vendor, sizeof(heard->vendor));
	heard->at = sql_int(st, 4);
	heard->answered = sql_int(st, 5);
	*m = (struct machine){.id = sql_int(st, 6)};
	if (m->id == 0)
		return;
	sql_text(st, 7, m->name, sizeof(m->name));
	sql_text(st, 8, m->serial, sizeof(m->serial));
	m->state = sql_state(st, 9);
	m->reason = sql_reason(st, 10);
	m->in_scope = sql_int(st, 11);
	m->held = sql_int(st, 12);
	m->done = sql_int(st, 13);
	m->campaign = sql_int(st, 14);
	m->open = sql_int(st, 15);
	m->last_seen = sql_int(st, 16);
}

int store_heard(struct store *s, size_t limit,
        int (*each)(const struct store_heard *heard, const struct machine *m, void *context),
        void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT h.mac, h.kind, h.arch, h.vendor, h.at, h.answered, coalesce(m.id, 0), "
	        "m.name,"
	        " m.serial, m.state, m.reason, m.in_scope, m.held, m.done, m.campaign, m.open,"
	        " m.last_seen"
	        " FROM heard h LEFT JOIN macs k ON k.mac = h.mac LEFT JOIN machines m"
	        " ON m.id = k.machine ORDER BY h.at DESC, h.mac, h.kind LIMIT ?");
	struct store_heard heard;
	struct machine m;
	int r;

	sql_bind(st, "i", (int64_t)limit);
	while ((r = sql_step(s, st)) == 1) {
		heard_read(st, &heard, &m);
		r = each(&heard, m.id ? &m : NULL, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_dhcp_servers(struct store *s, size_t limit,
        int (*each)(const struct store_dhcp_server *server, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT d.ip, d.mac, d.at, CASE WHEN EXISTS (SELECT 1 FROM appliances a"
	        " WHERE a.address = d.ip) THEN 1 ELSE 0 END FROM dhcp_servers d"
	        " ORDER BY d.at DESC, d.ip LIMIT ?");
	struct store_dhcp_server server;
	int r;

	sql_bind(st, "i", (int64_t)limit);
	while ((r = sql_step(s, st)) == 1) {
		sql_text(st, 0, server.ip, sizeof(server.ip));
		sql_text(st, 1, server.mac, sizeof(server.mac));
		server.at = sql_int(st, 2);
		server.ours = sql_int(st, 3);
		r = each(&server, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}
