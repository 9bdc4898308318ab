/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection. Any thread may send on it and nobody ever waits for its reader: what the socket
 * does not take is kept, up to a limit, and a reader who lets it come to that is hung up on.
 */
#ifndef ESCROW_CLIENT_H
#define ESCROW_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct client;

/* Takes fd (it becomes non-blocking) even when it fails. wake: an eventfd written to when something
 * is to be sent later. NULL without memory. */
struct client *client_new(int fd, uid_t uid, int wake);

/* Each holder drops it once; the last one frees it, and closes it if nobody has. */
struct client *client_hold(struct client *c);
void client_drop(struct client *c);

int client_fd(const struct client *c);
uid_t client_uid(const struct client *c);

/* Sends and consumes the message; NULL and a client that is gone are no errors. */
void client_send(struct client *c, json_t *message);

/* Whether something waits for the socket; client_flush() when it can be written to. */
bool client_waits(struct client *c);
void client_flush(struct client *c);

/* By its reader, who reads it no more: hangs up and gives the descriptor back at once, whoever
 * still holds c. A case may do so for minutes, and whoever comes back again and again would use
 * them up. */
void client_close(struct client *c);

#endif
