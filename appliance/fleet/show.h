/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of one machine besides its row, for the page and the command line. */
#ifndef FLEET_SHOW_H
#define FLEET_SHOW_H

#include "appliance/fleet/loader.h"

#include <jansson.h>

/* Sets in `into` (fields as in include/netmend/README.md, GET /api/v1/machines/{id}) volumes: of
 * its newest session, without what only escrow needs; result: the latest, or null; timeline, of
 * which the oldest part is left out when it is very long (timeline_truncated); bundles;
 * loader: which boot program its firmware gets; first: what all get (struct fleet). 0 or -errno;
 * into may have some of them then. */
int fleet_show(struct store *s, const struct machine *m, enum machine_loader first, json_t *into);

#endif
