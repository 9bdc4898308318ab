/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking `netmend-escrow` over its Unix socket (appliance/README.md). Nothing waits: a question is
 * sent when the socket takes it, its answer comes through a callback. What passes here is sealed to
 * the fixer's key.
 */
#ifndef API_ESCROW_CLIENT_H
#define API_ESCROW_CLIENT_H

#include "appliance/store/store.h"
#include "appliance/web/loop.h"

#include <jansson.h>

struct escrow_client;

struct escrow_client_options {
	const char *path; /* of the socket; borrowed */
	struct loop *loop;
	/* The answer to a release of this session (borrowed), or NULL: the connection was lost. */
	void (*answer)(void *context, int64_t session, json_t *answer);
	/* What escrow_client_status() says has changed. */
	void (*changed)(void *context);
	void *context;
};

int escrow_client_new(const struct escrow_client_options *options, struct escrow_client **ret);
void escrow_client_free(struct escrow_client *e);

/* Asks for the release of a session's volumes. secret: the session's id on the wire. 0: the answer
 * will come; negative errno: it cannot be asked now. */
int escrow_client_release(struct escrow_client *e, const struct store_session *session,
        const char *secret, const struct machine *m);

/* Once a second: connects, asks for the status every few seconds. */
void escrow_client_tick(struct escrow_client *e, int64_t now);

struct escrow_status {
	bool ok;
	char text[160]; /* why not */
	int64_t keys;   /* in the vault */
};
const struct escrow_status *escrow_client_status(const struct escrow_client *e);

#endif
