/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `netmend serve` (root) and `netmend web` (unprivileged) tell each other over their
 * SOCK_SEQPACKET pair: one fixed-size record a message. Each side treats the other's records as
 * hostile; neither ever waits for the other but for a SYNC_DONE, and for that with a limit.
 */
#ifndef SUPERVISOR_CONTROL_H
#define SUPERVISOR_CONTROL_H

#include <stdint.h>

enum control_type {
	CONTROL_SYNC = 1,  /* web -> serve: the answer list changed, make dnsmasq read it; id */
	CONTROL_SYNC_DONE, /* serve -> web: dnsmasq has; id of the SYNC, ok, text when not ok */
	CONTROL_DHCP,      /* serve -> web: dnsmasq's log showed something; kind, mac, ip, text */
	CONTROL_HEALTH, /* serve -> web: dnsmasq runs or not, on change and once on start; ok, text
	                 */
};

enum control_dhcp_kind {
	CONTROL_DHCP_DISCOVER = 1, /* a PXE client asked; text: client architecture if known */
	CONTROL_DHCP_BOOT_FILE, /* a boot program was sent; text: its name; ip set, mac may be zero
	                         */
	CONTROL_DHCP_WINDOWS,   /* a client of vendor class "MSFT 5.0" asked for an address */
};

struct control_message {
	uint32_t type;     /* enum control_type */
	uint32_t id;       /* SYNC, SYNC_DONE: chosen by web, not 0 */
	uint32_t ok;       /* SYNC_DONE, HEALTH: 1 or 0 */
	uint32_t kind;     /* DHCP: enum control_dhcp_kind */
	uint8_t mac[6];    /* DHCP; zero when not known */
	char ip[16];       /* DHCP: IPv4 text, "" when not known */
	char text[160];    /* UTF-8, terminated */
	uint8_t unused[2]; /* zero; makes the size a multiple of four */
};

/* 0; -EAGAIN when the other side does not read (the message is dropped), other -errno. */
int control_send(int fd, const struct control_message *message);

/* Takes one message without waiting. 0; -EAGAIN when there is none; -EPIPE when the other side is
 * gone; -EPROTO for a record of wrong size, unknown type or kind, or unterminated text (it is
 * consumed). Control characters in text and ip are replaced. */
int control_receive(int fd, struct control_message *ret);

#endif
