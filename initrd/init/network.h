/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The port the machine booted from, set up as the kernel command line, or DHCP (obtain.h), says. */
#ifndef INIT_NETWORK_H
#define INIT_NETWORK_H

#include "fixer/base/bootparams.h"
#include "fixer/base/error.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

/* Looks for the port with this MAC. True and its name in ret_name when it is there. */
bool network_find(const uint8_t mac[6], char ret_name[IFNAMSIZ]);

/* Starts the port, so that it looks for a link. 0 or -errno. */
int network_up(const char *name);

bool network_has_link(const char *name);

/* Starts every network card's ports. What fails is logged. */
void network_up_all(void);

/* The index-th of the cards' ports that have a link; false: there are fewer. */
bool network_linked(unsigned index, char ret_name[IFNAMSIZ], uint8_t ret_mac[6]);

/* Address, netmask, default route of the port, and the loopback. 0 or -errno. */
int network_configure(const char *name, const struct bootparams *params, struct error *err);

/* For the screen: ports found and their MACs, PCI ids of network cards and USB ids of devices
 * without a driver. Gives why the machine's port is not there: NO_NIC when an Ethernet card has no
 * driver, else NO_PORT. */
enum reason network_describe(char *out, size_t size);

#endif
