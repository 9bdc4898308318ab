/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One configured source with its threads: what waits to be asked, what is being asked, how the
 * source is. A source that is slow, or stuck for good, holds up nobody but those who ask it, and
 * they are answered in time all the same.
 */
#ifndef FETCH_PLACE_H
#define FETCH_PLACE_H

#include "appliance/guard/asker.h"
#include "appliance/fetch/message.h"
#include "appliance/fetch/settings.h"

struct place;

/* A source that cannot be opened stays broken, says why and answers so. s must outlive it. NULL
 * without memory. */
struct place *place_new(const struct source_setting *s);

/* Starts the workers and the self-test. 0 or -errno. */
int place_start(struct place *p);

/* Waits a moment for the threads of all. False: one is stuck in somebody's network; nothing of the
 * places may be touched any more, and the process should end. */
bool place_stop_all(struct place **places, size_t count);

const char *place_name(const struct place *p);

/* How the last self-test went. */
json_t *place_status(struct place *p);

/* The self-test now, by the caller. text of size bytes says how it is. */
enum reason place_check(struct place *p, char *text, size_t size);

/* Answered by a worker, or at once when too many wait. */
void place_ask(
        struct place *p, struct asker *asker, json_int_t id, const struct source_question *q);

/* Everything the source has, by a thread of its own; one at a time. */
void place_pull(struct place *p, struct asker *asker, json_int_t id);

/* Answers in place of the source what has taken too long. To be called every second. */
void place_expire(struct place *p);

#endif
