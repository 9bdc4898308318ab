/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/power.h"

#include <time.h>

int64_t power_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
