/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who answers ARP, as the kernel's neighbour table has it (rtnetlink(7)): web's knocking at the
 * ports of a machine makes the kernel ask, and a Windows that drops the knock still answers that.
 */
#ifndef SUPERVISOR_NEIGHBOUR_H
#define SUPERVISOR_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel believes an answer for up to 45 s, asks again at the next knock 5 s after that, and
 * waits 5 s first: whoever has not answered for so long is gone. */
#define NEIGHBOUR_GONE_MS   75000
#define NEIGHBOUR_REPORT_MS 6000 /* each is told of so often */
/* The table's own limit (gc_thresh3) is 1024 without changes. */
#define NEIGHBOURS_MAX 4096

struct neighbour {
	uint8_t mac[6];
	uint8_t ip[4];
	int64_t since;    /* it has answered all the time from then on; ms of the caller's clock */
	int64_t answered; /* last */
	int64_t told;     /* 0: not yet */
};

struct neighbours {
	size_t count;
	struct neighbour list[NEIGHBOURS_MAX];
};

/* What one entry says: answered age_ms ago (now is more than that); does not answer any more. Each
 * address is one card's: another one begins anew. */
void neighbour_note(struct neighbours *all, const uint8_t mac[6], const uint8_t ip[4],
        int64_t age_ms, int64_t now);
void neighbour_gone(struct neighbours *all, const uint8_t ip[4]);
/* Forgets who is gone. */
void neighbours_expire(struct neighbours *all, int64_t now);

/* The messages of one datagram of the kernel; what is no IPv4 neighbour of Ethernet is passed over.
 * hz: of the ages in it (sysconf(_SC_CLK_TCK)). */
void neighbours_read(struct neighbours *all, const void *data, size_t len, long hz, int64_t now);

/* A socket to the kernel that is told of changes; and the question for the whole table. Descriptor,
 * 0 or -errno. */
int neighbours_open(void);
int neighbours_ask(int fd);

#endif
