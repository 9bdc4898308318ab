/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/identify.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/identity.h"
#include "appliance/store/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Machines that may be meant; a serial or UUID that more of them share says nothing. */
#define ALIKE_MAX 16

struct candidates {
	int64_t ids[2 * ALIKE_MAX + 1];
	size_t count;
	int64_t owner; /* whose the MAC is; 0: nobody's */
};

static void take(char *dst, size_t size, const char *src)
{
	if (src[0])
		(void)snprintf(dst, size, "%s", src);
}

void identify_take(struct machine *m, const struct fleet_identity *identity)
{
	take(m->uuid, sizeof(m->uuid), identity->uuid);
	take(m->serial, sizeof(m->serial), identity->serial);
	take(m->asset, sizeof(m->asset), identity->asset);
	take(m->manufacturer, sizeof(m->manufacturer), identity->manufacturer);
	take(m->product, sizeof(m->product), identity->product);
}

/* Known by its MAC alone. */
static bool is_nameless(const struct machine *m)
{
	return !m->uuid[0] && !m->serial[0] && !m->listed;
}

static void candidate_add(struct candidates *c, int64_t id)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->ids[i] == id)
			return;
	c->ids[c->count++] = id;
}

static int find_candidates(
        struct store *s, const struct fleet_identity *identity, struct candidates *ret)
{
	struct machine owner;
	char upper[NM_MAX_NAME + 1], swapped[UUID_TEXT];
	int64_t more[ALIKE_MAX];
	size_t count = 0;

	*ret = (struct candidates){0};
	(void)snprintf(upper, sizeof(upper), "%s", identity->serial);
	identity_upper(upper);
	identity_uuid_swapped(identity->uuid, swapped);
	int r = store_machines_of_serial(
	        s, identity->serial, upper, ret->ids, ALIKE_MAX, &ret->count);
	if (r == 0)
		r = store_machines_of_uuid(s, identity->uuid, swapped, more, ALIKE_MAX, &count);
	/* What so many share says nothing. */
	for (size_t i = 0; r == 0 && count < ALIKE_MAX && i < count; i++)
		candidate_add(ret, more[i]);
	if (r < 0)
		return r;
	r = identity->mac[0] ? store_machine_by_mac(s, identity->mac, &owner) : -ENOENT;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	ret->owner = owner.id;
	candidate_add(ret, owner.id);
	return 0;
}

static enum identity_fit fit_of(
        const struct fleet_identity *identity, const struct machine *m, bool mac)
{
	const struct identity asked = {identity->uuid, identity->serial};
	const struct identity shown = {m->uuid, m->serial};
	const struct identity listed = {m->listed_uuid, m->listed_serial};

	return identity_fit(&asked, &shown, &listed, mac);
}

/* The best one; of several that fit as well the one with the MAC, else none: what they share says
 * nothing of who it is. Two that fit wholly are one machine of an earlier release: the first. */
static int choose(struct store *s, const struct fleet_identity *identity,
        const struct candidates *c, struct machine *ret)
{
	enum identity_fit best = FIT_NONE;
	bool tie = false, best_has_mac = false;
	struct machine m;

	for (size_t i = 0; i < c->count; i++) {
		int r = store_machine_get(s, c->ids[i], &m);
		if (r < 0)
			return r;
		bool mac = m.id == c->owner;
		enum identity_fit fit = fit_of(identity, &m, mac);
		if (fit == FIT_NONE || fit < best || (fit == best && best_has_mac))
			continue;
		tie = fit == best && !mac && fit != FIT_BOTH;
		if (fit == best && !mac)
			continue;
		best = fit;
		best_has_mac = mac;
		*ret = m;
	}
	return best == FIT_NONE || tie ? -ENOENT : 0;
}

static int make(struct fleet *f, struct machine *ret)
{
	int64_t id, count;
	int r = store_machine_count_unlisted(f->store, &count);

	if (r == 0 && count >= FLEET_MACHINES_MAX)
		r = -ENOSPC;
	if (r == 0)
		r = store_machine_make(f->store, &id);
	return r < 0 ? r : store_machine_get(f->store, id, ret);
}

/* ---- conflicts ---- */

static int conflict_set(struct store *s, struct machine *m, int64_t now, const char *text)
{
	if (strcmp(text, m->conflict) == 0)
		return 0;
	int r = store_inventory_conflict(s, m->id, text);
	if (r < 0)
		return r;
	(void)snprintf(m->conflict, sizeof(m->conflict), "%s", text);
	if (text[0])
		return change_note(s, m, now, REASON_INVENTORY_CONFLICT, "inventory", text);
	return change_note(s, m, now, m->reason, "inventory", "fits its inventory line again");
}

int identify_conflict(struct store *s, struct machine *m, int64_t now)
{
	char text[sizeof(m->conflict)];

	if (!m->listed)
		return 0;
	identity_conflict(m, text);
	return conflict_set(s, m, now, text);
}

/* Its line says that the MAC is its own, nobody has seen it, and another one came with it. */
static int conflict_of_mac(struct store *s, struct machine *owner, const struct machine *other,
        const char *mac, int64_t now)
{
	char text[sizeof(owner->conflict)];

	if (!owner->listed || owner->serial[0] || owner->uuid[0])
		return 0;
	(void)snprintf(text, sizeof(text), "its MAC %s came with another machine, number %lld", mac,
	        (long long)other->id);
	return conflict_set(s, owner, now, text);
}

/* ---- lines ---- */

/* A line that was taken for another machine's, and fits this one: by its serial, which that one
 * contradicts. */
static int line_reclaim(struct store *s, const struct candidates *c,
        const struct fleet_identity *identity, struct machine *m, int64_t now)
{
	struct machine other;

	for (size_t i = 0; !m->listed && i < c->count; i++) {
		int r = store_machine_get(s, c->ids[i], &other);
		if (r == -ENOENT || other.id == m->id)
			continue;
		if (r < 0)
			return r;
		if (!other.listed || !other.conflict[0] || !identity->serial[0] ||
		        strcasecmp(other.listed_serial, identity->serial) != 0)
			continue;
		r = store_inventory_move(s, other.id, m->id);
		if (r == 0)
			r = store_inventory_conflict(s, m->id, "");
		if (r == 0)
			r = change_note(s, &other, now, other.reason, "inventory",
			        "its inventory line is that of another machine");
		return r < 0 ? r : store_machine_get(s, m->id, m);
	}
	return 0;
}

/* ---- two that are one ---- */

/* What the one that was at work last says counts for both. */
static void merge_fields(const struct machine *from, struct machine *into)
{
	if (from->last_seen > into->last_seen || into->first_seen == 0) {
		into->state = from->state;
		into->reason = from->reason;
		into->silent_state = from->silent_state;
		into->silent_reason = from->silent_reason;
		into->since = from->since;
		into->last_seen = from->last_seen;
		memcpy(into->text, from->text, sizeof(into->text));
		memcpy(into->pairing, from->pairing, sizeof(into->pairing));
		memcpy(into->appliance, from->appliance, sizeof(into->appliance));
		take(into->ip, sizeof(into->ip), from->ip);
		take(into->mac, sizeof(into->mac), from->mac);
	}
	if (from->first_seen && (!into->first_seen || from->first_seen < into->first_seen))
		into->first_seen = from->first_seen;
	if (from->attempt > into->attempt)
		into->attempt = from->attempt;
	if (from->guard_from > into->guard_from)
		into->guard_from = from->guard_from;
	if (!into->name[0])
		memcpy(into->name, from->name, sizeof(into->name));
	into->in_scope |= from->in_scope;
	into->held |= from->held;
	into->done |= from->done;
	if (into->loader == MACHINE_LOADER_AUTO)
		into->loader = from->loader;
	if (from->asked > into->asked) {
		into->asked = from->asked;
		into->given = from->given;
		into->flipped = from->flipped;
		into->flips = from->flips;
	}
	if (from->started > into->started)
		into->started = from->started;
	if (!into->campaign) {
		into->campaign = from->campaign;
		into->wave = from->wave;
		into->open = from->open;
	}
}

int identify_merge(struct store *s, const struct machine *from, struct machine *into, int64_t now)
{
	char text[96];

	(void)snprintf(text, sizeof(text), "is what was machine number %lld (%s)",
	        (long long)from->id, from->mac);
	merge_fields(from, into);
	int r = store_machine_merge(s, from->id, into->id);
	if (r == 0)
		r = store_machine_save(s, into);
	return r < 0 ? r : change_note(s, into, now, into->reason, "inventory", text);
}

/* The MAC it came with is its own from now on: who is known by nothing else is this one; whoever is
 * somebody else has lost a dock or an adapter. */
static int mac_take(struct fleet *f, const struct candidates *c, const char *mac, struct machine *m,
        int64_t now)
{
	struct machine owner;

	if (!mac[0] || c->owner == m->id)
		return 0;
	f->answers_stale = true;
	if (!c->owner)
		return store_mac_move(f->store, mac, m->id);
	int r = store_machine_get(f->store, c->owner, &owner);
	if (r < 0)
		return r;
	if (is_nameless(&owner))
		return identify_merge(f->store, &owner, m, now);
	r = conflict_of_mac(f->store, &owner, m, mac, now);
	/* Its address has gone with the adapter: whoever answers there is somebody else. */
	if (r == 0 && strcmp(owner.mac, mac) == 0 && owner.ip[0]) {
		owner.ip[0] = 0;
		r = store_machine_save(f->store, &owner);
	}
	return r < 0 ? r : store_mac_move(f->store, mac, m->id);
}

int identify(struct fleet *f, const struct fleet_identity *identity, struct machine *ret)
{
	struct candidates c;
	struct machine m;
	int64_t now = f->clock();

	int r = find_candidates(f->store, identity, &c);
	if (r == 0)
		r = choose(f->store, identity, &c, &m);
	if (r == -ENOENT)
		r = make(f, &m);
	if (r == 0)
		r = mac_take(f, &c, identity->mac, &m, now);
	if (r == 0)
		r = line_reclaim(f->store, &c, identity, &m, now);
	if (r == 0)
		*ret = m;
	return r;
}

int identify_asking(
        struct fleet *f, const char *mac, const char *uuid, struct machine *ret, bool *ret_new)
{
	struct fleet_identity asking = {0};
	struct candidates c = {0};
	char swapped[UUID_TEXT];
	struct machine owner;

	int r = store_machine_by_mac(f->store, mac, &owner);
	if (r < 0 && r != -ENOENT)
		return r;
	bool owned = r == 0;
	identity_uuid(uuid, asking.uuid);
	(void)snprintf(asking.mac, sizeof(asking.mac), "%s", mac);
	identity_uuid_swapped(asking.uuid, swapped);
	r = store_machines_of_uuid(f->store, asking.uuid, swapped, c.ids, ALIKE_MAX, &c.count);
	if (r < 0)
		return r;
	bool known = c.count == 1 && (!owned || c.ids[0] != owner.id);
	bool stranger = c.count == 0 && asking.uuid[0] && owned && !fleet_answers(f, &owner) &&
	                (owner.uuid[0] || owner.listed_uuid[0]);
	*ret_new = stranger;
	if (known || stranger)
		r = identify(f, &asking, ret);
	else if (owned)
		*ret = owner;
	else
		r = -ENOENT;
	if (r == 0 && stranger)
		identify_take(ret, &asking);
	return r;
}

/* The boot was another machine's than its MAC said: that one has the token. */
static int token_hand_over(struct fleet *f, const char *token, const struct machine *from,
        struct machine *to, int64_t now)
{
	struct machine before = *from;

	int r = store_token_move(f->store, token, to->id);
	if (r == 0)
		r = change_state(f->store, &before, now, STATE_seen, REASON_OK, "inventory",
		        "that boot was another machine's, with the same network card");
	if (r < 0)
		return r;
	take(to->mac, sizeof(to->mac), from->mac);
	take(to->ip, sizeof(to->ip), from->ip);
	if (to->first_seen == 0)
		to->first_seen = now;
	to->attempt++;
	return 0;
}

int identify_session(struct fleet *f, const char *token, const struct fleet_identity *identity,
        struct machine *m)
{
	struct candidates c;
	struct machine other, before = *m;
	int64_t now = f->clock();

	/* That it came with this MAC is what the token says. */
	enum identity_fit fit = fit_of(identity, m, true);
	if (fit >= FIT_UUID || (!identity->uuid[0] && !identity->serial[0]))
		return 0;
	int r = find_candidates(f->store, identity, &c);
	c.owner = m->id;
	if (r == 0)
		r = choose(f->store, identity, &c, &other);
	if (r == -ENOENT && fit != FIT_NONE)
		return 0; /* nobody else: it tells for the first time who it is */
	if (r == -ENOENT)
		r = make(f, &other);
	if (r < 0 || other.id == m->id)
		return r;
	if (!is_nameless(&before))
		r = token_hand_over(f, token, &before, &other, now);
	if (r == 0)
		r = mac_take(f, &c, before.mac, &other, now);
	if (r == 0)
		*m = other;
	return r;
}
