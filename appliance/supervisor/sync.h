/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making dnsmasq read the answer list again, and knowing that it has. Added files it notices by
 * itself; a removed one keeps its effect until SIGHUP. dnsmasq handles a signal to its end before
 * the next packet and then logs that it has read our (empty) host file: from that line on the list
 * is in force. One SIGHUP is under way at a time; requests that come meanwhile share the next one.
 * No I/O here: the functions say what is to be done.
 */
#ifndef SUPERVISOR_SYNC_H
#define SUPERVISOR_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNC_PENDING_MAX 64
#define SYNC_LIMIT_MS    5000 /* dnsmasq without an answer for so long is restarted */

struct sync {
	uint32_t ids[SYNC_PENDING_MAX];
	size_t signalled; /* the first of ids: the SIGHUP under way covers them */
	size_t count;
	bool ready;       /* dnsmasq runs and has read its files once */
	bool in_flight;   /* a SIGHUP is under way */
	int64_t deadline; /* of what is under way */
};

/* Takes a request. False when too many wait: the answer is no. */
bool sync_request(struct sync *s, uint32_t id);

/* True when a SIGHUP is to be sent now; it then counts as under way. */
bool sync_must_signal(struct sync *s, int64_t now);

/* dnsmasq has read its files. The ids that are done are moved to done (room for
 * SYNC_PENDING_MAX); returns their number. */
size_t sync_read(struct sync *s, uint32_t *done);

/* dnsmasq ended: what was under way waits for the next start. */
void sync_lost(struct sync *s);

/* The SIGHUP under way is overdue. */
bool sync_overdue(const struct sync *s, int64_t now);

/* Forgets all requests (whoever asked is gone), or takes them to refuse them. */
size_t sync_take_all(struct sync *s, uint32_t *ids);

#endif
