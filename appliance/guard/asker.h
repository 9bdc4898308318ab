/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection to fetch or power, whose answers come from many threads. Closed when the reader has
 * dropped it and no answer is under way.
 */
#ifndef GUARD_ASKER_H
#define GUARD_ASKER_H

#include <jansson.h>
#include <stdbool.h>

struct asker;
struct asker *asker_new(int fd); /* takes fd; NULL (fd closed) without memory */
int asker_fd(const struct asker *a);
struct asker *asker_hold(struct asker *a); /* one more that drops it; returns a */
void asker_drop(struct asker *a);

/* Consumes answer (NULL: there was no memory for one). An asker that does not read keeps a patient
 * sender waiting, at most a minute; one that is gone or did not read in time is shut down. 0 or
 * -errno. */
int asker_send(struct asker *a, json_t *answer, bool patient);

#endif
