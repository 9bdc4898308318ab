/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders under way: each has a thread, made when it is needed and gone when nothing waits any more;
 * NM_POWER_AT_ONCE of them at most. What comes above that waits its turn, within its own time.
 */
#ifndef POWER_POOL_H
#define POWER_POOL_H

#include "appliance/guard/asker.h"
#include "appliance/power/message.h"

struct pool;
struct pool *pool_new(void); /* NULL without memory; lives as long as the process */

/* One order, in this thread: its answer, the caller's to json_decref(), and what became of it in
 * result. NULL without memory. */
json_t *pool_drive(const struct power_message *m, struct power_result *result);

/* Takes what is in m over (m is empty afterwards); answers asker, now or later. */
void pool_take(struct pool *p, struct asker *asker, struct power_message *m);

/* Nobody would hear what became of them: his waiting orders are forgotten. Those under way go on to
 * their end: a machine is not left off half-way. */
void pool_forget(struct pool *p, const struct asker *asker);

/* The process ends: what is under way is named in the log, for somebody to look at. */
void pool_tell_end(struct pool *p);

#endif
