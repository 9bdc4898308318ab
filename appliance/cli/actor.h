/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLI_ACTOR_H
#define CLI_ACTOR_H

#include "appliance/store/actions.h"

/*
 * Who is at this shell, for the record of what people do: "root (anna)" when anna became root
 * (SUDO_USER; without it whom the kernel saw log in, /proc/self/loginuid), else "root"; the
 * account's name when it is not root's. via "command line". To be asked before cli_become().
 */
void cli_actor(struct actor *ret);

#endif
