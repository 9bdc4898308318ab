/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings of `netmend check`, one line each on standard output. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "appliance/config/config.h"

__attribute__((format(printf, 1, 2))) void check_good(const char *format, ...);
__attribute__((format(printf, 1, 2))) void check_note(const char *format, ...);
void check_bad(const struct error *err); /* counted: the command fails */

/* Where keys come from and who may have them: vault key, policy in words, each source asked. */
void check_keys(const struct config *config);

/* What this host can do against a process that has been taken over. */
void check_walls(void);

#endif
