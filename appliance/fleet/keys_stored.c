/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/operator.h"

#include <inttypes.h>
#include <stdio.h>

int fleet_keys_stored(struct store *s, const struct actor *by, int64_t added, int64_t present,
        int64_t rejected, const char *sha256)
{
	struct store_action action = {.actor = *by, .verb = "import", .kind = "keys"};

	action.at = fleet_clock();
	(void)snprintf(action.text, sizeof(action.text),
	        "%" PRId64 " new, %" PRId64 " known, %" PRId64 " rejected; SHA-256 %s", added,
	        present, rejected, sha256);
	int r = store_begin(s, true);
	return r == 0 ? change_end(s, store_action_add(s, &action)) : r;
}
