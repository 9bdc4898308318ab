/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a machine is to somebody who looks at a thousand: page, wallboard, lists and exports group
 * machines the same way.
 */
#ifndef FLEET_GROUP_H
#define FLEET_GROUP_H

#include "appliance/store/machine.h"

/* (clang-format takes the X() for declarations.) */
/* clang-format off */
#define MACHINE_GROUPS(X)                                                                          \
	X(action)     /* needs a person */                                                         \
	X(approval)   /* its key waits for people */                                               \
	X(waiting)    /* for its key */                                                            \
	X(running)    /* in progress */                                                            \
	X(restarting) /* repaired, Windows not seen yet */                                         \
	X(back)       /* Windows is back */                                                        \
	X(new)        /* not started yet */                                                        \
	X(held)                                                                                    \
	X(ignored)    /* not in scope */
/* clang-format on */

enum machine_group {
#define X(name) GROUP_##name,
	MACHINE_GROUPS(X)
#undef X
	        GROUP_COUNT,
};

enum machine_group machine_group(enum machine_state state, enum reason reason);
const char *machine_group_name(enum machine_group group);
/* -EINVAL: none is called that. */
int machine_group_parse(const char *name);

#endif
