/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Microsoft Graph's recovery keys: one GET with a token, patient with a server that asks for it. */
#ifndef FETCH_GRAPH_API_H
#define FETCH_GRAPH_API_H

#include "appliance/fetch/graph_answer.h"
#include "appliance/fetch/graph_login.h"

#include <pthread.h>
#include <semaphore.h>

#define GRAPH_URL_MAX   (GRAPH_LINK_MAX + 1)
#define GRAPH_AT_ONCE   5                 /* questions: with more of them Graph throttles sooner */
#define GRAPH_KEY_BODY  (64 * 1024)       /* bytes of an answer with one key */
#define GRAPH_LIST_BODY (8 * 1024 * 1024) /* bytes of a page of the list */

struct graph {
	char api[160];
	struct https_client *https;
	struct graph_login *login;
	sem_t slots; /* GRAPH_AT_ONCE */
	pthread_mutex_t lock;
	int64_t limited_until; /* https_clock(): Graph asked all of us to be quiet until then */
};

/* 0: *ret_status is what Graph answered: 200 (body in *ret), 403, 404 or another 4xx, with *refusal
 * telling why. Waits and asks again (429, 503, other 5xx, and once with a new token after 401) as
 * long as the deadline allows. err: what graph_login_token() says, SOURCE_LIMITED, SOURCE_LOGIN,
 * SOURCE_FAILED, SOURCE_UNREACHABLE, SOURCE_CERTIFICATE. */
int graph_get(struct graph *g, const char *url, size_t max, int64_t deadline,
        struct https_answer *ret, struct graph_refusal *refusal, struct error *err);

/* One record's key. err: besides, KEY_NOT_FOUND, KEY_NOT_READABLE. */
int graph_get_key(struct graph *g, const struct guid *id, int64_t deadline, struct secret **ret,
        struct error *err);

/* The list's first page (link NULL), or the one a page's link leads to, which has to lead back to
 * the same server. err: besides, SOURCE_NO_RIGHTS. */
int graph_get_page(struct graph *g, const char *link, int64_t deadline, struct graph_page *ret,
        struct error *err);

/* graph_pull.c: source_ops' pull. A few keys at a time; each() is called by one thread at a time.
 */
int graph_pull(void *source, int (*each)(void *context, const struct source_record *r),
        void *context, struct error *err);

#endif
