/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one clock by which the fleet's times are kept. Alone in its object file, so that a test puts
 * its own in its place: two clocks in one test are a race. */
#ifndef FLEET_CLOCK_H
#define FLEET_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970, as the system has them; may be set back. */
int64_t fleet_clock(void);

#endif
