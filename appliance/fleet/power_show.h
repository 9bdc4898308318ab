/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FLEET_POWER_SHOW_H
#define FLEET_POWER_SHOW_H

#include "appliance/store/power.h"

#include <jansson.h>

/* An order as the page and `netmend power orders` have it; name: its machine's. NULL without
 * memory. */
json_t *power_object(const struct store_power *p, const char *name);
/* The machine's latest order that a person or a campaign gave: what the appliance does by itself
 * behind it is listed, but hides nothing. -ENOENT. */
int power_latest(struct store *s, int64_t machine, struct store_power *ret);
/* "power" of a machine: its controller and that order with its steps. 0 or -errno. */
int power_show(struct store *s, int64_t machine, json_t **ret);

#endif
