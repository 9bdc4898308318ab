/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sql.h"

#include <errno.h>
#include <string.h>

#define COLUMNS                                                                              \
	"m.id, m.name, m.mac, m.ip, m.uuid, m.serial, m.asset, m.manufacturer, m.product,"   \
	" m.in_scope, m.held, m.done, m.state, m.reason, m.text, m.silent_state,"            \
	" m.silent_reason, m.attempt, m.since, m.first_seen, m.last_seen, m.guard_from,"     \
	" m.pairing, m.changed, m.campaign, m.wave, m.open, m.appliance, i.machine,"         \
	" i.site, i.floor, i.owner, i.ring, i.bmc, i.rank, i.conflict, i.serial, i.uuid, "   \
	"m.loader, m.flipped, m.given, m.flips, m.asked, m.started, coalesce(l.loader, 0), " \
	"m.boot_order, m.safe_mode, i.rack, i.feed "
#define MACHINES                                                \
	"machines m LEFT JOIN inventory i ON i.machine = m.id " \
	"LEFT JOIN models l ON l.model = trim(m.manufacturer || ' ' || m.product) "
#define MAC_COLUMN 49 /* behind COLUMNS */

static void machine_read(struct sql *st, struct machine *m)
{
	m->id = sql_int(st, 0);
	sql_text(st, 1, m->name, sizeof(m->name));
	sql_text(st, 2, m->mac, sizeof(m->mac));
	sql_text(st, 3, m->ip, sizeof(m->ip));
	sql_text(st, 4, m->uuid, sizeof(m->uuid));
	sql_text(st, 5, m->serial, sizeof(m->serial));
	sql_text(st, 6, m->asset, sizeof(m->asset));
	sql_text(st, 7, m->manufacturer, sizeof(m->manufacturer));
	sql_text(st, 8, m->product, sizeof(m->product));
	m->in_scope = sql_int(st, 9) != 0;
	m->held = sql_int(st, 10) != 0;
	m->done = sql_int(st, 11) != 0;
	m->state = sql_state(st, 12);
	m->reason = sql_reason(st, 13);
	sql_text(st, 14, m->text, sizeof(m->text));
	const char *silent = sql_string(st, 15);
	m->silent_state = silent && silent[0] ? sql_state(st, 15) : STATE_COUNT;
	m->silent_reason = sql_reason(st, 16);
	m->attempt = (int)sql_int(st, 17);
	m->since = sql_int(st, 18);
	m->first_seen = sql_int(st, 19);
	m->last_seen = sql_int(st, 20);
	m->guard_from = sql_int(st, 21);
	sql_text(st, 22, m->pairing, sizeof(m->pairing));
	m->changed = sql_int(st, 23);
	m->campaign = sql_int(st, 24);
	m->wave = (int)sql_int(st, 25);
	m->open = sql_int(st, 26) != 0;
	sql_text(st, 27, m->appliance, sizeof(m->appliance));
	m->listed = sql_int(st, 28) != 0;
	sql_text(st, 29, m->site, sizeof(m->site));
	sql_text(st, 30, m->floor, sizeof(m->floor));
	sql_text(st, 31, m->owner, sizeof(m->owner));
	sql_text(st, 32, m->ring, sizeof(m->ring));
	sql_text(st, 33, m->bmc, sizeof(m->bmc));
	m->rank = (int)sql_int(st, 34);
	sql_text(st, 35, m->conflict, sizeof(m->conflict));
	sql_text(st, 36, m->listed_serial, sizeof(m->listed_serial));
	sql_text(st, 37, m->listed_uuid, sizeof(m->listed_uuid));
	m->loader = (enum machine_loader)sql_int(st, 38);
	m->flipped = (enum machine_loader)sql_int(st, 39);
	m->given = (enum machine_loader)sql_int(st, 40);
	m->flips = (int)sql_int(st, 41);
	m->asked = sql_int(st, 42);
	m->started = sql_int(st, 43);
	m->model_loader = (enum machine_loader)sql_int(st, 44);
	m->boot_order = (enum machine_boot_order)sql_int(st, 45);
	m->safe_mode = (enum machine_safe_mode)sql_int(st, 46);
	sql_text(st, 47, m->rack, sizeof(m->rack));
	sql_text(st, 48, m->feed, sizeof(m->feed));
}

static int machine_one(struct store *s, struct sql *st, struct machine *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	machine_read(st, ret);
	sql_end(st);
	return 0;
}

static int machine_each(struct store *s, struct sql *st,
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
	struct sql *st = sql_prepare(s, "INSERT INTO macs (mac, machine) VALUES (?, ?)"
	                                " ON CONFLICT (mac) DO NOTHING");
	sql_bind(st, "ti", mac, machine);
	return sql_run(s, st);
}

int store_mac_answered(struct store *s, const char *mac, int64_t now)
{
	struct sql *st = sql_prepare(s, "UPDATE macs SET answered = ? WHERE mac = ?");

	sql_bind(st, "it", now, mac);
	return sql_run(s, st);
}

int store_mac_answered_at(struct store *s, const char *mac, int64_t *ret)
{
	struct sql *st =
	        sql_prepare(s, "SELECT coalesce(max(answered), 0) FROM macs WHERE mac = ?");

	sql_bind(st, "t", mac);
	return sql_one(s, st, ret);
}

int store_machine_add(struct store *s, const char *mac, int64_t *ret_id)
{
	struct machine known;
	int r = store_machine_by_mac(s, mac, &known);

	if (r != -ENOENT)
		return r < 0 ? r : -EEXIST;
	struct sql *st = sql_prepare(s, "INSERT INTO machines (mac) VALUES (?) RETURNING id");
	int64_t id;
	sql_bind(st, "t", mac);
	r = sql_one(s, st, &id);
	if (r < 0)
		return r;
	r = mac_add(s, mac, id);
	if (r < 0)
		return r;
	*ret_id = id;
	return 0;
}

int store_machine_get(struct store *s, int64_t id, struct machine *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM " MACHINES "WHERE m.id = ?");

	sql_bind(st, "i", id);
	return machine_one(s, st, ret);
}

int store_machine_by_mac(struct store *s, const char *mac, struct machine *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM " MACHINES
	                                "JOIN macs ON macs.machine = m.id WHERE macs.mac = ?");
	sql_bind(st, "t", mac);
	return machine_one(s, st, ret);
}

int store_machine_by_ip(struct store *s, const char *ip, struct machine *ret)
{
	if (!ip[0])
		return -ENOENT;
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM " MACHINES
	                                " WHERE m.ip = ? ORDER BY m.last_seen DESC LIMIT 1");
	sql_bind(st, "t", ip);
	return machine_one(s, st, ret);
}

int store_machine_save(struct store *s, const struct machine *m)
{
	struct sql *st = sql_prepare(s,
	        "UPDATE machines SET name = ?, mac = ?, ip = ?, uuid = ?, serial = ?, asset = ?,"
	        " manufacturer = ?, product = ?, in_scope = ?, held = ?, done = ?, state = ?,"
	        " reason = ?, text = ?, silent_state = ?, silent_reason = ?, attempt = ?,"
	        " since = ?, first_seen = ?, last_seen = ?, guard_from = ?, pairing = ?,"
	        " campaign = ?, wave = ?, open = ?, appliance = ?, loader = ?,"
	        " flipped = ?, given = ?, flips = ?, asked = ?, started = ?, boot_order = ?, "
	        "safe_mode = ? WHERE id = ?");

	sql_bind(st, "ttttttttiiitttttiiiiitiiitiiiiiiiii", m->name, m->mac, m->ip, m->uuid,
	        m->serial, m->asset, m->manufacturer, m->product, (int64_t)m->in_scope,
	        (int64_t)m->held, (int64_t)m->done, machine_state_name(m->state),
	        reason_code(m->reason), m->text, machine_state_name(m->silent_state),
	        reason_code(m->silent_reason), (int64_t)m->attempt, m->since, m->first_seen,
	        m->last_seen, m->guard_from, m->pairing, m->campaign, (int64_t)m->wave,
	        (int64_t)m->open, m->appliance, (int64_t)m->loader, (int64_t)m->flipped,
	        (int64_t)m->given, (int64_t)m->flips, m->asked, m->started, (int64_t)m->boot_order,
	        (int64_t)m->safe_mode, m->id);
	int64_t count;
	int r = sql_run_count(s, st, &count);
	if (r < 0)
		return r;
	if (count != 1)
		return -ENOENT;
	return m->mac[0] ? mac_add(s, m->mac, m->id) : 0;
}

int store_machine_touch(struct store *s, int64_t id, int64_t now)
{
	struct sql *st = sql_prepare(s, "UPDATE machines SET last_seen = ? WHERE id = ?");

	sql_bind(st, "ii", now, id);
	return sql_run(s, st);
}

int store_machines(struct store *s, int64_t after, size_t limit,
        int (*each)(const struct machine *m, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM " MACHINES
	                                " WHERE m.changed > ? ORDER BY m.changed LIMIT ?");

	sql_bind(st, "ii", after, limit ? (int64_t)limit : INT64_MAX);
	return machine_each(s, st, each, context);
}

int store_machines_from(struct store *s, int64_t after, size_t limit,
        int (*each)(const struct machine *m, void *context), void *context)
{
	struct sql *st = sql_prepare(
	        s, "SELECT " COLUMNS "FROM " MACHINES " WHERE m.id > ? ORDER BY m.id LIMIT ?");

	sql_bind(st, "ii", after, (int64_t)limit);
	return machine_each(s, st, each, context);
}

int store_machines_quiet(struct store *s, enum machine_state state, int64_t before,
        int (*each)(const struct machine *m, void *context), void *context)
{
	struct sql *st = sql_prepare(
	        s, "SELECT " COLUMNS "FROM " MACHINES " WHERE m.state = ? AND m.last_seen < ?");

	sql_bind(st, "ti", machine_state_name(state), before);
	return machine_each(s, st, each, context);
}

static int macs_each(struct store *s, struct sql *st,
        int (*each)(const char *mac, const struct machine *m, void *context), void *context)
{
	struct machine m;
	char mac[MAC_TEXT];
	int r;

	while ((r = sql_step(s, st)) == 1) {
		machine_read(st, &m);
		sql_text(st, MAC_COLUMN, mac, sizeof(mac));
		r = each(mac, &m, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_macs(struct store *s, int64_t machine_or_0,
        int (*each)(const char *mac, const struct machine *m, void *context), void *context)
{
	struct sql *st;

	if (machine_or_0) {
		st = sql_prepare(s, "SELECT " COLUMNS ", macs.mac FROM " MACHINES
		                    "JOIN macs ON macs.machine = m.id WHERE macs.machine = ?");
		sql_bind(st, "i", machine_or_0);
	} else {
		st = sql_prepare(s, "SELECT " COLUMNS ", macs.mac FROM " MACHINES
		                    "JOIN macs ON macs.machine = m.id");
	}
	return macs_each(s, st, each, context);
}

int store_macs_changed(struct store *s, int64_t after,
        int (*each)(const char *mac, const struct machine *m, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT " COLUMNS ", macs.mac FROM " MACHINES
	        "JOIN macs ON macs.machine = m.id WHERE m.changed > ? ORDER BY m.changed");

	sql_bind(st, "i", after);
	return macs_each(s, st, each, context);
}
