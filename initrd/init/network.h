/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The port the machine booted from, set up as the kernel command line says. No DHCP. */
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

/* Address, netmask, default route of the port, and the loopback. 0 or -errno. */
int network_configure(const char *name, const struct bootparams *params, struct error *err);

/* For the screen: ports found and their MACs, and PCI ids of network cards without a driver. */
void network_describe(char *out, size_t size);

#endif
