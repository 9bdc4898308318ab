/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One order and its machine, on its way through its states; for the files of fleet/power*.c only.
 * All within a transaction; errors as in store.h. */
#ifndef FLEET_POWER_WORK_H
#define FLEET_POWER_WORK_H

#include "appliance/fleet/power.h"
#include "appliance/fleet/power_note.h"

struct power_work {
	struct store *s;
	struct store_power p;
	struct machine m;
	int64_t now;
	bool changed; /* set here */
};
/* -ENOENT, or w->p to be freed with store_power_free(). */
int power_work_load(struct store *s, int64_t id, int64_t now, struct power_work *w);

bool power_boots(const struct store_power *p); /* BOOT and MEDIA */

/* It has succeeded. */
int power_finish(struct power_work *w, const char *text);
/* Nothing is done, or nothing more: a person has decided otherwise meanwhile. */
int power_drop(struct power_work *w, enum reason reason, const char *text);
/* It has failed: power_fail(). */
int power_give_up(struct power_work *w, enum reason reason, const char *text);
/* Once more, by the other method where there is one; else it has failed for this reason. */
int power_again(struct power_work *w, enum reason reason, const char *text);
/* It is asked again a little later, within the same try: POWER_BUSY up to FLEET_POWER_LATER_MAX
 * times, any other reason however often. */
int power_later(struct power_work *w, enum reason reason, const char *text);

/* 1: the machine has asked for its boot since then (ms since 1970); 0: not. */
int power_has_asked(struct power_work *w, int64_t since);
/* So long after `from` it is. The clock of the appliance that wrote `from` may be ahead of ours,
 * but what would be so far ahead is of a clock that was set back. */
bool power_is_over(int64_t from, int64_t limit, int64_t now);

/* Takes what has its turn and hands it to drive. *changed: set when there was anything. */
int power_take_turns(struct fleet *f, fleet_power_drive *drive, void *context, bool *changed);

#endif
