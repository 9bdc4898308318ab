/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machine this is: SMBIOS strings as the kernel shows them, MAC addresses, firmware. */
#ifndef MACHINE_IDENTITY_H
#define MACHINE_IDENTITY_H

#include "netmend/limits.h"

#include <stdbool.h>
#include <stddef.h>

#define MAC_TEXT 18 /* "52:54:00:12:34:56" */

struct machine_identity {
	char uuid[NM_MAX_NAME]; /* "" for each string that is missing */
	char serial[NM_MAX_NAME];
	char asset[NM_MAX_NAME];
	char manufacturer[NM_MAX_NAME];
	char product[NM_MAX_NAME];
	bool uefi;
	size_t mac_count;
	char macs[NM_MAX_MACS][MAC_TEXT]; /* of the physical network cards; sorted */
};

/* Reads sys/class/dmi/id, sys/class/net and sys/firmware. Never fails: what is missing is empty. */
void machine_identity_read(const char *sys, struct machine_identity *ret);

#endif
