/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/actions.h"
#include "appliance/store/sql.h"

int store_action_add(struct store *s, const struct store_action *a)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO actions (at, who, role, via, ip, verb, kind, object, text)"
	        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");

	sql_bind(st, "itttttttt", a->at, a->actor.name, a->actor.role, a->actor.via, a->actor.ip,
	        a->verb, a->kind, a->object, a->text);
	return sql_run(s, st);
}

static void action_read(struct sql *st, struct store_action *a)
{
	a->id = sql_int(st, 0);
	a->at = sql_int(st, 1);
	sql_text(st, 2, a->actor.name, sizeof(a->actor.name));
	sql_text(st, 3, a->actor.role, sizeof(a->actor.role));
	sql_text(st, 4, a->actor.via, sizeof(a->actor.via));
	sql_text(st, 5, a->actor.ip, sizeof(a->actor.ip));
	sql_text(st, 6, a->verb, sizeof(a->verb));
	sql_text(st, 7, a->kind, sizeof(a->kind));
	sql_text(st, 8, a->object, sizeof(a->object));
	sql_text(st, 9, a->text, sizeof(a->text));
}

int store_actions(struct store *s, int64_t before, size_t limit,
        int (*each)(const struct store_action *action, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT id, at, who, role, via, ip, verb, kind, object, text FROM actions"
	        " WHERE id < ? ORDER BY id DESC LIMIT ?");
	struct store_action action;
	int r;

	sql_bind(st, "ii", before ? before : INT64_MAX, limit ? (int64_t)limit : INT64_MAX);
	while ((r = sql_step(s, st)) == 1) {
		action_read(st, &action);
		r = each(&action, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}
