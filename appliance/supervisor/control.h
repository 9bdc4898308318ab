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
	CONTROL_SETUP,  /* web -> serve: nobody has an account yet; text: the token of the set-up
	                 * link, for whoever started the appliance */
	CONTROL_CLOCK,  /* serve -> web: the host's clock is synchronised (ok) or not, on change and
	                 * once on start; not when nobody knows */
};

enum control_dhcp_kind {
	CONTROL_DHCP_DISCOVER = 1, /* a PXE client asked dnsmasq; id: CONTROL_CLIENT_ID(); ok: it
	                            * was answered; text: client architecture if known */
	CONTROL_DHCP_BOOT_FILE, /* a boot program was sent; text: its name; ip set, mac may be zero
	                         */
	CONTROL_DHCP_WINDOWS,   /* a client of vendor class "MSFT 5.0" asked for an address */
	CONTROL_DHCP_NEIGHBOUR, /* mac has answered ARP at ip for id seconds */
	CONTROL_DHCP_HEARD,  /* another client asked whomever; id: CONTROL_CLIENT_ID(); ok: it looks
	                      * for somebody who answers (DISCOVER); text: its vendor class; uuid */
	CONTROL_DHCP_SERVER, /* a DHCP server at ip: it answered from mac, or a client named it */
};

/* What a client is that asks for an address or a boot program. */
enum control_client {
	CONTROL_CLIENT_OTHER,
	CONTROL_CLIENT_PXE,
	CONTROL_CLIENT_HTTP, /* firmware that boots over HTTP */
	CONTROL_CLIENT_IPXE,
	CONTROL_CLIENTS
};
#define CONTROL_NO_ARCHITECTURE                 0xffffu
#define CONTROL_CLIENT_ID(client, architecture) ((uint32_t)(client) << 16 | (architecture))

/* The word for an architecture of RFC 4578, "uefi-x64", "arch 99"; "" for
 * CONTROL_NO_ARCHITECTURE. */
#define CONTROL_ARCHITECTURE_TEXT 16
void control_architecture(unsigned number, char ret[CONTROL_ARCHITECTURE_TEXT]);

struct control_message {
	uint32_t type;     /* enum control_type */
	uint32_t id;       /* SYNC, SYNC_DONE: chosen by web, not 0; DHCP: by kind */
	uint32_t ok;       /* SYNC_DONE, HEALTH, CLOCK, DISCOVER, HEARD: 1 or 0 */
	uint32_t kind;     /* DHCP: enum control_dhcp_kind */
	uint8_t mac[6];    /* DHCP; zero when not known */
	char ip[16];       /* DHCP: IPv4 text, "" when not known */
	char text[160];    /* UTF-8, terminated */
	char uuid[37];     /* HEARD: SMBIOS UUID as text, "" when not known */
	uint8_t unused[1]; /* zero; makes the size a multiple of four */
};

/* 0; -EAGAIN when the other side does not read (nothing is sent), -EPIPE when it is gone, other
 * -errno. */
int control_send(int fd, const struct control_message *message);

/* Takes one message without waiting. 0; -EAGAIN when there is none; -EPIPE when the other side is
 * gone; -EPROTO for a record of wrong size, unknown type or kind, or unterminated text or no
 * UUID (it is consumed). Control characters in text and ip are replaced. */
int control_receive(int fd, struct control_message *ret);

#endif
