/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signs of life that any system gives, not Windows alone: answers to ARP, refused connections. A
 * repaired machine that gives them long enough is back: firmware, iPXE and the fixer are never up
 * that long without our hearing of it, and a Windows that crashes at its start restarts within a
 * minute or two, over and over.
 */
#ifndef FLEET_PRESENCE_H
#define FLEET_PRESENCE_H

#include "appliance/fleet/fleet.h"

/* So long, without a network boot in between. */
#define PRESENCE_MS ((int64_t)3 * 60 * 1000)
/* What was not seen for so long was away: a round of knocking takes that long with a thousand
 * machines on their way back. */
#define PRESENCE_GAP_MS ((int64_t)90 * 1000)

#define PRESENCES_MAX 1024

struct presence {
	int64_t machine;     /* 0: free */
	int64_t since, last; /* seen from, and last */
};

/* Notes that the machine is there; since when, without a gap. The longest unseen one makes place.
 */
int64_t presence_note(struct presence *all, size_t count, int64_t machine, int64_t now);

#endif
