/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by graph_login*.c alone. Everything but the token's handing out runs with lock held. */
#ifndef FETCH_GRAPH_LOGIN_INTERNAL_H
#define FETCH_GRAPH_LOGIN_INTERNAL_H

#include "appliance/fetch/graph_answer.h"
#include "appliance/fetch/graph_assertion.h"
#include "appliance/fetch/graph_login.h"

#include <pthread.h>

#define GRAPH_ORIGIN_MAX 160
#define GRAPH_ID_MAX     128

struct graph_login {
	char tenant[GRAPH_ID_MAX], client[GRAPH_ID_MAX];
	char login[GRAPH_ORIGIN_MAX], api[GRAPH_ORIGIN_MAX];
	bool device_code;
	struct secret *secret; /* one of these two, but with a device code */
	struct graph_certificate *certificate;
	struct https_client *https;

	pthread_mutex_t lock;
	struct secret *token;         /* NULL: none yet */
	int64_t renew_at, expires_at; /* https_clock() */
	struct error refused;         /* the last try, and until when none is made again */
	int64_t refused_until;

	struct secret *refresh;     /* of the person who signed in */
	struct graph_device device; /* code NULL: nobody is asked to sign in */
	int64_t device_until, device_next;
};

/* One form to the tenant's endpoint "token" or "devicecode". 0: *ret_answer is what a 200 brought.
 * A refusal is told in *ret_refusal (code "" otherwise) and in err. */
int graph_login_post(struct graph_login *l, const char *endpoint, const struct https_form *form,
        int64_t deadline, struct https_answer *ret_answer, struct graph_refusal *ret_refusal,
        struct error *err);

/* Tries to get a token by this form and takes it. */
int graph_login_take(struct graph_login *l, const struct https_form *form, int64_t deadline,
        struct graph_refusal *ret_refusal, struct error *err);

/* A token by refresh token or device code. -EAGAIN with SOURCE_LOGIN_NEEDED while a person is
 * awaited. */
int graph_login_by_person(struct graph_login *l, int64_t deadline, struct error *err);

#endif
