/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine does in one boot, step by step, as the fixer does with one encrypted Windows. */
#ifndef SWARM_ACTS_H
#define SWARM_ACTS_H

#include "tests/bench/swarm/machine.h"

enum act_kind {
	ACT_BOOT, /* GET /boot/ipxe */
	ACT_KERNEL,
	ACT_INITRD,
	ACT_SESSION,
	ACT_EVENT,   /* one event of its own, sent at once */
	ACT_PENDING, /* GET journal */
	ACT_RELEASE,
	ACT_JOURNAL,
	ACT_RESULT,
	ACT_WINDOWS,
};

struct act {
	enum act_kind kind;
	unsigned when; /* WHEN_ that must all hold */
	const char *state, *step;
	enum reason reason;
};

extern const struct act acts[];

/* The first act from `from` on that this machine does in its present boot. */
size_t act_next(const struct machine *m, size_t from);
/* Acts between which power may go: from the session to the result. */
size_t act_first_in_session(void);
size_t act_last_in_session(void);
/* How the present boot ends when nothing comes in between. */
enum reason act_result(const struct machine *m);
/* True when the appliance is to send the machine back to Windows after this. */
bool act_goes_back(enum reason result);
/* The text of event n of a boot; the ledger and the timeline are compared by it. */
void act_text(const struct machine *m, size_t boot, unsigned n, char *out, size_t size);

#endif
