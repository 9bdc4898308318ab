/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A DHCP client for a machine that boots once: an address, no renewal. Used where the kernel
 * command line has none. */
#ifndef INIT_DHCP_H
#define INIT_DHCP_H

#include "initrd/init/dhcp_message.h"

/* Asks on the port, which is up and has a link, until then (ms since kernel start). 0; -ETIMEDOUT:
 * no server has given it an address; -errno of a socket. */
int dhcp_ask(const char *port, const uint8_t mac[6], uint64_t until, struct dhcp_answer *ret);

#endif
