/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in by a person: device authorization grant (RFC 8628), then refresh tokens. */
#include "appliance/fetch/graph_login_internal.h"

#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SLOW_DOWN_S 5 /* RFC 8628, 3.5 */

static void add_client(const struct graph_login *l, struct https_form *form)
{
	char scope[GRAPH_ORIGIN_MAX + 64];

	(void)snprintf(scope, sizeof(scope), "%s/BitlockerKey.Read.All offline_access", l->api);
	https_form_add(form, "client_id", l->client);
	https_form_add(form, "scope", scope);
}

static int by_refresh(struct graph_login *l, int64_t deadline, struct error *err)
{
	struct graph_refusal refusal;
	struct https_form form = {0};

	add_client(l, &form);
	https_form_add(&form, "grant_type", "refresh_token");
	https_form_add(&form, "refresh_token", (const char *)l->refresh->data);
	int r = graph_login_take(l, &form, deadline, &refusal, err);
	https_form_clear(&form);
	return r;
}

static void device_forget(struct graph_login *l)
{
	secret_free(l->device.code);
	l->device = (struct graph_device){0};
}

static int device_begin(struct graph_login *l, int64_t deadline, struct error *err)
{
	struct https_answer answer = {0};
	struct graph_refusal refusal;
	struct https_form form = {0};

	add_client(l, &form);
	int r = graph_login_post(l, "devicecode", &form, deadline, &answer, &refusal, err);
	if (r == 0)
		r = graph_parse_device(answer.body, answer.len, &l->device, err);
	https_form_clear(&form);
	https_answer_clear(&answer);
	if (r < 0)
		return r;
	int64_t now = https_clock();
	l->device_until = now + l->device.seconds * 1000;
	l->device_next = now + l->device.interval * 1000;
	return 0;
}

/* Has the person signed in? 0: a token was taken; -EAGAIN: not yet. What ends this code for good
 * forgets it. */
static int device_ask(struct graph_login *l, int64_t deadline, struct error *err)
{
	struct graph_refusal refusal;
	struct https_form form = {0};

	https_form_add(&form, "client_id", l->client);
	https_form_add(&form, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
	https_form_add(&form, "device_code", (const char *)l->device.code->data);
	int r = graph_login_take(l, &form, deadline, &refusal, err);
	https_form_clear(&form);
	bool slower = strcmp(refusal.code, "slow_down") == 0;
	if (slower)
		l->device.interval += SLOW_DOWN_S;
	l->device_next = https_clock() + l->device.interval * 1000;
	if (slower || strcmp(refusal.code, "authorization_pending") == 0)
		return -EAGAIN;
	/* A network that failed meanwhile does not end it. */
	if (r == 0 || refusal.code[0])
		device_forget(l);
	bool anew = strcmp(refusal.code, "expired_token") == 0 ||
	            strcmp(refusal.code, "authorization_declined") == 0;
	return anew ? -ESTALE : r;
}

static int person_needed(const struct graph_login *l, struct error *err)
{
	time_t until = time(NULL) + (time_t)((l->device_until - https_clock()) / 1000);
	struct tm utc;

	(void)gmtime_r(&until, &utc);
	return error_set(err, -EAGAIN, REASON_SOURCE_LOGIN_NEEDED,
	        "open %s and enter %s, until %02d:%02d UTC: a person who may read recovery keys "
	        "has to "
	        "sign in",
	        l->device.uri, l->device.user_code, utc.tm_hour, utc.tm_min);
}

int graph_login_by_person(struct graph_login *l, int64_t deadline, struct error *err)
{
	if (l->refresh) {
		int r = by_refresh(l, deadline, err);
		if (r == 0 || err->reason != REASON_SOURCE_LOGIN)
			return r;
		log_warning("Entra ID: a person has to sign in again: %s", err->text);
		secret_free(l->refresh);
		l->refresh = NULL;
	}
	if (l->device.code && https_clock() >= l->device_until)
		device_forget(l);
	if (l->device.code && https_clock() >= l->device_next) {
		int r = device_ask(l, deadline, err);
		if (r != -EAGAIN && r != -ESTALE)
			return r;
	}
	if (!l->device.code) {
		int r = device_begin(l, deadline, err);
		if (r < 0)
			return r;
	}
	return person_needed(l, err);
}
