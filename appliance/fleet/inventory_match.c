/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/inventory_match.h"
#include "appliance/fleet/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

unsigned long inventory_taken_by(const struct inventory_taken *taken, int64_t machine)
{
	return (uint64_t)machine < taken->count ? taken->line[machine] : 0;
}

int inventory_take(struct inventory_taken *taken, int64_t machine, unsigned long line)
{
	if ((uint64_t)machine >= taken->count) {
		size_t count = 2 * (size_t)machine + 1024;
		unsigned long *grown = reallocarray(taken->line, count, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memset(grown + taken->count, 0, (count - taken->count) * sizeof(*grown));
		taken->line = grown;
		taken->count = count;
	}
	taken->line[machine] = line;
	return 0;
}

static int add_owners(struct store *s, const char *macs, struct inventory_alike *alike)
{
	char mac[MAC_TEXT];
	int64_t owner;
	size_t at;

	while (inventory_mac_next(&macs, mac)) {
		int r = store_mac_owner(s, mac, &owner);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		for (at = 0; at < alike->count && alike->ids[at] != owner; at++)
			;
		if (at == MATCH_MAX)
			return -EEXIST;
		alike->ids[at] = owner;
		alike->mac[at] = true;
		alike->count += at == alike->count;
		alike->owned = true;
	}
	return 0;
}

/* What the machine showed and what its line said so far may both be wrong: the better fit counts.
 */
static enum identity_fit fit_of(const struct inventory_row *row, const struct machine *m, bool mac)
{
	const struct identity asked = {row->entry.uuid, row->entry.serial}, nothing = {"", ""};
	const struct identity shown = {m->uuid, m->serial};
	const struct identity listed = {m->listed_uuid, m->listed_serial};
	enum identity_fit by_shown = identity_fit(&asked, &nothing, &shown, mac && !m->listed);
	enum identity_fit by_listed =
	        m->listed ? identity_fit(&asked, &nothing, &listed, mac) : FIT_NONE;
	enum identity_fit fit = by_shown > by_listed ? by_shown : by_listed;

	/* Whole batches share a UUID: one that showed another serial is another one of them. */
	return fit == FIT_UUID && asked.serial[0] && m->serial[0] ? FIT_NONE : fit;
}

/* It may be this machine, if it is no other: the UUID is the same, the serial listed differently.
 */
static bool is_weak(enum identity_fit fit, const struct inventory_row *row, const struct machine *m)
{
	return fit == FIT_UUID && row->entry.serial[0] && m->listed_serial[0];
}

int inventory_alike(struct store *s, const struct inventory_row *row, struct inventory_alike *alike)
{
	const struct inventory_line *e = &row->entry;
	char swapped[UUID_TEXT];
	int64_t more[MATCH_MAX];
	size_t count = 0;

	*alike = (struct inventory_alike){0};
	identity_uuid_swapped(e->uuid, swapped);
	int r = store_machines_of_serial(
	        s, row->serial_typed, e->serial, alike->ids, MATCH_MAX / 2, &alike->count);
	if (r == 0)
		r = store_machines_of_uuid(s, e->uuid, swapped, more, MATCH_MAX / 2, &count);
	/* A UUID of so many says nothing. */
	for (size_t i = 0; r == 0 && count < MATCH_MAX / 2 && i < count; i++) {
		size_t at = 0;
		while (at < alike->count && alike->ids[at] != more[i])
			at++;
		alike->ids[at] = more[i];
		alike->count += at == alike->count;
	}
	return r < 0 ? r : add_owners(s, e->macs, alike);
}

int inventory_match(struct store *s, const struct inventory_row *row,
        const struct inventory_taken *taken, struct inventory_match *ret)
{
	bool named = row->entry.serial[0] || row->entry.uuid[0], weak = false;
	enum identity_fit best = FIT_NONE;
	struct inventory_alike alike;
	struct machine m;

	*ret = (struct inventory_match){0};
	int r = inventory_alike(s, row, &alike);
	for (size_t i = 0; r == 0 && i < alike.count; i++) {
		r = store_machine_get(s, alike.ids[i], &m);
		if (r < 0)
			break;
		enum identity_fit fit = fit_of(row, &m, alike.mac[i]);
		/* A MAC or a UUID that another line of the file has, too, is a dock's or a batch's.
		 */
		if (inventory_taken_by(taken, m.id) &&
		        ((fit == FIT_MAC && named) || is_weak(fit, row, &m)))
			continue;
		if (fit == FIT_NONE || (fit == FIT_MAC && best > FIT_MAC) ||
		        (best == FIT_BOTH && fit != FIT_BOTH))
			continue;
		/* Serial and UUID of two machines, though: it cannot be both. */
		if ((best == FIT_MAC && fit > FIT_MAC) || (fit == FIT_BOTH && best != FIT_BOTH))
			ret->also_count = 0;
		ret->also[ret->also_count++] = m.id;
		ret->machine = m;
		best = fit > best ? fit : best;
		weak = best == FIT_UUID && is_weak(fit, row, &m);
	}
	if (r < 0)
		return r;
	if (ret->also_count > 1 && weak)
		ret->also_count = 0;
	if (ret->also_count > 1)
		return -EEXIST;
	ret->owned = alike.owned;
	if (ret->also_count == 0)
		ret->machine.id = 0;
	return 0;
}
