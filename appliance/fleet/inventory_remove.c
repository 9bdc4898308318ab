/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/inventory.h"
#include "fixer/base/text.h"

static int record(
        struct store *s, const struct actor *by, int64_t now, const struct inventory_line *line)
{
	struct store_action action = {
	        .at = now, .actor = *by, .verb = "remove", .kind = "inventory"};

	text_clean(action.object, sizeof(action.object),
	        line->name[0]     ? line->name
	        : line->serial[0] ? line->serial
	                          : line->macs);
	return store_action_add(s, &action);
}

/* Only ever a line: nobody has seen it, decided about it or planned with it. */
static bool only_listed(const struct machine *m)
{
	return m->first_seen == 0 && m->attempt == 0 && !m->in_scope && !m->held && !m->done &&
	       m->campaign == 0;
}

static int remove_line(struct store *s, const struct actor *by, int64_t machine)
{
	struct inventory_line line;
	struct machine m;
	int64_t now = fleet_clock();
	int r = store_inventory_get(s, machine, &line);

	if (r == 0)
		r = store_machine_get(s, machine, &m);
	if (r == 0)
		r = store_inventory_remove(s, machine);
	if (r == 0)
		r = only_listed(&m) ? store_machine_delete(s, machine)
		                    : change_note(s, &m, now, m.reason, "inventory",
		                              "taken out of the inventory");
	return r < 0 ? r : record(s, by, now, &line);
}

int inventory_remove(struct store *s, const struct actor *by, int64_t machine)
{
	int r = store_begin(s, true);

	return r < 0 ? r : change_end(s, remove_line(s, by, machine));
}
