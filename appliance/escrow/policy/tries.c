/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/tries.h"
#include "appliance/escrow/policy/approvers.h"

#include <stdio.h>
#include <string.h>

static bool same(const struct tries_pair *p, const char *name, const char *from)
{
	return strcmp(p->name, name) == 0 && strcmp(p->from, from) == 0;
}

static void set(struct tries_pair *p, const char *name, const char *from)
{
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	(void)snprintf(p->from, sizeof(p->from), "%s", from);
}

bool tries_known(const struct tries *t, const char *name, const char *from)
{
	if (from[0] == '\0')
		return true; /* root, on the appliance itself */
	for (size_t i = 0; i < TRIES_KNOWN; i++)
		if (same(&t->known[i].who, name, from))
			return true;
	return false;
}

bool tries_allowed(const struct tries *t, const char *name, const char *from, int64_t time)
{
	bool known = tries_known(t, name, from);
	size_t of_name = 0, of_address = 0, all = 0;

	for (size_t i = t->count; i > 0 && all < TRIES_MAX; i--, all++) {
		size_t at = (i - 1) % TRIES_MAX;
		const struct tries_pair *who = &t->failed[at].who;
		if (time - t->failed[at].time >= TRIES_WINDOW)
			break;
		if (known) {
			of_name += same(who, name, from);
		} else {
			of_name += !t->failed[at].known && strcmp(who->name, name) == 0;
			of_address += strcmp(who->from, from) == 0;
		}
	}
	return (known || all < TRIES_MAX) && of_name < APPROVERS_NAME_TRIES &&
	       of_address < APPROVERS_ADDRESS_TRIES;
}

void tries_failed(struct tries *t, const char *name, const char *from, int64_t time)
{
	size_t at = t->count++ % TRIES_MAX;

	t->failed[at].known = tries_known(t, name, from);
	t->failed[at].time = time;
	set(&t->failed[at].who, name, from);
}

void tries_succeeded(struct tries *t, const char *name, const char *from, int64_t time)
{
	size_t unused = 0;

	if (from[0] == '\0')
		return;
	for (size_t i = 0; i < TRIES_KNOWN; i++) {
		if (same(&t->known[i].who, name, from)) {
			unused = i;
			break;
		}
		if (t->known[i].used < t->known[unused].used)
			unused = i;
	}
	set(&t->known[unused].who, name, from);
	t->known[unused].used = time;
}
