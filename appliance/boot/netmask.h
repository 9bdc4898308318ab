/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading where a machine is. */
#ifndef BOOT_NETMASK_H
#define BOOT_NETMASK_H

/* "255.255.255.0" to 24; -1 when it is no netmask. */
int netmask_prefix(const char *netmask);

#endif
