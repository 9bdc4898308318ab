/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What netmend-escrow and netmend-fetch are told (appliance/README.md): built from the
 * configuration, with the contents of the secret files it names, in locked memory that is wiped
 * before these functions return. It goes through a pipe: no argument, environment, log or file has
 * a secret in it.
 *
 * *ret_fd is the reading end, with everything in it already; close-on-exec, the caller's. Each
 * child gets a new one. Errors name section, key and file, and what to do.
 */
#ifndef SUPERVISOR_SETTINGS_H
#define SUPERVISOR_SETTINGS_H

#include "appliance/config/config.h"

/* As root, when the configuration names files; secrets_init() before. */
int settings_for_escrow(const struct config *config, int *ret_fd, struct error *err);

/* The sources of the order of [escrow]. Keytabs are copied to FOLDER/NAME.keytab, readable by
 * fetch-user, because Kerberos wants a path. */
int settings_for_fetch(
        const struct config *config, const char *folder, int *ret_fd, struct error *err);

/* The store's place, with its password if it has one, and the webhooks. */
int settings_for_hooks(const struct config *config, int *ret_fd, struct error *err);

/* Lets the descriptor pass through exec() as it is, and writes its number as text: for
 * --settings-fd of a program that replaces this one. 0 or -errno. */
int settings_pass(int fd, char ret_number[12]);

#endif
