/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an order to a controller leaves with its machine; for the files of fleet/ only. */
#ifndef FLEET_POWER_NOTE_H
#define FLEET_POWER_NOTE_H

#include "appliance/fleet/power.h"

/* Who orders what follows by itself: the image of MEDIA is taken out again. */
#define POWER_BY_APPLIANCE "the appliance"

/* Within a transaction: an event of step "power" with the order's name, its controller and text.
 * The machine's state stays. */
int power_note(struct store *s, const struct machine *m, const struct store_power *p, int64_t now,
        enum reason reason, const char *text);

/* Within a transaction: the order failed. One that was to start the machine from the network leaves
 * it to a person: state attention with this reason, unless it is somewhere else by now. p is saved.
 */
int power_fail(struct store *s, struct machine *m, struct store_power *p, int64_t now,
        enum reason reason, const char *text);

/* fleet_power_look() of an order that is made: just before it goes out. */
int power_look_again(struct store *s, const struct machine *m, const struct fleet_power *order,
        int64_t now, struct fleet_power_look *ret);

/* An order of the appliance itself that waits makes place for a person's or a campaign's. */
bool power_gives_way(const struct store_power *p);

#endif
