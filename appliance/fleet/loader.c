/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which boot program a machine's firmware gets, as a person says. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/operator.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {[MACHINE_LOADER_AUTO] = "auto",
        [MACHINE_LOADER_IPXE] = "ipxe",
        [MACHINE_LOADER_SHIM] = "shim"};

int fleet_loader_parse(const char *name)
{
	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

static int choose(
        struct store *s, const struct actor *by, int64_t machine, enum machine_loader loader)
{
	struct store_action action = {.actor = *by, .kind = "machine", .verb = "loader"};
	struct machine m;
	char text[NM_MAX_EVENT_TEXT + 1];
	int r = store_machine_get(s, machine, &m);

	if (r < 0)
		return r;
	action.at = fleet_clock();
	m.loader = loader;
	r = store_machine_save(s, &m);
	(void)snprintf(text, sizeof(text), "boots by %s%s%s%s",
	        loader == MACHINE_LOADER_AUTO ? "what the appliance gives all" : names[loader],
	        by->name[0] ? " (" : "", by->name, by->name[0] ? ")" : "");
	if (r == 0)
		r = change_note(s, &m, action.at, m.reason, "operator", text);
	fleet_machine_name(&m, action.object);
	(void)snprintf(action.text, sizeof(action.text), "%s", names[loader]);
	return r < 0 ? r : store_action_add(s, &action);
}

int fleet_choose_loader(
        struct store *s, const struct actor *by, int64_t machine, enum machine_loader loader)
{
	int r = store_begin(s, true);

	return r < 0 ? r : change_end(s, choose(s, by, machine, loader));
}
