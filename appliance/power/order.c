/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/drive.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const names[] = {
        [POWER_ORDER_STATUS] = "status",
        [POWER_ORDER_CHECK] = "check",
        [POWER_ORDER_BOOT] = "boot",
        [POWER_ORDER_MEDIA] = "media",
        [POWER_ORDER_EJECT] = "eject",
        [POWER_ORDER_ON] = "on",
        [POWER_ORDER_OFF] = "off",
        [POWER_ORDER_CYCLE] = "cycle",
};

#define COUNT (sizeof(names) / sizeof(names[0]))

const char *power_order_name(enum power_order order)
{
	return (size_t)order < COUNT ? names[order] : NULL;
}

int power_order_parse(const char *name, enum power_order *ret)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = (enum power_order)i;
			return 0;
		}
	}
	return -EINVAL;
}
