/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netmend/reason.h"

#include <stddef.h>
#include <string.h>

struct reason_row {
	const char *code, *severity, *actor, *title, *advice;
};

static const struct reason_row rows[REASON_COUNT] = {
#define REASON(c, s, a, t, adv) [REASON_##c] = {#c, #s, #a, t, adv},
#include "netmend/reason.def"
#undef REASON
};

static const struct reason_row *row_of(enum reason r)
{
	return &rows[(unsigned)r < REASON_COUNT ? r : REASON_INTERNAL];
}

const char *reason_code(enum reason r)
{
	return row_of(r)->code;
}

const char *reason_severity(enum reason r)
{
	return row_of(r)->severity;
}

const char *reason_actor(enum reason r)
{
	return row_of(r)->actor;
}

const char *reason_title(enum reason r)
{
	return row_of(r)->title;
}

const char *reason_advice(enum reason r)
{
	return row_of(r)->advice;
}

int reason_parse(const char *code)
{
	for (size_t i = 0; code && i < REASON_COUNT; i++)
		if (strcmp(rows[i].code, code) == 0)
			return (int)i;
	return -1;
}
