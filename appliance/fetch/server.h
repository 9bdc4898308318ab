/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FETCH_SERVER_H
#define FETCH_SERVER_H

#include "appliance/fetch/place.h"

#include <sys/types.h>

/* Answers root and escrow_uid on listen_fd until SIGTERM or SIGINT. Both signals are blocked for
 * every thread from here on. 0 or -errno. */
int source_server_run(
        int listen_fd, uid_t escrow_uid, struct place **places, size_t count, struct error *err);

#endif
