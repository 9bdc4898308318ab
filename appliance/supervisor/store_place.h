/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the store is, as store_open() wants it: with a password in it, so it is kept and handed on
 * like one. */
#ifndef SUPERVISOR_STORE_PLACE_H
#define SUPERVISOR_STORE_PLACE_H

#include "appliance/config/config.h"
#include "fixer/base/secret.h"

/* The SQLite file of this state directory, or the configured database with the content of its
 * password file; terminated. As root when there is such a file. CANNOT_OPEN names it. */
int store_place(const struct config *config, struct secret **ret, struct error *err);

/* The same in a pipe, for `netmend web --store-fd`: its reading end, close-on-exec. */
int store_place_pipe(const struct config *config, int *ret_fd, struct error *err);

/* What store_place_pipe() wrote, terminated; reads to the end and closes fd. */
int store_place_receive(int fd, struct secret **ret, struct error *err);

#endif
