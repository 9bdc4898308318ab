/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `netmend watch` (hidden verb): sees Windows come back. In proxy mode dnsmasq never logs the MAC
 * of a client that isn't booting from the network, so this process reads the DHCP requests of the
 * segment itself, from a packet socket the supervisor opened, under web-user.
 */
#ifndef SUPERVISOR_WATCH_H
#define SUPERVISOR_WATCH_H

#include "appliance/supervisor/control.h"

#include <stdbool.h>
#include <stddef.h>

#define WATCH_PACKET_FD  3
#define WATCH_CONTROL_FD 4

/* Judges one IPv4 datagram, from its header on. True when it is a DISCOVER or REQUEST of vendor
 * class "MSFT 5.0" over Ethernet: ret is then a CONTROL_DHCP of kind WINDOWS, with the address
 * asked for if it names one. */
bool watch_parse(const void *datagram, size_t len, struct control_message *ret);

/* Until the supervisor closes its end. 0 or -errno. */
int watch_main(void);

#endif
