/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/box_limits.h"

unsigned box_limits_take(struct box_limits *l, bool keys, const char *address, int64_t now)
{
	unsigned max = keys ? KEYS_PER_MINUTE : BOXES_PER_MINUTE;

	return rate_take(keys ? &l->keys : &l->decisions, address, max, now) ? 0 : max;
}
