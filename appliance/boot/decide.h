/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine is to do, for whoever tells it: a script, or the answer to its first contact. */
#ifndef BOOT_DECIDE_H
#define BOOT_DECIDE_H

#include "appliance/fleet/fleet.h"

struct boot_decision {
	enum fleet_decision what;
	struct machine machine;
	char token[TOKEN_TEXT]; /* of FLEET_REMEDIATE, else ""; wipe it */
	bool dry_run;           /* of FLEET_REMEDIATE */
	int before;             /* how many load before it; -1: it does not wait for that */
	int seconds;            /* until it asks again, or restarts; 0: nothing to wait for */
};

/* dry_run: the configuration's word for all. 0 or fleet_boot()'s -errno. */
int boot_decide(struct fleet *f, bool dry_run, const struct fleet_identity *identity,
        struct boot_decision *ret);

/* What people call it; points into m. */
const char *boot_shown_name(const struct machine *m);

#endif
