/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which changes a webhook is told of. */
#ifndef HOOKS_WANTED_H
#define HOOKS_WANTED_H

#include "appliance/store/machine.h"

struct wanted {
	uint32_t states; /* bit of each enum machine_state */
	bool attention;  /* whatever a person has to look at: the state, or severity warn or fail */
	bool campaigns;
};

/* Words between blanks or commas: "all", "attention", "campaign", states. -EINVAL: another word, or
 * none. */
int wanted_parse(const char *text, struct wanted *ret);

bool wanted_machine(const struct wanted *w, enum machine_state state, enum reason reason);

#endif
