/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dnsmasq's log (log-dhcp, on standard error) as events. It carries strings of clients, so it is
 * treated as hostile: lines are bounded, and what doesn't look exactly as expected is a note.
 *
 * The forms of dnsmasq 2.90, with everything a client can choose in <>:
 *     dnsmasq-dhcp[PID]: XID vendor class: <PXEClient:Arch:00007:UNDI:003016>
 *     dnsmasq-dhcp[PID]: XID user class: <iPXE>
 *     dnsmasq-dhcp[PID]: XID PXE(IF) MAC proxy              proxy mode; proxy-ignored when not
 * served dnsmasq-dhcp[PID]: XID DHCPDISCOVER(IF) [IP] MAC [ignored]                        full
 * mode dnsmasq-dhcp[PID]: read FILE                          a host file was read
 *     dnsmasq-tftp[PID]: sent FILE to IP
 * A DISCOVER that is no network boot leaves no MAC in proxy mode, only its vendor class: Windows is
 * seen by watch.h instead.
 */
#ifndef SUPERVISOR_DNSMASQ_LOG_H
#define SUPERVISOR_DNSMASQ_LOG_H

#include "appliance/supervisor/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNSMASQ_LINE_MAX 1024

enum dnsmasq_event_kind {
	DNSMASQ_CLIENT, /* a network boot client asked: mac, text (architecture or ""), served */
	DNSMASQ_SENT,   /* a file went out by TFTP: text (path), ip */
	DNSMASQ_READ,   /* a host file was read: text (path) */
	DNSMASQ_NOTE,   /* anything that is not about one DHCP exchange: text (the line) */
};

struct dnsmasq_event {
	enum dnsmasq_event_kind kind;
	uint8_t mac[6];
	bool served;
	uint32_t client; /* CONTROL_CLIENT_ID() */
	char ip[16];
	char text[160]; /* cut when longer; control characters replaced */
};

struct dnsmasq_log {
	char line[DNSMASQ_LINE_MAX];
	size_t len;
	bool skipping; /* the rest of a line that was too long */
	/* dnsmasq logs one packet at a time; this is the one being logged. */
	uint32_t xid;
	bool network_boot;
	enum control_client client;
	unsigned architecture; /* CONTROL_NO_ARCHITECTURE: not told */
};

/* Takes what was read from the log; calls each(event, context) for every event in it. */
void dnsmasq_log_feed(struct dnsmasq_log *log, const char *data, size_t len,
        void (*each)(const struct dnsmasq_event *event, void *context), void *context);

/* Forgets a half line: dnsmasq was started anew. */
void dnsmasq_log_reset(struct dnsmasq_log *log);

#endif
