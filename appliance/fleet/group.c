/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/group.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {
#define X(name) #name,
        MACHINE_GROUPS(X)
#undef X
};

static bool needs_person(enum machine_state state, enum reason reason)
{
	const char *severity = reason_severity(reason);

	return state == STATE_attention || strcmp(severity, "fail") == 0 ||
	       strcmp(severity, "warn") == 0;
}

static bool waits_for_people(enum reason reason)
{
	return reason == REASON_WAITING_APPROVAL || reason == REASON_WAITING_SECOND_PERSON ||
	       reason == REASON_APPROVAL_EXPIRED;
}

enum machine_group machine_group(enum machine_state state, enum reason reason)
{
	if (state == STATE_ignored)
		return GROUP_ignored;
	if (state == STATE_held)
		return GROUP_held;
	if (needs_person(state, reason))
		return GROUP_action;
	switch (state) {
	case STATE_waiting:
		return waits_for_people(reason) ? GROUP_approval : GROUP_waiting;
	case STATE_returned:
		return GROUP_back;
	case STATE_repaired:
	case STATE_rebooting:
		return GROUP_restarting;
	case STATE_seen:
		return GROUP_new;
	default:
		return GROUP_running;
	}
}

const char *machine_group_name(enum machine_group group)
{
	return names[group];
}

int machine_group_parse(const char *name)
{
	for (int g = 0; g < GROUP_COUNT; g++)
		if (strcmp(name, names[g]) == 0)
			return g;
	return -EINVAL;
}
