/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/turns.h"

#include <stdlib.h>
#include <string.h>

/* Of a load nothing is known of yet: 20 MB, and a kernel that starts. */
#define FIRST_GUESS_MS 30000

struct turns *turns_new(size_t places)
{
	struct turns *t = calloc(1, sizeof(*t));

	if (t)
		t->places = places < TURNS_PLACES_MAX ? places : TURNS_PLACES_MAX;
	return t;
}

static size_t find(const struct turn *all, size_t count, int64_t machine)
{
	size_t i = 0;

	while (i < count && all[i].machine != machine)
		i++;
	return i;
}

/* Keeps the order of the others. */
static void take_out(struct turn *all, size_t *count, size_t i)
{
	(*count)--;
	memmove(all + i, all + i + 1, (*count - i) * sizeof(*all));
}

static void drop_old(struct turn *all, size_t *count, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		/* A clock that was set back keeps nobody for as long as that. */
		if (all[i].until > now + TURNS_LOAD_MS)
			all[i].until = now + TURNS_LOAD_MS;
		if (all[i].until > now)
			all[kept++] = all[i];
	}
	*count = kept;
}

static void tidy(struct turns *t, int64_t now)
{
	drop_old(t->place, &t->loading, now);
	drop_old(t->queue, &t->waiting, now);
}

static int admit(struct turns *t, int64_t machine, int64_t now)
{
	t->place[t->loading++] = (struct turn){machine, now + TURNS_LOAD_MS};
	return -1;
}

int turns_ask(struct turns *t, int64_t machine, int64_t now)
{
	tidy(t, now);
	size_t has = find(t->place, t->loading, machine);
	if (has < t->loading) {
		t->place[has].until = now + TURNS_LOAD_MS;
		return -1;
	}
	size_t free_places = t->places - t->loading;
	size_t before = find(t->queue, t->waiting, machine);
	if (before < t->waiting) {
		/* The places that are free are those of the first in the queue. */
		if (before < free_places) {
			take_out(t->queue, &t->waiting, before);
			return admit(t, machine, now);
		}
	} else if (t->waiting < free_places) {
		return admit(t, machine, now);
	} else if (t->waiting < TURNS_WAITING_MAX) {
		t->queue[t->waiting++].machine = machine;
	}
	int ahead = (int)(before - free_places);
	if (before < TURNS_WAITING_MAX)
		t->queue[before].until =
		        now + 2000 * (int64_t)turns_sleep(t, ahead) + TURNS_LATE_MS;
	return ahead;
}

int turns_before(const struct turns *t, int64_t machine)
{
	size_t place = find(t->queue, t->waiting, machine), free_places = t->places - t->loading;

	return place > free_places ? (int)(place - free_places) : 0;
}

int turns_sleep(const struct turns *t, int before)
{
	int64_t took = t->took_ms ? t->took_ms : FIRST_GUESS_MS;
	int64_t until = ((int64_t)before + 1) * took / (int64_t)t->places / 1000;

	/* Half of it, so that the guess is made again when more is known. */
	until /= 2;
	return until < TURNS_SLEEP_MIN   ? TURNS_SLEEP_MIN
	       : until > TURNS_SLEEP_MAX ? TURNS_SLEEP_MAX
	                                 : (int)until;
}

void turns_end(struct turns *t, int64_t machine, int64_t now)
{
	size_t i = find(t->place, t->loading, machine);

	if (i == t->loading)
		return;
	int64_t took = now - (t->place[i].until - TURNS_LOAD_MS);
	if (took < 0)
		took = 0;
	t->took_ms = t->took_ms ? (3 * t->took_ms + took) / 4 : took;
	take_out(t->place, &t->loading, i);
}

void turns_count(struct turns *t, int64_t now, size_t *ret_loading, size_t *ret_waiting)
{
	tidy(t, now);
	*ret_loading = t->loading;
	*ret_waiting = t->waiting;
}
