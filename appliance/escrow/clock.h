/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ESCROW_CLOCK_H
#define ESCROW_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since 1970: what policy and records go by. */
static inline int64_t clock_wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Milliseconds that nobody sets back: how long something has waited. Never 0. */
static inline int64_t clock_steady(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1;
}

#endif
