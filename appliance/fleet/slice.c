/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/slice.h"

#include <errno.h>
#include <time.h>

#define SLICE_MS 25
/* Longer than the naps of somebody who has waited for one slice. */
#define PAUSE_MS 25

static int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct slice slice_begin(void)
{
	return (struct slice){.until = clock_ms() + SLICE_MS};
}

bool slice_is_over(const struct slice *s)
{
	return clock_ms() >= s->until;
}

void slice_pause(void)
{
	struct timespec left = {.tv_nsec = PAUSE_MS * 1000000L};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}
