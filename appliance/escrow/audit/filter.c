/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/report.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

int filter_since(const char *text, int64_t now_ms, int64_t *ret)
{
	char whole[ISO8601_TEXT], unit, extra;
	int64_t seconds;
	unsigned count;

	if (sscanf(text, "%8u%c%c", &count, &unit, &extra) == 2 && unit_seconds(unit) > 0) {
		*ret = now_ms - (int64_t)count * unit_seconds(unit) * 1000;
		return 0;
	}
	if (snprintf(whole, sizeof(whole), "%s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "") >=
	                (int)sizeof(whole) ||
	        iso8601_parse(whole, &seconds) < 0)
		return -EINVAL;
	*ret = seconds * 1000;
	return 0;
}

bool filter_fits(const struct filter *f, const struct audit_record *r)
{
	static const char *const names[] = {"machine", "uuid", "serial", "mac", "ip"};
	bool fits = !f->machine;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !fits; i++)
		fits = strcasecmp(audit_text(r, names[i]), f->machine) == 0;
	return fits && r->at >= f->since;
}
