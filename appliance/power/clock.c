/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing else in this file: the test of drive.c has a clock of its own in its place. */
#include "appliance/power/power.h"

#include <errno.h>
#include <time.h>

int64_t power_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void power_pause(int64_t ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (ms > 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}
