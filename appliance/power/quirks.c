/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/quirks.h"

#include <string.h>
#include <strings.h>

/*
 * The first row that fits. Sources: sushy and Ironic (OpenStack) in their drivers; bmclib
 * (Equinix); issues as named. Model "" fits every one.
 */
static const struct {
	const char *vendor, *model;
	struct quirks quirks;
} table[] = {
        /* Ironic: Supermicro resets the mode to Legacy when the device changes, and wants Enabled
         * with each Target; X11 and X12 call the virtual CD UsbCd (ARS-111GL-NHR does not); their
         * InsertMedia refuses Inserted and WriteProtected. */
        {"Supermicro", "ARS-111GL-NHR", {.full_boot = true, .bare_insert = true}},
        {"Supermicro", "", {.full_boot = true, .usb_cd = true, .bare_insert = true}},
        /* sushy: SD530 takes media by PATCH. */
        {"Lenovo", "SD530", {.patch_media = true}},
        /* DMTF Redfish-Tacklebox #144, Ironic: AMI's firmware keeps orders in its settings object,
         * with every field. */
        {"AMI", "", {.full_boot = true, .settings = true}},
        {"ASRockRack", "", {.full_boot = true, .settings = true}},
        {"NVIDIA", "DGX", {.full_boot = true, .settings = true}},
};

/* Vendors write themselves with and without "Inc." and the like. */
static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

void quirks_of(const char *vendor, const char *model, struct quirks *ret)
{
	*ret = (struct quirks){0};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (begins(vendor, table[i].vendor) &&
		        (!table[i].model[0] || strcasestr(model, table[i].model))) {
			*ret = table[i].quirks;
			return;
		}
}
