/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What Redfish controllers of single vendors want otherwise. None of it was seen on real hardware:
 * each row has where it is from.
 */
#ifndef POWER_QUIRKS_H
#define POWER_QUIRKS_H

#include <stdbool.h>

struct quirks {
	bool full_boot;   /* every boot order has target, enabled and mode */
	bool none_target; /* an override is taken back with target None, too */
	bool settings;    /* boot orders go to @Redfish.Settings, where there is one */
	bool usb_cd;      /* virtual media are "UsbCd" */
	bool bare_insert; /* InsertMedia has the image alone */
	bool patch_media; /* media by PATCH of the member, not by an action */
};

/* vendor: ServiceRoot.Vendor, or the system's Manufacturer; model: of the manager or the system.
 * Either may be "". */
void quirks_of(const char *vendor, const char *model, struct quirks *ret);

#endif
