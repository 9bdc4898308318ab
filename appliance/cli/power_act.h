/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines switched by `netmend power`: what its files share. */
#ifndef CLI_POWER_ACT_H
#define CLI_POWER_ACT_H

#include "appliance/cli/verb.h"
#include "appliance/fleet/power.h"

/* What was told of each machine, in the order they were asked about. */
struct power_told {
	struct {
		int64_t machine;
		struct fleet_power_look look;
	} * all;
	size_t count, room; /* room: of the list; what does not fit is left out */
	size_t good;
};
/* Room for so many. CLI_OK, or CLI_FAILED and printed; free() what `all` points to. */
int cli_power_told_room(struct power_told *t, size_t room);
/* As struct fleet_power_many has it; context: the list. */
void cli_power_tell(int64_t machine, const struct fleet_power_look *look, void *context);

/* Which machine, and what is or would be done with it, or why nothing: those that are refused
 * first. CLI_OK or CLI_FAILED. */
int cli_power_told_print(const struct power_told *t);
/* The same for programs, as POST /api/v1/power answers. */
int cli_power_told_json(const struct power_told *t, const char *order, bool dry_run);
/* Those that are refused, as there; NULL without memory. */
json_t *cli_power_refused_json(const struct power_told *t);

/* Follows the orders of the good ones to their end: a line for each change, at the end those that
 * failed and what to do. CLI_OK when all are done; CLI_FAILED. */
int cli_power_follow(struct store *store, const struct power_told *t, bool json);

/* ---- shown (power_orders.c) ---- */

/* What state it is in, in words. Static. */
const char *cli_power_state_words(const struct store_power *p);
/* Name of its machine, as people call it; its number when it is gone. 0 or -errno. */
int cli_power_order_name_of(
        struct store *s, const struct store_power *p, char ret[NM_MAX_NAME + 1]);

#endif
