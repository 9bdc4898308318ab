/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/power.h"

#include <stddef.h>
#include <string.h>

/* Each kind that this program is linked with. */
static const struct power_ops *const kinds[] = {
        &power_redfish,
        &power_ipmi,
        &power_amt,
        NULL,
};

const struct power_ops *power_kind(const char *type)
{
	for (size_t i = 0; kinds[i]; i++)
		if (strcmp(kinds[i]->type, type) == 0)
			return kinds[i];
	return NULL;
}
