/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef POWER_SERVER_H
#define POWER_SERVER_H

#include "fixer/base/error.h"

#include <sys/types.h>

/* Answers root and escrow_uid on listen_fd (SOCK_SEQPACKET, README.md) until SIGTERM or SIGINT.
 * Threads may be under way when it returns: the process ends with _exit(). 0 or -errno. */
int power_server_run(int listen_fd, uid_t escrow_uid, struct error *err);

#endif
