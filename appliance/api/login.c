/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in and out, and what concerns nobody but who calls. */
#include "appliance/api/hashing.h"
#include "appliance/api/login_limits.h"
#include "appliance/api/person_call.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct login_wait {
	struct hashing hashing;
	struct person person; /* id 0: nobody has that name */
};

void web_api_me(struct http_request *r, struct web_api *a, const struct caller *who)
{
	int64_t people = 1;
	int e = store_people_count(a->fleet->store, &people);

	if (e < 0) {
		call_undone(r, "accounts", e);
		return;
	}
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:s, s:b, s:b}", "v", NETMEND_WIRE_VERSION, "name",
	                who->actor.name, "role", who->actor.role, "setup", people == 0, "wallboard",
	                a->wallboard));
}

static int person_find(struct web_api *a, const char *name, struct person *ret)
{
	struct person nobody = {0};
	int e = store_person_by_name(a->fleet->store, name, ret);

	if (e == -ENOENT || (e == 0 && ret->disabled)) {
		*ret = nobody;
		e = 0;
	}
	return e;
}

static void login_ask(
        struct http_request *r, struct web_api *a, const char *typed, const char *password)
{
	struct login_wait *wait = calloc(1, sizeof(*wait));
	char name[PLACE_TEXT] = "";

	(void)people_name(typed, name); /* another one is nobody's */
	int e = wait ? person_find(a, name, &wait->person) : -ENOMEM;
	if (e < 0)
		call_undone(r, "login", e);
	else if (login_limits_admit(r, a, name, wait->person.id)) {
		const struct hasher_question question = {.given = hashing_secret(password),
		        .known = wait->person.id ? wait->person.password : password_nobody};
		if (question.given) {
			hashing_begin(r, a, &question, &wait->hashing);
			return;
		}
		call_undone(r, "login", -ENOMEM);
	}
	free(wait);
}

static void login_begin(struct http_request *r, struct web_api *a)
{
	const char *name, *password;
	json_t *body;
	int v;

	bool good = call_values(
	        r, &body, "{s:i, s:s, s:s}", "v", &v, "name", &name, "password", &password);
	http_wipe_body(r);
	if (!good)
		return;
	if (!password[0] || strlen(password) > NM_MAX_PASSPHRASE)
		call_bad_value(r, "password", "from 1 to 256 bytes");
	else
		login_ask(r, a, name, password);
	json_decref(body);
}

static void login_end(struct http_request *r, struct web_api *a)
{
	const struct login_wait *wait = r->state;
	struct hasher_answer answer;
	struct actor actor;
	char secret[PASS_TEXT];

	if (!hashing_ended(r, a, &answer))
		return;
	int e = wait->person.id ? answer.result : -EACCES;
	gate_stranger(r, &actor);
	if (e == 0)
		e = people_login(a->fleet->store, &actor, a->fleet->clock(), &wait->person, secret);
	if (e == 0) {
		call_signed_in(r, &actor, secret);
		secret_wipe(secret, sizeof(secret));
	} else if (e == -EACCES || e == -ESTALE) {
		login_limits_failed(r, a, wait->person.name);
		http_reply_error(r, 403, REASON_LOGIN_WRONG, "name or password is wrong");
	} else {
		call_undone(r, "login", e);
	}
}

void web_api_login(struct http_request *r, struct web_api *a, const struct caller *who)
{
	(void)who;
	if (r->state)
		login_end(r, a);
	else
		login_begin(r, a);
}

void web_api_logout(struct http_request *r, struct web_api *a, const struct caller *who)
{
	json_t *body;
	int e = 0, v;

	if (!call_values(r, &body, "{s:i}", "v", &v))
		return;
	json_decref(body);
	if (who->pass.kind == PASS_LOGIN) /* an API token is removed, not signed out */
		e = people_logout(a->fleet->store, &who->actor, a->fleet->clock(), who->pass.hash);
	if (e == 0)
		gate_set_cookie(r, "");
	call_done(r, a, "logout", e);
}

/* ---- the own password ---- */

struct password_wait {
	struct hashing hashing;
	char known[PASSWORD_HASH_TEXT]; /* what the old one is checked against */
};

static void password_ask(struct http_request *r, struct web_api *a, const struct caller *who,
        const char *old, const char *new)
{
	struct password_wait *wait = calloc(1, sizeof(*wait));
	struct person person;
	int e = wait ? store_person_get(a->fleet->store, who->person, &person) : -ENOMEM;

	if (e < 0) {
		call_undone(r, "password", e);
	} else if (login_limits_admit(r, a, person.name, person.id)) {
		memcpy(wait->known, person.password, sizeof(wait->known));
		const struct hasher_question question = {.given = hashing_secret(old),
		        .known = wait->known,
		        .fresh = hashing_secret(new)};
		if (question.given && question.fresh) {
			hashing_begin(r, a, &question, &wait->hashing);
			return;
		}
		secret_free(question.given);
		secret_free(question.fresh);
		call_undone(r, "password", -ENOMEM);
	}
	free(wait);
}

static void password_begin(struct http_request *r, struct web_api *a, const struct caller *who)
{
	const char *old, *new;
	json_t *body;
	int v;

	bool good = call_values(r, &body, "{s:i, s:s, s:s}", "v", &v, "old", &old, "new", &new);
	http_wipe_body(r);
	if (!good)
		return;
	if (who->pass.kind != PASS_LOGIN)
		http_reply_error(r, 409, REASON_NOT_NOW, "an API token has no password");
	else if (!old[0] || strlen(old) > NM_MAX_PASSPHRASE)
		call_bad_value(r, "old", "from 1 to 256 bytes");
	else if (call_password_good(r, "new", new))
		password_ask(r, a, who, old, new);
	json_decref(body);
}

static void password_end(struct http_request *r, struct web_api *a, const struct caller *who)
{
	const struct password_wait *wait = r->state;
	struct hasher_answer answer;

	if (!hashing_ended(r, a, &answer))
		return;
	int e = answer.result;
	if (e == 0)
		e = people_own_password(a->fleet->store, &who->actor, a->fleet->clock(),
		        who->person, wait->known, answer.fresh, who->pass.hash);
	if (e == -EACCES) {
		login_limits_failed(r, a, who->actor.name);
		http_reply_error(r, 403, REASON_LOGIN_WRONG, "the old password is wrong");
	} else {
		call_done(r, a, "password", e);
	}
}

void web_api_own_password(struct http_request *r, struct web_api *a, const struct caller *who)
{
	if (r->state)
		password_end(r, a, who);
	else
		password_begin(r, a, who);
}
