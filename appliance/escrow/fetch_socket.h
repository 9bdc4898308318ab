/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_FETCH_SOCKET_H
#define ESCROW_FETCH_SOCKET_H

#include <jansson.h>

/* Sends and consumes a question; NULL: no memory. Does not wait for room: -EAGAIN. */
int fetch_send(int fd, json_t *question);

#endif
