/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first account, made by whoever has the set-up link. */
#include "appliance/api/hashing.h"
#include "appliance/api/login_limits.h"
#include "appliance/api/person_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct setup_wait {
	struct hashing hashing;
	char token[PASS_TEXT], name[PLACE_TEXT];
};

static void setup_refuse(struct http_request *r, int e)
{
	if (e == -EACCES)
		http_reply_error(
		        r, 403, REASON_SETUP_CLOSED, "the set-up link was used, or is too old");
	else
		call_undone(r, "set-up", e);
}

static void setup_ask(struct http_request *r, struct web_api *a, const char *token,
        const char *name, const char *password)
{
	struct setup_wait *wait = calloc(1, sizeof(*wait));
	const struct hasher_question question = {.fresh = hashing_secret(password)};

	if (!wait || !question.fresh) {
		free(wait);
		secret_free(question.fresh);
		call_undone(r, "set-up", -ENOMEM);
		return;
	}
	(void)snprintf(wait->token, sizeof(wait->token), "%s", token);
	(void)snprintf(wait->name, sizeof(wait->name), "%s", name);
	hashing_begin(r, a, &question, &wait->hashing);
}

/* The token first: to everybody else all of this is closed. */
static void setup_begin(struct http_request *r, struct web_api *a)
{
	const char *token, *typed, *password;
	char name[PLACE_TEXT];
	json_t *body;
	int v;

	bool good = call_values(r, &body, "{s:i, s:s, s:s, s:s}", "v", &v, "token", &token, "name",
	        &typed, "password", &password);
	http_wipe_body(r);
	if (!good)
		return;
	if (login_limits_admit(r, a, "", 0)) {
		int e = strlen(token) == PASS_TEXT - 1
		                ? people_setup_judge(a->fleet->store, token, a->fleet->clock())
		                : -EACCES;
		if (e < 0)
			setup_refuse(r, e);
		else if (call_person_name(r, typed, name) &&
		         call_password_good(r, "password", password))
			setup_ask(r, a, token, name, password);
	}
	json_decref(body);
}

static void setup_end(struct http_request *r, struct web_api *a)
{
	const struct setup_wait *wait = r->state;
	struct hasher_answer answer;
	struct actor actor;
	char secret[PASS_TEXT];

	if (!hashing_ended(r, a, &answer))
		return;
	gate_stranger(r, &actor);
	int e = people_setup(a->fleet->store, &actor, a->fleet->clock(), wait->token, wait->name,
	        answer.fresh, secret);
	if (e < 0) {
		setup_refuse(r, e);
		return;
	}
	call_signed_in(r, &actor, secret);
	secret_wipe(secret, sizeof(secret));
}

void web_api_setup(struct http_request *r, struct web_api *a, const struct caller *who)
{
	(void)who;
	if (r->state)
		setup_end(r, a);
	else
		setup_begin(r, a);
}
