/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/people/people.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void secret_make(char ret[PASS_TEXT], uint8_t ret_hash[PASS_HASH])
{
	uint8_t raw[(PASS_TEXT - 1) / 2];

	randombytes_buf(raw, sizeof(raw));
	hex_encode(raw, sizeof(raw), ret);
	store_pass_hash(ret, ret_hash);
}

static void actor_is(struct actor *actor, const char *name, enum role role)
{
	(void)snprintf(actor->name, sizeof(actor->name), "%s", name);
	(void)snprintf(actor->role, sizeof(actor->role), "%s", role_name(role));
}

/* Within a transaction. */
static int login_add(struct store *s, const struct actor *actor, int64_t now, int64_t person,
        char ret_secret[PASS_TEXT])
{
	uint8_t hash[PASS_HASH];

	secret_make(ret_secret, hash);
	int r = store_logins_expire(s, now - (int64_t)NM_LOGIN_HOURS * 3600 * 1000);
	if (r == 0)
		r = store_login_add(s, hash, person, actor->ip, now);
	if (r == 0)
		r = store_login_touch(s, hash, person, now);
	return r < 0 ? r : store_logins_trim(s, person, PEOPLE_LOGINS);
}

int people_login(struct store *s, struct actor *actor, int64_t now, const struct person *person,
        char ret_secret[PASS_TEXT])
{
	struct person p;
	char secret[PASS_TEXT];
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = store_person_get(s, person->id, &p);
	if (r == -ENOENT || (r == 0 && (p.disabled || strcmp(p.password, person->password) != 0)))
		r = -ESTALE;
	if (r == 0) {
		actor_is(actor, p.name, p.role);
		r = login_add(s, actor, now, p.id, secret);
	}
	r = people_end(s, r, actor, now, "login", "person", person->name, "");
	if (r == 0)
		memcpy(ret_secret, secret, PASS_TEXT);
	return r;
}

int people_logout(
        struct store *s, const struct actor *actor, int64_t now, const uint8_t login[PASS_HASH])
{
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = store_login_end(s, login);
	return people_end(s, r, actor, now, "logout", "person", actor->name, "");
}

/* 0: there is no account yet. */
static int nobody_yet(struct store *s, int otherwise)
{
	int64_t people;
	int r = store_people_count(s, &people);

	return r < 0 ? r : people > 0 ? otherwise : 0;
}

int people_setup_new(
        struct store *s, const struct actor *actor, int64_t now, char ret_token[PASS_TEXT])
{
	char token[PASS_TEXT];
	uint8_t hash[PASS_HASH];
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	secret_make(token, hash);
	r = nobody_yet(s, -EEXIST);
	if (r == 0)
		r = store_setup_set(s, hash, now + (int64_t)NM_SETUP_HOURS * 3600 * 1000);
	r = people_end(s, r, actor, now, "setup-link", "appliance", "", "");
	if (r == 0)
		memcpy(ret_token, token, PASS_TEXT);
	return r;
}

int people_setup_judge(struct store *s, const char *token, int64_t now)
{
	uint8_t hash[PASS_HASH];
	int64_t expires;

	store_pass_hash(token, hash);
	int r = nobody_yet(s, -EACCES);
	if (r < 0)
		return r;
	r = store_setup_get(s, hash, &expires);
	return r == -ENOENT ? -EACCES : r < 0 ? r : expires > now ? 0 : -EACCES;
}

int people_setup(struct store *s, struct actor *actor, int64_t now, const char *token,
        const char *name, const char *hash, char ret_secret[PASS_TEXT])
{
	struct person p = {.role = ROLE_ADMIN, .created = now, .created_by = "set-up link"};
	char secret[PASS_TEXT];
	int64_t id;
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	(void)snprintf(p.name, sizeof(p.name), "%s", name);
	(void)snprintf(p.password, sizeof(p.password), "%s", hash);
	actor_is(actor, name, ROLE_ADMIN);
	r = people_setup_judge(s, token, now);
	if (r == 0)
		r = store_person_add(s, &p, &id);
	if (r == 0)
		r = store_setup_clear(s);
	if (r == 0)
		r = login_add(s, actor, now, id, secret);
	r = people_end(s, r, actor, now, "setup", "person", name, "the first account");
	if (r == 0)
		memcpy(ret_secret, secret, PASS_TEXT);
	return r;
}
