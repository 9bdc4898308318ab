/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking netmend-fetch: one connection with many questions on their way, made again when it is
 * lost. A question never waits longer than NM_SOURCE_SECONDS and a little. Safe between threads.
 */
#ifndef ESCROW_FETCH_CLIENT_H
#define ESCROW_FETCH_CLIENT_H

#include "appliance/escrow/fetch_answer.h"
#include "appliance/escrow/subject.h"

struct fetch_client;

/* path: of its socket, borrowed. Starts a thread. NULL without memory. */
struct fetch_client *fetch_client_new(const char *path);
/* Every caller inside, and each one after, gets SOURCE_UNREACHABLE at once. Before the callers'
 * threads are joined. NULL is fine. */
void fetch_client_stop(struct fetch_client *f);
void fetch_client_free(struct fetch_client *f); /* nobody may be inside */

/* Blocks. *ret is set in any case and is cleared by the caller. */
void fetch_client_lookup(struct fetch_client *f, const char *source, const struct guid *protector,
        const struct subject *s, struct fetch_answer *ret);

/* What it said last of the source; SOURCE_UNREACHABLE while it cannot be asked. */
void fetch_client_source(struct fetch_client *f, const char *name, struct fetch_source *ret);

#endif
