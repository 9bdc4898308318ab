/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/people.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <string.h>

#define COLUMNS "p.id, p.name, p.role, p.disabled, p.password, p.created, p.created_by, p.seen"
#define COUNT   8 /* of COLUMNS */

static const char *const names[ROLE_COUNT] = {"viewer", "operator", "approver", "admin"};

const char *role_name(enum role role)
{
	return names[role];
}

int role_parse(const char *name)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

/* A role nobody knows may only look. */
static enum role sql_role(struct sql *st, int column)
{
	const char *text = sql_string(st, column);
	int role = role_parse(text ? text : "");

	return role < 0 ? ROLE_VIEWER : (enum role)role;
}

static void person_read(struct sql *st, struct person *p)
{
	p->id = sql_int(st, 0);
	sql_text(st, 1, p->name, sizeof(p->name));
	p->role = sql_role(st, 2);
	p->disabled = sql_int(st, 3) != 0;
	sql_text(st, 4, p->password, sizeof(p->password));
	p->created = sql_int(st, 5);
	sql_text(st, 6, p->created_by, sizeof(p->created_by));
	p->seen = sql_int(st, 7);
}

int store_person_add(struct store *s, const struct person *p, int64_t *ret_id)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO people (name, role, password, disabled, created, created_by)"
	        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id");

	sql_bind(st, "tttiit", p->name, role_name(p->role), p->password, (int64_t)p->disabled,
	        p->created, p->created_by);
	return sql_one(s, st, ret_id);
}

static int person_one(struct store *s, struct sql *st, struct person *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	person_read(st, ret);
	sql_end(st);
	return 0;
}

int store_person_get(struct store *s, int64_t id, struct person *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS " FROM people p WHERE p.id = ?");

	sql_bind(st, "i", id);
	return person_one(s, st, ret);
}

int store_person_by_name(struct store *s, const char *name, struct person *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS " FROM people p WHERE p.name = ?");

	sql_bind(st, "t", name);
	return person_one(s, st, ret);
}

int store_person_save(struct store *s, const struct person *p)
{
	struct sql *st = sql_prepare(
	        s, "UPDATE people SET role = ?, password = ?, disabled = ? WHERE id = ?");
	int64_t count;

	sql_bind(st, "ttii", role_name(p->role), p->password, (int64_t)p->disabled, p->id);
	int r = sql_run_count(s, st, &count);
	return r < 0 ? r : count ? 0 : -ENOENT;
}

int store_person_remove(struct store *s, int64_t id)
{
	int64_t count;
	int r = store_logins_end(s, id, NULL);

	if (r < 0)
		return r;
	struct sql *st = sql_prepare(s, "DELETE FROM people WHERE id = ?");
	sql_bind(st, "i", id);
	r = sql_run_count(s, st, &count);
	return r < 0 ? r : count ? 0 : -ENOENT;
}

int store_people(
        struct store *s, int (*each)(const struct person *person, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS " FROM people p ORDER BY p.name");
	struct person p;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		person_read(st, &p);
		r = each(&p, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_people_count(struct store *s, int64_t *ret)
{
	return sql_one(s, sql_prepare(s, "SELECT count(*) FROM people"), ret);
}

int store_admin_count(struct store *s, int64_t *ret)
{
	return sql_one(s,
	        sql_prepare(s, "SELECT count(*) FROM people"
	                       " WHERE role = 'admin' AND disabled = 0"),
	        ret);
}

/* ---- logins ---- */

void store_pass_hash(const char *secret, uint8_t ret[PASS_HASH])
{
	sql_hash(secret, ret);
}

int store_login_add(
        struct store *s, const uint8_t hash[PASS_HASH], int64_t person, const char *ip, int64_t now)
{
	struct sql *st = sql_prepare(
	        s, "INSERT INTO logins (hash, person, created, seen, ip) VALUES (?, ?, ?, ?, ?)");

	sql_bind(st, "biiit", hash, PASS_HASH, person, now, now, ip);
	return sql_run(s, st);
}

int store_login_get(struct store *s, const uint8_t hash[PASS_HASH], struct store_login *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " COLUMNS ", l.created, l.seen FROM logins l"
	                                " JOIN people p ON p.id = l.person"
	                                " WHERE l.hash = ? AND p.disabled = 0");

	sql_bind(st, "b", hash, PASS_HASH);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	person_read(st, &ret->person);
	ret->created = sql_int(st, COUNT);
	ret->seen = sql_int(st, COUNT + 1);
	sql_end(st);
	return 0;
}

int store_login_touch(struct store *s, const uint8_t hash[PASS_HASH], int64_t person, int64_t now)
{
	struct sql *st = sql_prepare(s, "UPDATE logins SET seen = ? WHERE hash = ?");

	sql_bind(st, "ib", now, hash, PASS_HASH);
	int r = sql_run(s, st);
	if (r < 0)
		return r;
	st = sql_prepare(s, "UPDATE people SET seen = ? WHERE id = ?");
	sql_bind(st, "ii", now, person);
	return sql_run(s, st);
}

int store_login_end(struct store *s, const uint8_t hash[PASS_HASH])
{
	struct sql *st = sql_prepare(s, "DELETE FROM logins WHERE hash = ?");

	sql_bind(st, "b", hash, PASS_HASH);
	return sql_run(s, st);
}

int store_logins_end(struct store *s, int64_t person, const uint8_t except[PASS_HASH])
{
	static const uint8_t none[PASS_HASH];
	struct sql *st = sql_prepare(s, "DELETE FROM logins WHERE person = ? AND hash <> ?");

	sql_bind(st, "ib", person, except ? except : none, PASS_HASH);
	return sql_run(s, st);
}

int store_logins_trim(struct store *s, int64_t person, int64_t keep)
{
	struct sql *st = sql_prepare(s,
	        "DELETE FROM logins WHERE person = ? AND hash NOT IN (SELECT l.hash FROM logins l"
	        " WHERE l.person = ? ORDER BY l.created DESC, l.hash LIMIT ?)");

	sql_bind(st, "iii", person, person, keep);
	return sql_run(s, st);
}

int store_logins_expire(struct store *s, int64_t created)
{
	struct sql *st = sql_prepare(s, "DELETE FROM logins WHERE created < ?");

	sql_bind(st, "i", created);
	return sql_run(s, st);
}

int store_logins_from(struct store *s, int64_t person, const char *ip, int64_t *ret)
{
	struct sql *st = sql_prepare(s, "SELECT count(*) FROM logins WHERE person = ? AND ip = ?");

	sql_bind(st, "it", person, ip);
	return sql_one(s, st, ret);
}
