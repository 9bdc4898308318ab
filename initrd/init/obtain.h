/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel command line leaves open when no boot script wrote it: port, address, appliance.
 */
#ifndef INIT_OBTAIN_H
#define INIT_OBTAIN_H

#include "fixer/base/bootparams.h"

#include <net/if.h>
#include <stdbool.h>

bool obtain_port_known(const struct bootparams *p);

/* The port is known and has a link: asks DHCP on it until there is an answer, if p has no address.
 * The port is not known: on each that has a link in turn. */
void obtain_address(struct bootparams *p, char port[IFNAMSIZ]);

/* The port has its address. Finds the appliance (seek.h) unless a boot script named it, and leaves
 * all that was found for the fixer. */
void obtain_appliance(struct bootparams *p);

#endif
