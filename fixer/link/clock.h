/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Milliseconds of the two clocks the link needs. */
#ifndef LINK_CLOCK_H
#define LINK_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t); /* cannot fail for the clocks of this file */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* For deadlines. */
static inline int64_t monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* Since the kernel started: the "ms" of the wire. */
static inline int64_t uptime_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

#endif
