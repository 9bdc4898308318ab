/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what a machine says it is. */
#ifndef BOOT_IDENTITY_H
#define BOOT_IDENTITY_H

#include "appliance/store/machine.h"

/* SMBIOS UUID as text to upper case; "" for anything malformed and for the all-zero and all-ones
 * values of boards without one. */
void identity_uuid(const char *text, char ret[UUID_TEXT]);

/* An SMBIOS string: cleaned, trimmed, cut; "" for the fillers vendors leave in. */
void identity_string(const char *text, char ret[NM_MAX_NAME + 1]);

/* "255.255.255.0" to 24; -1 when it is no netmask. */
int identity_prefix(const char *netmask);

#endif
