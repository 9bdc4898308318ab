/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/gate.h"
#include "appliance/api/call.h"
#include "appliance/people/people.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS ((int64_t)60 * 1000)
#define HOUR_MS   (60 * MINUTE_MS)

/* What each role may besides what is open to all. */
static bool role_has(enum role role, enum right need)
{
	static const unsigned rights[ROLE_COUNT] = {
	        [ROLE_VIEWER] = 1u << RIGHT_VIEW,
	        [ROLE_OPERATOR] = 1u << RIGHT_VIEW | 1u << RIGHT_OPERATE,
	        [ROLE_APPROVER] = 1u << RIGHT_VIEW | 1u << RIGHT_APPROVE,
	        [ROLE_ADMIN] = 1u << RIGHT_VIEW | 1u << RIGHT_OPERATE | 1u << RIGHT_APPROVE |
	                       1u << RIGHT_ADMIN,
	};

	return need == RIGHT_WALL ? rights[role] & 1u << RIGHT_VIEW : rights[role] & 1u << need;
}

static const char *role_needed(enum right need)
{
	switch (need) {
	case RIGHT_OPERATE:
		return "operator";
	case RIGHT_APPROVE:
		return "approver";
	case RIGHT_ADMIN:
		return "admin";
	default:
		return "viewer";
	}
}

void gate_stranger(const struct http_request *r, struct actor *ret)
{
	*ret = (struct actor){.via = "page"};
	(void)snprintf(ret->ip, sizeof(ret->ip), "%s", r->address);
}

void gate_set_cookie(struct http_request *r, const char *secret)
{
	char cookie[HTTP_COOKIE_MAX];

	(void)snprintf(cookie, sizeof(cookie),
	        GATE_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict%s", secret,
	        secret[0] ? "" : "; Max-Age=0");
	http_set_cookie(r, cookie);
}

static bool is_secret(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 && strlen(text) == len + PASS_TEXT - 1;
}

/* How the request says who calls. An Authorization header counts alone: what a program sends on
 * purpose is not helped by a cookie. */
static struct pass pass_of(const struct http_request *r)
{
	static const char bearer[] = "Bearer ";
	const char *header = http_header(r, "Authorization");
	const char *cookie = http_cookie(r, GATE_COOKIE);
	struct pass pass = {.kind = PASS_NONE};

	if (header) {
		if (strncmp(header, bearer, sizeof(bearer) - 1) == 0 &&
		        is_secret(header + sizeof(bearer) - 1, API_TOKEN_PREFIX)) {
			pass.kind = PASS_TOKEN;
			store_pass_hash(header + sizeof(bearer) - 1, pass.hash);
		}
	} else if (cookie && is_secret(cookie, "")) {
		pass.kind = PASS_LOGIN;
		store_pass_hash(cookie, pass.hash);
	}
	return pass;
}

/* Once a minute is enough, and not when it cannot be written just now. */
static void pass_used(struct web_api *a, const struct pass *pass, int64_t id, int64_t now)
{
	struct store *s = a->fleet->store;
	int r = store_begin(s, false);

	if (r == 0 && pass->kind == PASS_LOGIN)
		r = store_login_touch(s, pass->hash, id, now);
	else if (r == 0)
		r = store_api_token_touch(s, id, now);
	if (r == 0)
		r = store_commit(s);
	else
		store_rollback(s);
	if (r < 0)
		log_warning("the use of a login could not be noted: %s", strerror(-r));
}

static int login_open(struct web_api *a, const struct pass *pass, bool used, struct caller *ret)
{
	int64_t now = a->fleet->clock();
	struct store_login login;
	int r = store_login_get(a->fleet->store, pass->hash, &login);

	if (r < 0)
		return r;
	if (now - login.created >= NM_LOGIN_HOURS * HOUR_MS ||
	        now - login.seen >= NM_LOGIN_IDLE_MINUTES * MINUTE_MS)
		return -ENOENT;
	if (used && now - login.seen >= MINUTE_MS)
		pass_used(a, pass, login.person.id, now);
	ret->person = login.person.id;
	ret->role = login.person.role;
	(void)snprintf(ret->actor.name, sizeof(ret->actor.name), "%s", login.person.name);
	(void)snprintf(ret->actor.via, sizeof(ret->actor.via), "page");
	return 0;
}

static int token_open(struct web_api *a, const struct pass *pass, bool used, struct caller *ret)
{
	int64_t now = a->fleet->clock();
	struct api_token token;
	int r = store_api_token_by_hash(a->fleet->store, pass->hash, &token);

	if (r < 0)
		return r;
	if (token.expires && token.expires <= now)
		return -ENOENT;
	if (used && now - token.used >= MINUTE_MS)
		pass_used(a, pass, token.id, now);
	ret->role = token.role;
	(void)snprintf(ret->actor.name, sizeof(ret->actor.name), "%s", token.name);
	(void)snprintf(ret->actor.via, sizeof(ret->actor.via), "api");
	return 0;
}

/* 0, -ENOENT: it opens nothing, or what the store says. */
static int pass_open(struct web_api *a, const struct pass *pass, bool used, struct caller *ret)
{
	int r = pass->kind == PASS_LOGIN   ? login_open(a, pass, used, ret)
	        : pass->kind == PASS_TOKEN ? token_open(a, pass, used, ret)
	                                   : -ENOENT;

	if (r == 0) {
		ret->pass = *pass;
		(void)snprintf(
		        ret->actor.role, sizeof(ret->actor.role), "%s", role_name(ret->role));
	}
	return r;
}

bool gate_still(struct web_api *a, const struct pass *pass, enum right need)
{
	struct caller who;

	return pass_open(a, pass, false, &who) == 0 && role_has(who.role, need);
}

/* What a browser tells of the page that makes it call; other programs tell nothing. */
static bool from_here(const struct http_request *r)
{
	static const char scheme[] = "https://";
	const char *site = http_header(r, "Sec-Fetch-Site");
	const char *origin = http_header(r, "Origin");
	const char *host = http_header(r, "Host");

	if (site)
		return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
	if (!origin)
		return true;
	return host && strncmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
	       strcmp(origin + sizeof(scheme) - 1, host) == 0;
}

/* True: no page of another site is behind it. What is open to all must not ask for the header of a
 * login that may have ended: it is how the next one begins. */
static bool forgery_ruled_out(
        const struct http_request *r, const struct pass *pass, enum right need)
{
	const char *mark = http_header(r, "X-Netmend");

	if (strcmp(r->method, "GET") == 0 || pass->kind == PASS_TOKEN)
		return true;
	if (pass->kind == PASS_LOGIN && need != RIGHT_OPEN && (!mark || strcmp(mark, "1") != 0))
		return false;
	return from_here(r);
}

static bool open_to_all(const struct web_api *a, enum right need)
{
	return need == RIGHT_OPEN || (need == RIGHT_WALL && a->wallboard);
}

bool gate_allows(struct http_request *r, struct web_api *a, enum right need)
{
	struct pass pass = pass_of(r);

	return forgery_ruled_out(r, &pass, need) &&
	       (open_to_all(a, need) || gate_still(a, &pass, need));
}

bool gate_admit(struct http_request *r, struct web_api *a, enum right need, struct caller *ret)
{
	struct caller who = {0};
	struct pass pass = pass_of(r);

	gate_stranger(r, &who.actor);
	int e = pass_open(a, &pass, true, &who);
	if (e < 0 && e != -ENOENT && need != RIGHT_OPEN) {
		call_undone(r, "who calls", e);
		return false;
	}
	if (e < 0 && !open_to_all(a, need))
		http_reply_error(r, 401, REASON_LOGIN_NEEDED, "not signed in");
	else if (e == 0 && !open_to_all(a, need) && !role_has(who.role, need))
		http_reply_error(r, 403, REASON_ROLE_TOO_LOW, "this takes the role %s; %s is %s",
		        role_needed(need), who.actor.name, role_name(who.role));
	else if (!forgery_ruled_out(r, &pass, need))
		http_reply_error(
		        r, 403, REASON_PROTOCOL_ERROR, "only the status page may ask for this");
	else {
		*ret = who;
		return true;
	}
	return false;
}
