/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int store_token_add(struct store *s, const char *token, int64_t machine, const char *ip,
        const char *contact, int64_t now)
{
	uint8_t hash[32];

	sql_hash(token, hash);
	struct sql *st = sql_prepare(s, "INSERT INTO tokens (hash, machine, ip, contact, created,"
	                                " campaign) VALUES (?, ?, ?, ?, ?,"
	                                " (SELECT campaign FROM machines WHERE id = ?))");
	sql_bind(st, "bittii", hash, 32, machine, ip, contact, now, machine);
	return sql_run(s, st);
}

int store_token_count(struct store *s, int64_t machine, int64_t from, int *ret)
{
	struct sql *st = sql_prepare(s, "SELECT count(*) FROM tokens"
	                                " WHERE machine = ? AND created >= ?");

	sql_bind(st, "ii", machine, from);
	int64_t count;
	int r = sql_one(s, st, &count);
	if (r == 0)
		*ret = (int)count;
	return r;
}

int store_token_get(struct store *s, const char *token, struct store_token *ret)
{
	uint8_t hash[32];

	sql_hash(token, hash);
	struct sql *st = sql_prepare(s, "SELECT machine, ip, created, used, campaign,"
	                                " contact FROM tokens WHERE hash = ?");
	sql_bind(st, "b", hash, 32);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	ret->machine = sql_int(st, 0);
	sql_text(st, 1, ret->ip, sizeof(ret->ip));
	ret->created = sql_int(st, 2);
	ret->used = sql_int(st, 3) != 0;
	ret->campaign = sql_int(st, 4);
	sql_text(st, 5, ret->contact, sizeof(ret->contact));
	sql_end(st);
	return 0;
}

int store_token_expire(struct store *s, int64_t before)
{
	struct sql *st = sql_prepare(s, "DELETE FROM tokens WHERE created < ?");

	sql_bind(st, "i", before);
	return sql_run(s, st);
}

void store_session_free(struct store_session *session)
{
	free(session->volumes);
	free(session->released);
	session->volumes = session->released = NULL;
}

static int session_one(struct store *s, struct sql *st, struct store_session *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	struct store_session session = {
	        .id = sql_int(st, 0),
	        .machine = sql_int(st, 1),
	        .attempt = (int)sql_int(st, 2),
	        .created = sql_int(st, 3),
	        .replaced = sql_int(st, 5) != 0,
	        .last_event = sql_int(st, 8),
	        .finished = sql_int(st, 9) != 0,
	        .campaign = sql_int(st, 11),
	};
	r = sql_copy(st, 6, &session.volumes);
	if (r == 0)
		r = sql_copy(st, 7, &session.released);
	sql_text(st, 4, session.key, sizeof(session.key));
	sql_text(st, 10, session.ip, sizeof(session.ip));
	sql_text(st, 12, session.contact, sizeof(session.contact));
	sql_end(st);
	if (r < 0) {
		store_session_free(&session);
		return r;
	}
	*ret = session;
	return 0;
}

#define COLUMNS                                                                  \
	"id, machine, attempt, created, key, replaced, volumes, released,"       \
	" coalesce((SELECT max(n) FROM events WHERE session = sessions.id), 0)," \
	" EXISTS (SELECT 1 FROM results WHERE session = sessions.id), ip, campaign, contact "

int store_session_add(struct store *s, const char *secret, const char *token,
        const struct store_session *session, int64_t *ret_id)
{
	uint8_t hash[32], token_hash[32];

	sql_hash(secret, hash);
	sql_hash(token, token_hash);
	struct sql *st = sql_prepare(s, "UPDATE tokens SET used = 1 WHERE hash = ?");
	sql_bind(st, "b", token_hash, 32);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "UPDATE sessions SET replaced = 1 WHERE machine = ?");
	sql_bind(st, "i", session->machine);
	r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "INSERT INTO sessions (hash, machine, attempt, created, key, volumes,"
	                    " ip, contact, campaign) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	                    " RETURNING id");
	sql_bind(st, "biiitttti", hash, 32, session->machine, (int64_t)session->attempt,
	        session->created, session->key, session->volumes, session->ip, session->contact,
	        session->campaign);
	return sql_one(s, st, ret_id);
}

int store_session_get(struct store *s, const char *secret, struct store_session *ret)
{
	uint8_t hash[32];

	sql_hash(secret, hash);
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM sessions WHERE hash = ?");
	sql_bind(st, "b", hash, 32);
	return session_one(s, st, ret);
}

int store_session_by_id(struct store *s, int64_t id, struct store_session *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM sessions WHERE id = ?");

	sql_bind(st, "i", id);
	return session_one(s, st, ret);
}

int store_session_of_machine(struct store *s, int64_t machine, struct store_session *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS "FROM sessions WHERE machine = ?"
	                                " ORDER BY id DESC LIMIT 1");
	sql_bind(st, "i", machine);
	return session_one(s, st, ret);
}

int store_session_release(struct store *s, int64_t session, const char *answer)
{
	struct sql *st = sql_prepare(s, "UPDATE sessions SET released = ? WHERE id = ?");

	sql_bind(st, "ti", answer, session);
	return sql_run(s, st);
}
