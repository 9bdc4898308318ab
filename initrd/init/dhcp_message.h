/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DHCP messages (RFC 2131, RFC 2132), as far as a machine needs them that boots once: no I/O. */
#ifndef INIT_DHCP_MESSAGE_H
#define INIT_DHCP_MESSAGE_H

#include "fixer/base/dhcp.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DHCP_URL_TEXT    96
#define DHCP_DNS_MAX     4
#define DHCP_DOMAIN_TEXT 128

/* Option 60 of ours; a server that knows it answers with option 43, of which sub-option 1 is the
 * appliance's URL. */
#define DHCP_VENDOR "netmend"

/* Of which client and which exchange. */
struct dhcp_client {
	uint8_t mac[6];
	uint32_t xid;
};

struct dhcp_answer {
	enum dhcp_type type; /* OFFER, ACK or NAK */
	struct in_addr address;
	struct in_addr server;            /* option 54 */
	struct in_addr mask;              /* 0: not named */
	struct in_addr gateway;           /* 0: none */
	struct in_addr next;              /* siaddr; 0: none */
	char url[DHCP_URL_TEXT];          /* "" */
	struct in_addr dns[DHCP_DNS_MAX]; /* option 6; 0: none */
	char domain[DHCP_DOMAIN_TEXT];    /* option 15, letters, digits, dots and hyphens; "" */
};

/* DISCOVER (offer NULL), or the REQUEST of an offer. */
void dhcp_write(const struct dhcp_client *c, uint16_t seconds, const struct dhcp_answer *offer,
        uint8_t ret[DHCP_REQUEST_LEN]);

/* 0; -ENOMSG: not for this client or not of this exchange; -EBADMSG: malformed, or an OFFER or ACK
 * that cannot be used (no address, mask with holes). */
int dhcp_read(
        const struct dhcp_client *c, const uint8_t *data, size_t len, struct dhcp_answer *ret);

/* 1 to 32, or the mask of the address's class when none was named. */
uint8_t dhcp_prefix(const struct dhcp_answer *a);

#endif
