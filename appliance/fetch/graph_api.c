/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/graph_api.h"

#include "netmend/version.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define RECORDS "/v1.0/informationProtection/bitlocker/recoveryKeys"

/* A server that fails without saying for how long is asked again after 0.5, 1, 2 ... seconds. */
#define PAUSE_MS     500
#define PAUSE_MS_MAX 30000

/* Graph documents the User-Agent as required, these two as optional. */
static const char *const headers[] = {
        "ocp-client-name: netmend", "ocp-client-version: " NETMEND_VERSION, NULL};

static void sleep_until(int64_t when)
{
	const struct timespec t = {.tv_sec = when / 1000, .tv_nsec = (when % 1000) * 1000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int64_t limited_until(struct graph *g)
{
	pthread_mutex_lock(&g->lock);
	int64_t until = g->limited_until;
	pthread_mutex_unlock(&g->lock);
	return until;
}

static void limit(struct graph *g, int64_t until)
{
	pthread_mutex_lock(&g->lock);
	if (until > g->limited_until)
		g->limited_until = until;
	pthread_mutex_unlock(&g->lock);
}

/* Waits as long as Graph asked for. Too long: says so at once. */
static int wait_turn(struct graph *g, int64_t deadline, struct error *err)
{
	int64_t until;

	while ((until = limited_until(g)) > https_clock()) {
		if (until >= deadline)
			return error_set(err, -EBUSY, REASON_SOURCE_LIMITED,
			        "%s asks us to slow down: it takes questions again in %lld s",
			        g->api, (long long)((until - https_clock() + 999) / 1000));
		sleep_until(until);
	}
	return 0;
}

static int get_once(struct graph *g, const char *url, size_t max, int64_t deadline,
        const struct secret *token, struct https_answer *ret, struct error *err)
{
	const struct https_call call = {.url = url,
	        .bearer = (const char *)token->data,
	        .headers = headers,
	        .max = max,
	        .deadline = deadline};
	const struct timespec until = {
	        .tv_sec = deadline / 1000, .tv_nsec = (deadline % 1000) * 1000000};
	int waited;

	while ((waited = sem_clockwait(&g->slots, CLOCK_MONOTONIC, &until)) < 0 && errno == EINTR)
		;
	if (waited < 0)
		return error_set(err, -ETIMEDOUT, REASON_SOURCE_LIMITED,
		        "%s: too many questions at once", g->api);
	int r = https_call(g->https, &call, ret, err);
	(void)sem_post(&g->slots);
	return r;
}

/* How long to leave the server alone after this answer, in ms; 0: it is an answer to take. */
static int64_t pause_after(const struct https_answer *a, unsigned tries)
{
	if (a->status != 429 && a->status < 500)
		return 0;
	if (a->retry_after > 0)
		return a->retry_after * 1000;
	int64_t ms = tries < 6 ? (int64_t)PAUSE_MS << tries : PAUSE_MS_MAX;
	return ms < PAUSE_MS_MAX ? ms : PAUSE_MS_MAX;
}

/* The server is not well, or we are too fast. 0: time to ask again. */
static int be_patient(struct graph *g, const struct https_answer *a, unsigned tries,
        int64_t deadline, struct error *err)
{
	int64_t until = https_clock() + pause_after(a, tries);

	if (a->status == 429 || a->status == 503) {
		limit(g, until);
		return wait_turn(g, deadline, err);
	}
	if (until >= deadline)
		return error_set(err, -EPROTO, REASON_SOURCE_FAILED, "%s answers with HTTP %d",
		        g->api, a->status);
	sleep_until(until);
	return 0;
}

int graph_get(struct graph *g, const char *url, size_t max, int64_t deadline,
        struct https_answer *ret, struct graph_refusal *refusal, struct error *err)
{
	bool renewed = false;

	*refusal = (struct graph_refusal){0};
	for (unsigned tries = 0;; tries++) {
		struct secret *token CLEANUP_SECRET = NULL;
		struct https_answer answer = {0};
		int r = wait_turn(g, deadline, err);
		if (r == 0)
			r = graph_login_token(g->login, deadline, &token, err);
		if (r == 0)
			r = get_once(g, url, max, deadline, token, &answer, err);
		if (r < 0)
			return r;
		if (answer.status == 401) {
			graph_login_refused(g->login, token);
			if (renewed)
				r = error_set(err, -EACCES, REASON_SOURCE_LOGIN,
				        "%s does not take the token that the login gave us",
				        g->api);
			renewed = true;
		} else if (pause_after(&answer, tries) > 0) {
			r = be_patient(g, &answer, tries, deadline, err);
		} else {
			if (answer.status != 200)
				graph_parse_refusal(answer.body, answer.len, refusal);
			*ret = answer;
			return 0;
		}
		https_answer_clear(&answer);
		if (r < 0)
			return r;
	}
}

/* "what (code: message)" for a 4xx that is no answer of its own. */
static int refused(const struct graph *g, const struct https_answer *a,
        const struct graph_refusal *why, struct error *err)
{
	return error_set(err, -EPROTO, REASON_SOURCE_FAILED, "%s answers with HTTP %d: %s: %s",
	        g->api, a->status, why->code, why->message);
}

static int no_right(const struct graph *g, enum reason reason, const char *permission,
        const struct graph_refusal *why, struct error *err)
{
	if (graph_login_is_delegated(g->login))
		return error_set(err, -EACCES, reason,
		        "Graph refuses it (%s): the application needs the delegated permission %s, "
		        "and "
		        "who signed in a role such as Cloud Device, Helpdesk or Security "
		        "Administrator",
		        why->code, permission);
	return error_set(err, -EACCES, reason,
	        "Graph refuses it (%s): grant the application permission %s and admin consent to "
	        "it",
	        why->code, permission);
}

int graph_get_key(struct graph *g, const struct guid *id, int64_t deadline, struct secret **ret,
        struct error *err)
{
	char name[GUID_TEXT], url[512];
	struct https_answer answer = {0};
	struct graph_refusal why;

	guid_format(id, name);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	/* With any other field selected besides, Graph leaves the key out. */
	(void)snprintf(url, sizeof(url), "%s" RECORDS "/%s?$select=key", g->api, name);
	int r = graph_get(g, url, GRAPH_KEY_BODY, deadline, &answer, &why, err);
	if (r < 0)
		return r;
	if (answer.status == 200)
		r = graph_parse_key(answer.body, answer.len, id, ret, err);
	else if (answer.status == 404)
		r = error_set(err, -ENOENT, REASON_KEY_NOT_FOUND, "Entra ID has no record of it");
	else if (answer.status == 403)
		r = no_right(g, REASON_KEY_NOT_READABLE, "BitlockerKey.Read.All", &why, err);
	else
		r = refused(g, &answer, &why, err);
	https_answer_clear(&answer);
	return r;
}

/* Where a page's link leads is the server's word: the token goes nowhere but to the API's origin.
 */
static bool leads_back(const struct graph *g, const char *link)
{
	size_t len = strlen(g->api);

	return strncmp(link, g->api, len) == 0 && link[len] == '/';
}

int graph_get_page(struct graph *g, const char *link, int64_t deadline, struct graph_page *ret,
        struct error *err)
{
	char first[512];
	struct https_answer answer = {0};
	struct graph_refusal why;

	(void)snprintf(first, sizeof(first), "%s" RECORDS, g->api);
	if (link && !leads_back(g, link))
		return error_set(err, -EPROTO, REASON_SOURCE_FAILED,
		        "%s: its list goes on at another server, which is not asked", g->api);
	int r = graph_get(g, link ? link : first, GRAPH_LIST_BODY, deadline, &answer, &why, err);
	if (r < 0)
		return r;
	if (answer.status == 200)
		r = graph_parse_page(answer.body, answer.len, ret, err);
	else if (answer.status == 403)
		r = no_right(g, REASON_SOURCE_NO_RIGHTS, "BitlockerKey.Read.All", &why, err);
	else
		r = refused(g, &answer, &why, err);
	https_answer_clear(&answer);
	return r;
}
