/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct wanted {
	const char *sha256;
	struct store_bundle *ret;
};

static int bundle_is(const struct store_bundle *bundle, void *context)
{
	struct wanted *w = context;

	if (strcmp(bundle->sha256, w->sha256) != 0)
		return 0;
	*w->ret = *bundle;
	return 1;
}

int fleet_bundle_find(struct store *s, int64_t machine, const char *sha256,
        struct machine *ret_machine, struct store_bundle *ret_bundle)
{
	struct machine m;
	struct store_bundle bundle;
	struct wanted w = {.sha256 = sha256, .ret = &bundle};
	int r = store_machine_get(s, machine, &m);

	if (r == 0)
		r = store_bundles(s, machine, bundle_is, &w);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*ret_machine = m;
	*ret_bundle = bundle;
	return 0;
}

static int record(struct store *s, const struct actor *by, int64_t machine, const char *sha256)
{
	struct store_action action = {.actor = *by, .verb = "download", .kind = "machine"};
	struct store_bundle bundle;
	struct machine m;
	int r = fleet_bundle_find(s, machine, sha256, &m, &bundle);

	if (r < 0)
		return r;
	action.at = fleet_clock();
	fleet_machine_name(&m, action.object);
	(void)snprintf(action.text, sizeof(action.text), "saved repair %s", bundle.sha256);
	return store_action_add(s, &action);
}

int fleet_bundle_taken(struct store *s, const struct actor *by, int64_t machine, const char *sha256)
{
	int r = store_begin(s, true);

	return r < 0 ? r : change_end(s, record(s, by, machine, sha256));
}
