/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_SERVER_H
#define ESCROW_SERVER_H

#include "appliance/escrow/release.h"

#include <sys/types.h>

/* Listens on socket_path (SOCK_SEQPACKET) for root and web_uid until SIGTERM or SIGINT. 0 or
 * -errno. */
int server_run(const char *socket_path, uid_t web_uid, struct vault *vault, struct release *release,
        struct error *err);

#endif
