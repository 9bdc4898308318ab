/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_SERVER_H
#define ESCROW_SERVER_H

#include "appliance/escrow/escrow.h"

#include <sys/types.h>

struct server;

/* Before the walls go up: what it needs is opened here. Takes listen_fd. NULL with err. */
struct server *server_new(int listen_fd, uid_t web_uid, struct error *err);
void server_free(struct server *s);

/* Answers root and web_uid until SIGTERM or SIGINT. e is complete, its cases are started. 0 or
 * -errno. */
int server_run(struct server *s, struct escrow *e);

#endif
