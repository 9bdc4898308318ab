/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/people.h"
#include "appliance/store/sql.h"

#include <errno.h>

#define COLUMNS "id, name, role, created, created_by, expires, used"

static void token_read(struct sql *st, struct api_token *t)
{
	const char *role = sql_string(st, 2);
	int known = role_parse(role ? role : "");

	t->id = sql_int(st, 0);
	sql_text(st, 1, t->name, sizeof(t->name));
	t->role = known < 0 ? ROLE_VIEWER : (enum role)known;
	t->created = sql_int(st, 3);
	sql_text(st, 4, t->created_by, sizeof(t->created_by));
	t->expires = sql_int(st, 5);
	t->used = sql_int(st, 6);
}

int store_api_token_add(
        struct store *s, const uint8_t hash[PASS_HASH], const struct api_token *t, int64_t *ret_id)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO api_tokens (hash, name, role, created, created_by, expires)"
	        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id");

	sql_bind(st, "bttiti", hash, PASS_HASH, t->name, role_name(t->role), t->created,
	        t->created_by, t->expires);
	return sql_one(s, st, ret_id);
}

static int token_one(struct store *s, struct sql *st, struct api_token *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	token_read(st, ret);
	sql_end(st);
	return 0;
}

int store_api_token_get(struct store *s, int64_t id, struct api_token *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS " FROM api_tokens WHERE id = ?");

	sql_bind(st, "i", id);
	return token_one(s, st, ret);
}

int store_api_token_by_hash(struct store *s, const uint8_t hash[PASS_HASH], struct api_token *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS " FROM api_tokens WHERE hash = ?");

	sql_bind(st, "b", hash, PASS_HASH);
	return token_one(s, st, ret);
}

int store_api_token_touch(struct store *s, int64_t id, int64_t now)
{
	struct sql *st = sql_prepare(s, "UPDATE api_tokens SET used = ? WHERE id = ?");

	sql_bind(st, "ii", now, id);
	return sql_run(s, st);
}

int store_api_token_remove(struct store *s, int64_t id)
{
	struct sql *st = sql_prepare(s, "DELETE FROM api_tokens WHERE id = ?");
	int64_t count;

	sql_bind(st, "i", id);
	int r = sql_run_count(s, st, &count);
	return r < 0 ? r : count ? 0 : -ENOENT;
}

int store_api_tokens(
        struct store *s, int (*each)(const struct api_token *token, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS " FROM api_tokens ORDER BY name");
	struct api_token t;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		token_read(st, &t);
		r = each(&t, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_api_token_count(struct store *s, int64_t *ret)
{
	return sql_one(s, sql_prepare(s, "SELECT count(*) FROM api_tokens"), ret);
}

/* ---- the set-up link ---- */

int store_setup_set(struct store *s, const uint8_t hash[PASS_HASH], int64_t expires)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO setup (one, hash, expires) VALUES (1, ?, ?) ON CONFLICT (one)"
	        " DO UPDATE SET hash = excluded.hash, expires = excluded.expires");

	sql_bind(st, "bi", hash, PASS_HASH, expires);
	return sql_run(s, st);
}

int store_setup_get(struct store *s, const uint8_t hash[PASS_HASH], int64_t *ret_expires)
{
	struct sql *st = sql_prepare(s, "SELECT expires FROM setup WHERE hash = ?");

	sql_bind(st, "b", hash, PASS_HASH);
	return sql_one(s, st, ret_expires);
}

int store_setup_clear(struct store *s)
{
	return sql_run(s, sql_prepare(s, "DELETE FROM setup"));
}
