/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line's side of escrow's socket (appliance/README.md): one question, its answer. What
 * jansson frees in this process is wiped from then on, because questions carry passphrases.
 */
#ifndef CLI_ESCROW_SOCKET_H
#define CLI_ESCROW_SOCKET_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"

#include <jansson.h>

struct escrow_socket;

/* runtime: the folder the configuration names. -ECONNREFUSED with ESCROW_UNREACHABLE when escrow
 * does not run; -EPERM with USAGE when we are not root. */
int escrow_socket_open(const char *runtime, struct escrow_socket **ret, struct error *err);
void escrow_socket_close(struct escrow_socket *s);

/*
 * Sends the question ("op" and what belongs to it; "v" and "id" are added; taken over, may be NULL:
 * -ENOMEM) and waits for its answer, at most the seconds. *ret (the caller's) is an object whose
 * "ok" may be false; -ETIMEDOUT, -EPIPE, -EBADMSG with ESCROW_UNREACHABLE.
 */
int escrow_socket_ask(
        struct escrow_socket *s, json_t *question, int seconds, json_t **ret, struct error *err);

/* The same for an answer of {ok, reason, text} alone: ok false is -EACCES with reason and text of
 * the answer. ret may be NULL. */
int escrow_socket_order(
        struct escrow_socket *s, json_t *question, int seconds, json_t **ret, struct error *err);

/* Many questions on their way at once: sends one, whose answer has *ret_id; errors as above. */
int escrow_socket_send(
        struct escrow_socket *s, json_t *question, json_int_t *ret_id, struct error *err);
/* The next answer to any of them, in whatever order they come; errors as above. */
int escrow_socket_take(struct escrow_socket *s, int seconds, json_t **ret, struct error *err);

DEFINE_CLEANUP(struct escrow_socket *, escrow_socket_close)
#define CLEANUP_ESCROW_SOCKET CLEANUP(escrow_socket_close_p)

#endif
