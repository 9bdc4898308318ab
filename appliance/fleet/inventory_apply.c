/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/inventory_apply.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/identify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ADDED "in the inventory"

static int tell_conflict(struct inventory_run *run, const struct inventory_row *row,
        const char *text, const int64_t *machines, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_integer(machines[i]));
	return json_array_append_new(run->report->conflicts,
	               json_pack("{s:I, s:s, s:o}", "line", (json_int_t)row->line, "text", text,
	                       "machines", list)) < 0
	               ? -ENOMEM
	               : 0;
}

#define KEEP(column, field)                                                \
	do {                                                               \
		if (!inventory_reader_has(run->reader, column))            \
			memcpy(to->field, from->field, sizeof(to->field)); \
	} while (0)

/* Columns the file does not have stay as they were. */
static void keep_other_columns(const struct inventory_run *run, const struct inventory_line *from,
        struct inventory_line *to)
{
	KEEP(INVENTORY_NAME, name);
	KEEP(INVENTORY_SERIAL, serial);
	KEEP(INVENTORY_UUID, uuid);
	KEEP(INVENTORY_MACS, macs);
	KEEP(INVENTORY_SITE, site);
	KEEP(INVENTORY_FLOOR, floor);
	KEEP(INVENTORY_OWNER, owner);
	KEEP(INVENTORY_RING, ring);
	KEEP(INVENTORY_BMC, bmc);
	KEEP(INVENTORY_RACK, rack);
	KEEP(INVENTORY_FEED, feed);
	if (!inventory_reader_has(run->reader, INVENTORY_ORDER))
		to->rank = from->rank;
}

static bool same_line(const struct inventory_line *a, const struct inventory_line *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->serial, b->serial) == 0 &&
	       strcmp(a->uuid, b->uuid) == 0 && strcmp(a->macs, b->macs) == 0 &&
	       strcmp(a->site, b->site) == 0 && strcmp(a->floor, b->floor) == 0 &&
	       strcmp(a->owner, b->owner) == 0 && strcmp(a->ring, b->ring) == 0 &&
	       strcmp(a->bmc, b->bmc) == 0 && a->rank == b->rank && strcmp(a->rack, b->rack) == 0 &&
	       strcmp(a->feed, b->feed) == 0;
}

/* MACs nobody has are the machine's; who is known by one of them alone is the machine. */
static int give_macs(
        struct inventory_run *run, const struct inventory_line *line, struct machine *m)
{
	const char *at = line->macs;
	char mac[MAC_TEXT];
	struct machine owner;

	while (inventory_mac_next(&at, mac)) {
		int r = store_machine_by_mac(run->s, mac, &owner);
		bool free = r == -ENOENT;
		if (free)
			r = store_mac_move(run->s, mac, m->id);
		else if (r == 0 && owner.id != m->id && !owner.listed && !owner.uuid[0] &&
		         !owner.serial[0])
			r = identify_merge(run->s, &owner, m, run->now);
		if (r < 0)
			return r;
		if (free && !m->mac[0])
			memcpy(m->mac, mac, MAC_TEXT);
	}
	return 0;
}

static int write_line(
        struct inventory_run *run, const struct inventory_line *line, struct machine *m, bool fresh)
{
	char mac[MAC_TEXT];
	bool renamed = line->name[0] && strcmp(line->name, m->name) != 0;
	int r = store_inventory_set(run->s, line);

	memcpy(mac, m->mac, sizeof(mac));
	if (renamed)
		memcpy(m->name, line->name, sizeof(m->name));
	m->listed = true;
	memcpy(m->listed_serial, line->serial, sizeof(m->listed_serial));
	memcpy(m->listed_uuid, line->uuid, sizeof(m->listed_uuid));
	if (r == 0)
		r = give_macs(run, line, m);
	if (r == 0 && (renamed || strcmp(mac, m->mac) != 0))
		r = store_machine_save(run->s, m);
	if (r == 0)
		r = change_note(run->s, m, run->now, m->reason, "inventory",
		        fresh ? ADDED : "its inventory line has changed");
	return r < 0 ? r : identify_conflict(run->s, m, run->now);
}

/* The machine of the line is known; what is there of it already decides what is to be done. */
static int apply_to_known(
        struct inventory_run *run, const struct inventory_row *row, struct machine *m)
{
	struct inventory_line before, line = row->entry;
	bool listed = m->listed;
	int r = listed ? store_inventory_get(run->s, m->id, &before) : 0;

	if (r < 0)
		return r;
	line.machine = m->id;
	line.imported = run->now;
	if (listed)
		keep_other_columns(run, &before, &line);
	unsigned long earlier = inventory_taken_by(&run->taken, m->id);
	if (listed && same_line(&before, &line)) {
		run->report->same++;
		return earlier ? 0 : inventory_take(&run->taken, m->id, row->line);
	}
	if (earlier) {
		char text[80];
		(void)snprintf(text, sizeof(text), "line %lu is of the same machine", earlier);
		return tell_conflict(run, row, text, &m->id, 1);
	}
	r = write_line(run, &line, m, !listed);
	if (r < 0)
		return r;
	run->report->added += !listed;
	run->report->changed += listed;
	return inventory_take(&run->taken, m->id, row->line);
}

/* Nobody knows anything of it: most lines of a first import are like that. */
static int apply_to_nobody(struct inventory_run *run, const struct inventory_row *row)
{
	struct inventory_line line = row->entry;
	int64_t id;

	line.imported = run->now;
	int r = store_machine_make_listed(run->s, &line, &id);
	if (r < 0)
		return r;
	if (!run->made)
		run->made = id;
	run->report->added++;
	return inventory_take(&run->taken, id, row->line);
}

int inventory_apply(struct inventory_run *run, const struct inventory_row *row)
{
	struct inventory_match match;
	int64_t id = 0;
	int r = inventory_match(run->s, row, &run->taken, &match);

	if (r == -EEXIST)
		return tell_conflict(run, row,
		        "serial, UUID and MAC belong to several machines: which one is it?",
		        match.also, match.also_count);
	if (r < 0)
		return r;
	if (match.machine.id)
		return apply_to_known(run, row, &match.machine);
	if (!match.owned)
		return apply_to_nobody(run, row);
	r = store_machine_make(run->s, &id);
	if (r == 0)
		r = store_machine_get(run->s, id, &match.machine);
	return r < 0 ? r : apply_to_known(run, row, &match.machine);
}

int inventory_applied(struct inventory_run *run)
{
	struct store_event event = {.at = run->now,
	        .reason = REASON_OK,
	        .step = "inventory",
	        .text = ADDED,
	        .numbers = "{}"};
	int64_t from = run->made;

	run->made = 0;
	return from ? store_machines_made(run->s, from, &event) : 0;
}
