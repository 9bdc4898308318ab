/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/range.h"

#include <stdbool.h>
#include <string.h>

/* Digits only; false without any or over 2^63. */
static bool number(const char **p, uint64_t *ret)
{
	uint64_t n = 0;
	const char *start = *p;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (n > (UINT64_MAX >> 1) / 10 - 9)
			return false;
		n = n * 10 + (uint64_t)(**p - '0');
	}
	*ret = n;
	return *p != start;
}

enum range_result range_parse(
        const char *header, uint64_t size, uint64_t *ret_first, uint64_t *ret_length)
{
	uint64_t first, last = UINT64_MAX;

	if (!header || strncmp(header, "bytes=", 6) != 0)
		return RANGE_WHOLE;
	const char *p = header + 6;
	if (*p == '-') {
		/* The last N bytes. */
		uint64_t tail;
		p++;
		if (!number(&p, &tail) || *p)
			return RANGE_WHOLE;
		if (tail == 0 || size == 0)
			return RANGE_OUTSIDE;
		first = tail < size ? size - tail : 0;
	} else {
		if (!number(&p, &first) || *p++ != '-')
			return RANGE_WHOLE;
		if (*p && (!number(&p, &last) || *p || last < first))
			return RANGE_WHOLE;
		if (first >= size)
			return RANGE_OUTSIDE;
	}
	*ret_first = first;
	*ret_length = (last < size ? last + 1 : size) - first;
	return RANGE_PART;
}
