/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
        [BUNDLE_PENDING] = "pending",
        [BUNDLE_CONFIRMED] = "confirmed",
        [BUNDLE_VOID] = "void",
};

const char *bundle_state_name(enum bundle_state state)
{
	return names[state];
}

int store_bundle_add(struct store *s, int64_t machine, const struct store_bundle *bundle)
{
	struct sql *st = sql_prepare(s, "UPDATE bundles SET state = 'void'"
	                                " WHERE machine = ? AND state = 'pending'");

	sql_bind(st, "i", machine);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	/* Saved again, it is about to be written again. */
	st = sql_prepare(s, "INSERT INTO bundles (machine, sha256, size, at) VALUES (?, ?, ?, ?)"
	                    " ON CONFLICT (machine, sha256) DO UPDATE SET"
	                    " at = excluded.at, state = 'pending'");
	sql_bind(st, "itii", machine, bundle->sha256, bundle->size, bundle->at);
	return sql_run(s, st);
}

int store_bundle_settle(
        struct store *s, int64_t machine, const char *sha256, enum bundle_state state)
{
	struct sql *st = sql_prepare(s, "UPDATE bundles SET state = ?"
	                                " WHERE machine = ? AND sha256 = ?");

	sql_bind(st, "tit", names[state], machine, sha256);
	return sql_run(s, st);
}

static enum bundle_state state_read(struct sql *st, int column)
{
	char name[16];

	sql_text(st, column, name, sizeof(name));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum bundle_state)i;
	return BUNDLE_VOID;
}

static void bundle_read(struct sql *st, struct store_bundle *b)
{
	sql_text(st, 0, b->sha256, sizeof(b->sha256));
	b->size = sql_int(st, 1);
	b->at = sql_int(st, 2);
	b->state = state_read(st, 3);
}

int store_bundle_pending(struct store *s, int64_t machine, struct store_bundle *ret)
{
	struct sql *st = sql_prepare(s, "SELECT sha256, size, at, state FROM bundles"
	                                " WHERE machine = ? AND state = 'pending'");

	sql_bind(st, "i", machine);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	bundle_read(st, ret);
	sql_end(st);
	return 0;
}

int store_bundles(struct store *s, int64_t machine,
        int (*each)(const struct store_bundle *bundle, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT sha256, size, at, state FROM bundles"
	                                " WHERE machine = ? ORDER BY at, id");
	struct store_bundle b;
	int r;

	sql_bind(st, "i", machine);
	while ((r = sql_step(s, st)) == 1) {
		bundle_read(st, &b);
		r = each(&b, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_result_add(struct store *s, int64_t machine, int64_t session, int64_t at,
        const char *json, const char *next)
{
	struct sql *st = sql_prepare(
	        s, "INSERT INTO results (machine, session, at, json, next) VALUES (?, ?, ?, ?, ?)");

	sql_bind(st, "iiitt", machine, session, at, json, next);
	return sql_run(s, st);
}

int store_result_next(struct store *s, int64_t session, char ret[8])
{
	struct sql *st = sql_prepare(s, "SELECT next FROM results WHERE session = ?");

	sql_bind(st, "i", session);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	sql_text(st, 0, ret, 8);
	sql_end(st);
	return 0;
}

int store_result_get(struct store *s, int64_t machine, char **ret_json)
{
	struct sql *st = sql_prepare(s, "SELECT json FROM results WHERE machine = ?"
	                                " ORDER BY id DESC LIMIT 1");
	sql_bind(st, "i", machine);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = sql_copy(st, 0, ret_json);
	sql_end(st);
	return r;
}
