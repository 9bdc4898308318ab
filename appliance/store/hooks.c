/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/hooks.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <string.h>

#define COLUMNS "name, cursor, campaigns, delivered, failures, text "

static void hook_read(struct sql *st, struct store_hook *hook)
{
	sql_text(st, 0, hook->name, sizeof(hook->name));
	hook->cursor = sql_int(st, 1);
	hook->campaigns = sql_int(st, 2);
	hook->delivered = sql_int(st, 3);
	hook->failures = sql_int(st, 4);
	sql_text(st, 5, hook->text, sizeof(hook->text));
}

int store_hooks(
        struct store *s, int (*each)(const struct store_hook *hook, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM hooks ORDER BY name");
	struct store_hook hook;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		hook_read(st, &hook);
		r = each(&hook, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

static int hook_get(struct store *s, const char *name, struct store_hook *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM hooks WHERE name = ?");

	sql_bind(st, "t", name);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	hook_read(st, ret);
	sql_end(st);
	return 0;
}

static int hook_add(struct store *s, const char *name)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO hooks (name, cursor, campaigns) VALUES (?, (SELECT coalesce(max(seq),"
	        " 0) FROM events), (SELECT coalesce(max(changed), 0) FROM campaigns))"
	        " ON CONFLICT (name) DO NOTHING");

	sql_bind(st, "t", name);
	return sql_run(s, st);
}

int store_hook_open(struct store *s, const char *name, struct store_hook *ret)
{
	struct store_hook hook;
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = hook_add(s, name);
	if (r == 0)
		r = hook_get(s, name, &hook);
	if (r == 0)
		r = store_commit(s);
	else
		store_rollback(s);
	if (r == 0)
		*ret = hook;
	return r;
}

int store_hook_save(struct store *s, const struct store_hook *hook)
{
	struct sql *st = sql_prepare(s,
	        "UPDATE hooks SET cursor = CASE WHEN cursor < ? THEN ? ELSE cursor END,"
	        " campaigns = CASE WHEN campaigns < ? THEN ? ELSE campaigns END,"
	        " delivered = delivered + ?, failures = failures + ?, text = ? WHERE name = ?");

	sql_bind(st, "iiiiiitt", hook->cursor, hook->cursor, hook->campaigns, hook->campaigns,
	        hook->delivered, hook->failures, hook->text, hook->name);
	int64_t count;
	int r = sql_run_count(s, st, &count);
	return r < 0 ? r : count == 1 ? 0 : -ENOENT;
}

/* ---- what they are told ---- */

static void change_read(struct sql *st, struct store_change *c)
{
	*c = (struct store_change){.seq = sql_int(st, 0),
	        .at = sql_int(st, 1),
	        .state = sql_state(st, 2),
	        .reason = sql_reason(st, 3),
	        .text = sql_string(st, 4),
	        .previous = sql_string(st, 5),
	        .machine = sql_int(st, 7),
	        .name = sql_string(st, 8),
	        .mac = sql_string(st, 9),
	        .serial = sql_string(st, 10),
	        .site = sql_string(st, 11),
	        .campaign = sql_string(st, 12)};
}

/* An event that repeats what the one before it said is a note. */
static bool is_change(struct sql *st)
{
	return strcmp(sql_string(st, 5), sql_string(st, 2)) != 0 ||
	       strcmp(sql_string(st, 6), sql_string(st, 3)) != 0;
}

int store_changes(struct store *s, int64_t after, size_t limit, int64_t *ret_seen,
        int (*each)(const struct store_change *change, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT e.seq, e.at, e.state, e.reason, e.text,"
	        " coalesce((SELECT p.state FROM events p WHERE p.machine = e.machine AND p.seq <"
	        " e.seq ORDER BY p.seq DESC LIMIT 1), ''),"
	        " coalesce((SELECT p.reason FROM events p WHERE p.machine = e.machine AND p.seq <"
	        " e.seq ORDER BY p.seq DESC LIMIT 1), ''),"
	        " m.id, m.name, m.mac, m.serial, coalesce(i.site, ''), coalesce(c.name, '')"
	        " FROM events e JOIN machines m ON m.id = e.machine"
	        " LEFT JOIN inventory i ON i.machine = m.id"
	        " LEFT JOIN campaigns c ON c.id = m.campaign"
	        " WHERE e.seq > ? ORDER BY e.seq LIMIT ?");
	struct store_change change;
	int64_t seen = after;
	int r;

	sql_bind(st, "ii", after, (int64_t)limit);
	while ((r = sql_step(s, st)) == 1) {
		change_read(st, &change);
		r = is_change(st) ? each(&change, context) : 0;
		if (r != 0)
			break;
		seen = change.seq;
	}
	sql_end(st);
	if (r >= 0)
		*ret_seen = seen;
	return r;
}

int store_campaign_changes(struct store *s, int64_t after,
        int (*each)(const struct store_campaign_change *change, void *context), void *context)
{
	struct sql *st =
	        sql_prepare(s, "SELECT changed, id, name, state, text, reason FROM campaigns"
	                       " WHERE changed > ? ORDER BY changed, id");
	int r;

	sql_bind(st, "i", after);
	while ((r = sql_step(s, st)) == 1) {
		const struct store_campaign_change change = {.changed = sql_int(st, 0),
		        .id = sql_int(st, 1),
		        .name = sql_string(st, 2),
		        .state = sql_string(st, 3),
		        .text = sql_string(st, 4),
		        .reason = sql_reason(st, 5)};
		r = each(&change, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}
