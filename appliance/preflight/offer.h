/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question a machine's firmware asks for its network boot, and what servers offer: no I/O. */
#ifndef PREFLIGHT_OFFER_H
#define PREFLIGHT_OFFER_H

#include "fixer/base/dhcp.h"

#include <netinet/in.h>
#include <stdbool.h>

#define OFFER_TEXT   256 /* the longest option, cleaned */
#define DISCOVER_LEN 400

/* Who asks, and which of the questions. */
struct asker {
	uint8_t mac[6];
	uint32_t xid;
	uint16_t architecture; /* RFC 4578: 0 BIOS, 7 UEFI on x64 */
};

/* All text is clean (text_clean()). */
struct offer {
	uint16_t architecture;  /* of the question */
	uint8_t mac[6];         /* of the frame; zeros: not known */
	struct in_addr from;    /* of the datagram */
	struct in_addr server;  /* option 54; 0: none */
	struct in_addr address; /* 0: none, a boot server beside another one (proxyDHCP) */
	struct in_addr next;    /* siaddr; 0: none */
	char name[OFFER_TEXT];  /* of the boot server, header */
	char file[OFFER_TEXT];  /* header */
	char option66[OFFER_TEXT], option67[OFFER_TEXT];
	bool boot; /* says PXEClient or HTTPClient: an answer to a network boot */
};

/* A DISCOVER: nothing is ever asked for, so no server gives a lease. */
void offer_ask(const struct asker *who, uint16_t seconds, uint8_t ret[DISCOVER_LEN]);

/* A DHCP message. 0; -ENOMSG: no OFFER of this question; -EBADMSG: malformed. */
int offer_read(const struct asker *who, const void *data, size_t len, struct offer *ret);

/* Who says it, for people: option 54, else where it came from. */
struct in_addr offer_who(const struct offer *o);

#endif
