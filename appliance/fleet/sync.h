/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeping dnsmasq in step with the answer list. One SYNC is under way at a time; whoever changed
 * the list meanwhile waits for the next one. Tickets are the ids of SYNCs, and grow.
 */
#ifndef FLEET_SYNC_H
#define FLEET_SYNC_H

#include <stdbool.h>
#include <stdint.h>

struct sync {
	uint32_t sent;                           /* id of the last SYNC sent; 0: none yet */
	uint32_t done;                           /* the last one answered */
	bool wanted;                             /* changed again while one is under way */
	int64_t sent_at;                         /* by the caller's clock, ms */
	int (*send)(void *context, uint32_t id); /* 0 or -errno */
	void *context;
};

/* An answer later than this is not waited for. */
#define SYNC_LIMIT_MS 5000

/* The list has changed: asks for a SYNC. The ticket is reached when dnsmasq has read a list with
 * this change in it. */
uint32_t sync_request(struct sync *s, int64_t now);
/* The ticket of everything asked for so far. */
uint32_t sync_latest(const struct sync *s);
bool sync_reached(const struct sync *s, uint32_t ticket);
/* SYNC_DONE came. */
void sync_done(struct sync *s, uint32_t id, int64_t now);
/* Gives a SYNC up that was not answered in time, so that the next can go out. */
void sync_tick(struct sync *s, int64_t now);

#endif
