/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the appliance's answers mean for the machine and its ledger. */
#ifndef SWARM_ANSWERS_H
#define SWARM_ANSWERS_H

#include "tests/bench/swarm/acts.h"

enum answer {
	ANSWER_ON,      /* the act is done */
	ANSWER_LATER,   /* after a pause: it was told to wait */
	ANSWER_OVER,    /* the machine's story ends here */
	ANSWER_BOOT,    /* it starts again */
	ANSWER_WINDOWS, /* it goes back to Windows */
};

/* The 2xx answer to the call of this act is in m->call. What it should not be is noted by
 * machine_problem(). */
enum answer answer_take(struct machine *m, const struct act *act);

#endif
