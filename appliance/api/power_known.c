/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machines have a controller: all of them are asked for, some at a time, when escrow's
 * records have changed, when there are new machines, and every minute, as those there are learn who
 * they are. */
#include "appliance/api/power.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE    128
#define EVERY_MS 60000

struct power_known {
	struct fleet *fleet;
	struct escrow_client *escrow;
	int64_t revision; /* of the last round; 0: none yet */
	int64_t round;    /* when it began */
	bool asking;      /* a slice is on its way */
	bool failed;      /* that was told */
	int64_t after;    /* machines up to this one are done in this round; -1: no round */
	int64_t newest;   /* the highest machine that was ever asked for */
	int64_t machines[SLICE];
	size_t count;
};

/* Said once, until it has succeeded again: the store may be away for long. */
static void tell_failure(struct power_known *k, int r)
{
	if (r < 0 && !k->failed)
		log_error("which machines have a controller: %s", strerror(-r));
	k->failed = r < 0;
}

struct power_known *power_known_new(struct fleet *fleet, struct escrow_client *escrow)
{
	struct power_known *k = calloc(1, sizeof(*k));

	if (k)
		*k = (struct power_known){
		        .fleet = fleet, .escrow = escrow, .revision = -1, .after = -1};
	return k;
}

void power_known_free(struct power_known *k)
{
	free(k);
}

struct four {
	char (*macs)[MAC_TEXT];
	size_t count;
};

static int mac_each(const char *mac, const struct machine *m, void *context)
{
	struct four *four = context;

	(void)m;
	if (four->count == 4)
		return 1;
	(void)snprintf(four->macs[four->count++], MAC_TEXT, "%s", mac);
	return 0;
}

int web_power_macs(struct store *s, int64_t machine, char ret[4][MAC_TEXT])
{
	struct four four = {.macs = ret};

	memset(ret, 0, 4 * MAC_TEXT);
	int r = store_macs(s, machine, mac_each, &four);
	return r < 0 ? r : 0;
}

struct slice_of {
	struct machine *machines;
	size_t count;
};

static int machine_each(const struct machine *m, void *context)
{
	struct slice_of *to = context;

	to->machines[to->count++] = *m;
	return 0;
}

/* What of the slice has a record: asked of escrow. Its end ends the round. */
static int ask_slice(struct power_known *k)
{
	struct slice_of slice = {.machines = calloc(SLICE, sizeof(struct machine))};
	json_t *list = json_array();
	int r = slice.machines && list ? store_machines_from(k->fleet->store, k->after, SLICE,
	                                         machine_each, &slice)
	                               : -ENOMEM;

	k->count = 0;
	for (size_t i = 0; r == 0 && i < slice.count; i++) {
		char macs[4][MAC_TEXT];
		r = web_power_macs(k->fleet->store, slice.machines[i].id, macs);
		k->machines[k->count++] = slice.machines[i].id;
		if (r == 0 && json_array_append_new(
		                      list, escrow_power_machine(&slice.machines[i], macs)) < 0)
			r = -ENOMEM;
	}
	free(slice.machines);
	if (r == 0 && k->count == 0) {
		k->after = -1;
		json_decref(list);
		return 0;
	}
	if (r < 0) {
		json_decref(list);
		return r;
	}
	r = escrow_client_bmcs_known(k->escrow, list);
	k->asking = r == 0;
	return r;
}

static int any_each(const struct machine *m, void *context)
{
	(void)m;
	(void)context;
	return 1;
}

/* Who was added a moment ago is to be switched a moment later. */
static bool has_newer(const struct power_known *k)
{
	return store_machines_from(k->fleet->store, k->newest, 1, any_each, NULL) == 1;
}

void power_known_tick(struct power_known *k, int64_t now)
{
	struct escrow_figures figures = escrow_client_figures(k->escrow);
	json_t *ok = json_object_get(escrow_client_status(k->escrow), "ok");

	if (!json_is_true(ok) || k->asking)
		return;
	if (k->after < 0) {
		bool due = figures.bmc_revision != k->revision ||
		           (figures.bmcs > 0 && (now - k->round >= EVERY_MS || has_newer(k)));
		if (!due)
			return;
		k->revision = figures.bmc_revision;
		k->round = now;
		k->after = 0;
	}
	int r = ask_slice(k);
	tell_failure(k, r == -EAGAIN || r == -ENOTCONN ? 0 : r);
}

/* ---- what escrow says ---- */

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static json_t *find(json_t *known, int64_t machine)
{
	json_t *one;
	size_t i;

	json_array_foreach(known, i, one)
	{
		if (json_integer_value(json_object_get(one, "id")) == machine)
			return one;
	}
	return NULL;
}

/* What we knew of one machine against what is so now. */
static int bring_up(struct power_known *k, int64_t machine, json_t *now)
{
	struct store_bmc was, bmc = {.machine = machine};
	int r = store_bmc_get(k->fleet->store, machine, k->fleet->appliance, &was);
	bool had = r == 0 && strcmp(was.appliance, k->fleet->appliance) == 0;

	if (r < 0 && r != -ENOENT)
		return r;
	if (!now)
		return had ? store_bmc_remove(k->fleet->store, k->fleet->appliance, machine) : 0;
	(void)snprintf(bmc.appliance, sizeof(bmc.appliance), "%s", k->fleet->appliance);
	(void)snprintf(bmc.type, sizeof(bmc.type), "%s", text_of(now, "type"));
	(void)snprintf(bmc.address, sizeof(bmc.address), "%s", text_of(now, "address"));
	if (had && strcmp(was.type, bmc.type) == 0 && strcmp(was.address, bmc.address) == 0)
		return 0;
	return store_bmc_set(k->fleet->store, &bmc);
}

static int take(struct power_known *k, json_t *known)
{
	int r = store_begin(k->fleet->store, false);

	for (size_t i = 0; r == 0 && i < k->count; i++)
		r = bring_up(k, k->machines[i], find(known, k->machines[i]));
	if (r == 0)
		return store_commit(k->fleet->store);
	store_rollback(k->fleet->store);
	return r;
}

void power_known_answer(struct power_known *k, json_t *known)
{
	k->asking = false;
	if (!known) { /* a new round, when it can be asked again */
		k->after = -1;
		k->revision = -1;
		return;
	}
	int r = take(k, known);
	tell_failure(k, r);
	/* A machine that was merged away in between fails its slice: the next round has it. */
	k->after = k->count > 0 ? k->machines[k->count - 1] : -1;
	if (k->after > k->newest)
		k->newest = k->after;
	if (r == 0)
		(void)ask_slice(k);
}
