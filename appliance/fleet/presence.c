/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/presence.h"
#include "appliance/fleet/change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int64_t presence_note(struct presence *all, size_t count, int64_t machine, int64_t now)
{
	struct presence *place = &all[0];

	for (size_t i = 0; i < count; i++) {
		if (all[i].machine == machine) {
			place = &all[i];
			break;
		}
		if (all[i].last < place->last)
			place = &all[i];
	}
	if (place->machine != machine || now - place->last > PRESENCE_GAP_MS)
		*place = (struct presence){.machine = machine, .since = now};
	place->last = now;
	return place->since;
}

/* Seen from since on, in this way (words with the address). Its result, and a network boot after
 * it, are what it was heard of last. */
static int present(struct fleet *f, const struct machine *m, int64_t since, const char *way)
{
	char how[120];
	int64_t from = since > m->last_seen ? since : m->last_seen, lasted = f->clock() - from;

	/* One that never told its result may hang in the fixer, whose kernel answers too. */
	if (!m->done || lasted < PRESENCE_MS)
		return 0;
	(void)snprintf(how, sizeof(how), "%s since %" PRId64 " minutes", way, lasted / 60000);
	return fleet_windows_by_id(f, m->id, how);
}

int fleet_neighbour(struct fleet *f, const char *mac, const char *ip, int64_t seconds)
{
	struct machine m;
	char way[64];
	int r = store_machine_by_mac(f->store, mac, &m);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!change_awaited(&m))
		return 0;
	(void)snprintf(way, sizeof(way), "answers ARP at %s", ip);
	return present(f, &m, f->clock() - seconds * 1000, way);
}

int fleet_refused(struct fleet *f, int64_t machine, const char *ip)
{
	struct machine m;
	char way[64];
	int r = store_machine_get(f->store, machine, &m);

	if (r < 0 || !change_awaited(&m))
		return r;
	if (!f->presences) {
		f->presences = calloc(PRESENCES_MAX, sizeof(*f->presences));
		if (!f->presences)
			return -ENOMEM;
	}
	(void)snprintf(way, sizeof(way), "refuses connections at %s", ip);
	return present(f, &m, presence_note(f->presences, PRESENCES_MAX, machine, f->clock()), way);
}
