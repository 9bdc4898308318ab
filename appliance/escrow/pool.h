/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads that decide releases, in the order they were asked for, and the clients they answer. */
#ifndef ESCROW_POOL_H
#define ESCROW_POOL_H

#include "appliance/escrow/release.h"

/* A connection: closed when the reader has dropped it and no answer is under way. */
struct pool_client;
struct pool_client *pool_client_new(int fd); /* takes fd; NULL (fd closed) without memory */
int pool_client_fd(const struct pool_client *c);
void pool_client_send(
        struct pool_client *c, json_t *answer); /* a client that is gone is no error */
void pool_client_drop(struct pool_client *c);

struct pool;
struct pool *pool_new(struct release *release); /* one thread a processor */
void pool_free(struct pool *p);                 /* waits for what is under way, drops the rest */

/* Takes m. When too many are waiting the answer is "pending, WAITING_KEY" at once. */
void pool_submit(struct pool *p, struct pool_client *client, struct message *m);

#endif
