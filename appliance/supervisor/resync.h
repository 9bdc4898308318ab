/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making dnsmasq read the answer list again, and knowing that it has. dnsmasq handles a signal to
 * its end before the next packet and then logs that it has read the list: from that line on it is
 * in force. One SIGHUP is under way at a time; requests that come meanwhile share the next one, and
 * between two of them dnsmasq gets to answer machines.
 * No I/O here: the functions say what is to be done.
 */
#ifndef SUPERVISOR_RESYNC_H
#define SUPERVISOR_RESYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESYNC_PENDING_MAX 64
#define RESYNC_LIMIT_MS    5000 /* dnsmasq that has read no file for so long is restarted */
#define RESYNC_EVERY_MS    100  /* from one SIGHUP to the next, at least */

struct resync {
	uint32_t ids[RESYNC_PENDING_MAX];
	size_t signalled; /* the first of ids: the SIGHUP under way covers them */
	size_t count;
	bool ready;       /* dnsmasq runs and has read its files once */
	bool in_flight;   /* a SIGHUP is under way */
	int64_t deadline; /* of what is under way */
	int64_t next;     /* not before */
};

/* Takes a request. False when too many wait: the answer is no. */
bool resync_request(struct resync *s, uint32_t id);

/* True when a SIGHUP is to be sent now; it then counts as under way. */
bool resync_must_signal(struct resync *s, int64_t now);

/* dnsmasq has read its files. The ids that are done are moved to done (room for
 * RESYNC_PENDING_MAX); returns their number. */
size_t resync_read(struct resync *s, uint32_t *done);

/* No SIGHUP was sent after all. */
void resync_failed(struct resync *s);

/* When something has to be done for a request, by the caller's clock; INT64_MAX: when it comes. */
int64_t resync_due(const struct resync *s);

/* dnsmasq ended: what was under way waits for the next start. */
void resync_lost(struct resync *s);

/* It has read another file: it is busy, not stuck. */
void resync_goes_on(struct resync *s, int64_t now);

/* The SIGHUP under way is overdue. */
bool resync_overdue(const struct resync *s, int64_t now);

/* Forgets all requests (whoever asked is gone), or takes them to refuse them. */
size_t resync_take_all(struct resync *s, uint32_t *ids);

#endif
