/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int store_token_add(
        struct store *s, const char *token, int64_t machine, const char *ip, int64_t now)
{
	uint8_t hash[32];

	sql_hash(token, hash);
	sqlite3_stmt *st = sql_prepare(s, "INSERT INTO tokens (hash, machine, ip, created)"
	                                  " VALUES (?, ?, ?, ?)");
	sql_bind(st, "biti", hash, 32, machine, ip, now);
	return sql_run(s, st);
}

int store_token_count(struct store *s, int64_t machine, int64_t from, int *ret)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT count(*) FROM tokens"
	                                  " WHERE machine = ? AND created >= ?");

	sql_bind(st, "ii", machine, from);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -EIO;
	*ret = sqlite3_column_int(st, 0);
	sql_end(st);
	return 0;
}

int store_token_get(struct store *s, const char *token, struct store_token *ret)
{
	uint8_t hash[32];

	sql_hash(token, hash);
	sqlite3_stmt *st = sql_prepare(s, "SELECT machine, ip, created, used FROM tokens"
	                                  " WHERE hash = ?");
	sql_bind(st, "b", hash, 32);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	ret->machine = sqlite3_column_int64(st, 0);
	sql_text(st, 1, ret->ip, sizeof(ret->ip));
	ret->created = sqlite3_column_int64(st, 2);
	ret->used = sqlite3_column_int(st, 3);
	sql_end(st);
	return 0;
}

int store_token_expire(struct store *s, int64_t before)
{
	sqlite3_stmt *st = sql_prepare(s, "DELETE FROM tokens WHERE created < ?");

	sql_bind(st, "i", before);
	return sql_run(s, st);
}

void store_session_free(struct store_session *session)
{
	free(session->volumes);
	free(session->released);
	session->volumes = session->released = NULL;
}

static char *text_copy(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return text ? strdup((const char *)text) : NULL;
}

static int session_one(struct store *s, sqlite3_stmt *st, struct store_session *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	struct store_session session = {
	        .id = sqlite3_column_int64(st, 0),
	        .machine = sqlite3_column_int64(st, 1),
	        .attempt = sqlite3_column_int(st, 2),
	        .created = sqlite3_column_int64(st, 3),
	        .replaced = sqlite3_column_int(st, 5),
	        .last_event = sqlite3_column_int64(st, 8),
	        .finished = sqlite3_column_int(st, 9),
	        .volumes = text_copy(st, 6),
	        .released = text_copy(st, 7),
	};
	bool copied =
	        session.volumes && (session.released || sqlite3_column_type(st, 7) == SQLITE_NULL);
	sql_text(st, 4, session.key, sizeof(session.key));
	sql_end(st);
	if (!copied) {
		store_session_free(&session);
		return -ENOMEM;
	}
	*ret = session;
	return 0;
}

#define COLUMNS                                                                  \
	"id, machine, attempt, created, key, replaced, volumes, released,"       \
	" coalesce((SELECT max(n) FROM events WHERE session = sessions.id), 0)," \
	" EXISTS (SELECT 1 FROM results WHERE session = sessions.id) "

int store_session_add(struct store *s, const char *secret, const char *token,
        const struct store_session *session, int64_t *ret_id)
{
	uint8_t hash[32], token_hash[32];

	sql_hash(secret, hash);
	sql_hash(token, token_hash);
	sqlite3_stmt *st = sql_prepare(s, "UPDATE tokens SET used = 1 WHERE hash = ?");
	sql_bind(st, "b", token_hash, 32);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "UPDATE sessions SET replaced = 1 WHERE machine = ?");
	sql_bind(st, "i", session->machine);
	r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "INSERT INTO sessions (hash, machine, attempt, created, key, volumes)"
	                    " VALUES (?, ?, ?, ?, ?, ?)");
	sql_bind(st, "biiitt", hash, 32, session->machine, (int64_t)session->attempt,
	        session->created, session->key, session->volumes);
	r = sql_run(s, st);
	if (r < 0)
		return r;
	*ret_id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int store_session_get(struct store *s, const char *secret, struct store_session *ret)
{
	uint8_t hash[32];

	sql_hash(secret, hash);
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM sessions WHERE hash = ?");
	sql_bind(st, "b", hash, 32);
	return session_one(s, st, ret);
}

int store_session_by_id(struct store *s, int64_t id, struct store_session *ret)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM sessions WHERE id = ?");

	sql_bind(st, "i", id);
	return session_one(s, st, ret);
}

int store_session_of_machine(struct store *s, int64_t machine, struct store_session *ret)
{
	sqlite3_stmt *st = sql_prepare(s, "SELECT " COLUMNS "FROM sessions WHERE machine = ?"
	                                  " ORDER BY id DESC LIMIT 1");
	sql_bind(st, "i", machine);
	return session_one(s, st, ret);
}

int store_session_release(struct store *s, int64_t session, const char *answer)
{
	sqlite3_stmt *st = sql_prepare(s, "UPDATE sessions SET released = ? WHERE id = ?");

	sql_bind(st, "ti", answer, session);
	return sql_run(s, st);
}
