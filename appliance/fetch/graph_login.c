/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/graph_login_internal.h"

#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MAX (64 * 1024)
/* A token is renewed so long before it expires, or at half of its time when that is shorter. */
#define RENEW_BEFORE_MS 300000
/* After a failure the next try waits: a floor of machines asks for the same token. */
#define REFUSED_MS 15000

bool graph_login_is_delegated(const struct graph_login *l)
{
	return l->device_code;
}

int graph_login_post(struct graph_login *l, const char *endpoint, const struct https_form *form,
        int64_t deadline, struct https_answer *ret_answer, struct graph_refusal *ret_refusal,
        struct error *err)
{
	struct https_answer answer = {0};
	char url[GRAPH_ORIGIN_MAX + GRAPH_ID_MAX + 64];

	*ret_refusal = (struct graph_refusal){0};
	if (form->error < 0)
		return error_set(err, form->error, REASON_OUT_OF_MEMORY, "no memory");
	(void)snprintf(url, sizeof(url), "%s/%s/oauth2/v2.0/%s", l->login, l->tenant, endpoint);
	const struct https_call call = {
	        .url = url, .form = form->text, .max = ANSWER_MAX, .deadline = deadline};
	int r = https_call(l->https, &call, &answer, err);
	if (r < 0)
		return r;
	if (answer.status == 200) {
		*ret_answer = answer;
		return 0;
	}
	graph_parse_refusal(answer.body, answer.len, ret_refusal);
	if (answer.status == 429)
		r = error_set(err, -EBUSY, REASON_SOURCE_LIMITED,
		        "%s asks us to wait %lld s before we log in", l->login,
		        (long long)answer.retry_after);
	else if (answer.status >= 500 || !ret_refusal->code[0])
		r = error_set(err, -EPROTO, REASON_SOURCE_UNREACHABLE,
		        "%s answers our login with HTTP %d", l->login, answer.status);
	else
		r = error_set(err, -EACCES, REASON_SOURCE_LOGIN, "%s refuses our login: %s: %s",
		        l->login, ret_refusal->code, ret_refusal->message);
	https_answer_clear(&answer);
	return r;
}

int graph_login_take(struct graph_login *l, const struct https_form *form, int64_t deadline,
        struct graph_refusal *ret_refusal, struct error *err)
{
	struct https_answer answer = {0};
	struct graph_token token;
	int r = graph_login_post(l, "token", form, deadline, &answer, ret_refusal, err);

	if (r == 0)
		r = graph_parse_token(answer.body, answer.len, &token, err);
	https_answer_clear(&answer);
	if (r < 0)
		return r;
	int64_t ms = token.seconds * 1000, now = https_clock();
	secret_free(l->token);
	l->token = token.access;
	l->expires_at = now + ms;
	l->renew_at = now + (ms > 2 * RENEW_BEFORE_MS ? ms - RENEW_BEFORE_MS : ms / 2);
	if (token.refresh) {
		secret_free(l->refresh);
		l->refresh = token.refresh;
	}
	return 0;
}

static int add_assertion(const struct graph_login *l, struct https_form *form, struct error *err)
{
	char audience[GRAPH_ORIGIN_MAX + GRAPH_ID_MAX + 64];

	(void)snprintf(audience, sizeof(audience), "%s/%s/oauth2/v2.0/token", l->login, l->tenant);
	struct secret *assertion CLEANUP_SECRET =
	        graph_assertion(l->certificate, l->client, audience, (int64_t)time(NULL));
	if (!assertion)
		return error_set(err, -EIO, REASON_INTERNAL, "the login could not be signed");
	https_form_add(form, "client_assertion_type",
	        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	https_form_add(form, "client_assertion", (const char *)assertion->data);
	return 0;
}

static int by_application(struct graph_login *l, int64_t deadline, struct error *err)
{
	char scope[GRAPH_ORIGIN_MAX + 16];
	struct graph_refusal refusal;
	struct https_form form = {0};
	int r = 0;

	(void)snprintf(scope, sizeof(scope), "%s/.default", l->api);
	https_form_add(&form, "client_id", l->client);
	https_form_add(&form, "scope", scope);
	https_form_add(&form, "grant_type", "client_credentials");
	if (l->certificate)
		r = add_assertion(l, &form, err);
	else
		https_form_add(&form, "client_secret", (const char *)l->secret->data);
	if (r == 0)
		r = graph_login_take(l, &form, deadline, &refusal, err);
	https_form_clear(&form);
	return r;
}

static int renew(struct graph_login *l, int64_t deadline, struct error *err)
{
	struct error why = {0};
	int64_t now = https_clock();
	int r;

	if (now < l->refused_until)
		r = error_set(&why, l->refused.code, l->refused.reason, "%s", l->refused.text);
	else if (l->device_code)
		r = graph_login_by_person(l, deadline, &why);
	else
		r = by_application(l, deadline, &why);
	if (r == 0)
		return 0;
	if (now >= l->refused_until && why.reason != REASON_SOURCE_LOGIN_NEEDED) {
		l->refused = why;
		l->refused_until = now + REFUSED_MS;
	}
	if (l->token && now < l->expires_at) {
		log_warning("Entra ID: the token could not be renewed yet: %s", why.text);
		return 0;
	}
	return error_set(err, r, why.reason, "%s", why.text);
}

int graph_login_token(
        struct graph_login *l, int64_t deadline, struct secret **ret, struct error *err)
{
	const struct timespec until = {
	        .tv_sec = deadline / 1000, .tv_nsec = (deadline % 1000) * 1000000};
	int r = 0;

	if (pthread_mutex_clocklock(&l->lock, CLOCK_MONOTONIC, &until) != 0)
		return error_set(err, -ETIMEDOUT, REASON_SOURCE_UNREACHABLE,
		        "%s has not answered our login yet", l->login);
	if (!l->token || https_clock() >= l->renew_at)
		r = renew(l, deadline, err);
	struct secret *copy = r == 0 ? secret_copy(l->token->data, l->token->len) : NULL;
	pthread_mutex_unlock(&l->lock);
	if (r == 0 && !copy)
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a token");
	if (r == 0)
		*ret = copy;
	return r;
}

void graph_login_refused(struct graph_login *l, const struct secret *token)
{
	pthread_mutex_lock(&l->lock);
	if (l->token && l->token->len == token->len &&
	        memcmp(l->token->data, token->data, token->len) == 0) {
		secret_free(l->token);
		l->token = NULL;
	}
	pthread_mutex_unlock(&l->lock);
}
