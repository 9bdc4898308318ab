/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Knocking at machines whose Windows is awaited: a TCP connection to one of the ports Windows opens
 * (445, 135, 3389) is its sign of life. Nothing is sent.
 */
#ifndef WEB_PROBE_H
#define WEB_PROBE_H

#include "appliance/fleet/fleet.h"
#include "appliance/web/loop.h"

struct probes;

int probes_new(struct loop *loop, struct fleet *fleet, struct probes **ret);
void probes_free(struct probes *p);
/* Once a second: starts a round every few seconds; the last one's open connections are given up. */
void probes_tick(struct probes *p, int64_t now);

#endif
