/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `netmend watch` (hidden verb): sees Windows come back, who else asks for an address, and which
 * DHCP servers answer. In proxy mode dnsmasq never logs the MAC of a client that isn't booting from
 * the network, and never the UUID of one that is (option 97 of RFC 4578), so this process reads the
 * DHCP messages of the segment itself, from a packet socket the supervisor opened, under web-user.
 */
#ifndef SUPERVISOR_WATCH_H
#define SUPERVISOR_WATCH_H

#include "appliance/supervisor/control.h"

#include <stdbool.h>
#include <stddef.h>

#define WATCH_PACKET_FD  3
#define WATCH_CONTROL_FD 4

/* What a datagram tells; type 0: nothing of that. */
struct watch_heard {
	/* WINDOWS when its vendor class is "MSFT 5.0", with the address asked for if it names one;
	 * else HEARD. */
	struct control_message client;
	/* SERVER, without its MAC. */
	struct control_message server;
};

/* Judges one IPv4 datagram, from its header on. True when it is a client's DISCOVER or REQUEST over
 * Ethernet, or a server's answer. */
bool watch_parse(const void *datagram, size_t len, struct watch_heard *ret);

/* Until the supervisor closes its end. 0 or -errno. */
int watch_main(void);

#endif
