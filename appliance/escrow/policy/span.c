/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/span.h"

#include <inttypes.h>
#include <stdio.h>

void span_text(int64_t ms, char ret[SPAN_TEXT])
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {
	        {INT64_C(86400000), "day"}, {3600000, "hour"}, {60000, "minute"}, {1000, "second"}};
	size_t u = 0;

	while (u + 1 < sizeof(units) / sizeof(units[0]) && ms < 2 * units[u].ms)
		u++;
	int64_t count = (ms + units[u].ms - 1) / units[u].ms;
	(void)snprintf(
	        ret, SPAN_TEXT, "%" PRId64 " %s%s", count, units[u].name, count == 1 ? "" : "s");
}
