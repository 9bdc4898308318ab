/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time that passes and never goes back, made of a clock that a person or NTP may set: while the
 * clock goes back, no time has passed, and from there it counts on. A limit over the last minute is
 * neither opened by a clock that was set back nor closed until the clock has caught up.
 *
 * Callers read the clock before they wait for their turn, and bring what they read then: a reading
 * that is a little late is no clock that was set back. Counted as one, each of them would add its
 * lateness, and a minute would be over the sooner the more threads there are.
 */
#ifndef ESCROW_POLICY_STEADY_H
#define ESCROW_POLICY_STEADY_H

#include <stdint.h>

#define STEADY_LATE 10000 /* ms */

struct steady {
	int64_t last;  /* reading of the clock */
	int64_t shift; /* how far it has gone back so far */
};

/* now: the clock's reading, ms since 1970, not negative. Gives ms of no meaning but their
 * difference. */
static inline int64_t steady_at(struct steady *s, int64_t now)
{
	if (now < s->last && s->last - now <= STEADY_LATE)
		now = s->last;
	if (now < s->last)
		s->shift += s->last - now;
	s->last = now;
	return now + s->shift;
}

#endif
