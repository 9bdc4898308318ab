/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who loads kernel and initrd at the moment, and who waits for that: a hall of machines that all
 * load at once is slower than the same in turns, and a loader that gets its bytes too slowly gives
 * up. In memory, of this appliance alone: after a restart all are admitted as they ask.
 *
 * Times are ms, by any clock.
 */
#ifndef FLEET_TURNS_H
#define FLEET_TURNS_H

#include "netmend/limits.h"

#include <stddef.h>
#include <stdint.h>

#define TURNS_PLACES_MAX  NM_BOOT_AT_ONCE_MAX
#define TURNS_WAITING_MAX 10000
#define TURNS_SLEEP_MIN   3
#define TURNS_SLEEP_MAX   30
/* A place is given back when the fixer is heard; else after this. */
#define TURNS_LOAD_MS ((int64_t)180 * 1000)
/* Who waits is gone when it has not asked again in twice the time it was told, and this. */
#define TURNS_LATE_MS ((int64_t)60 * 1000)

struct turn {
	int64_t machine;
	int64_t until; /* then it is forgotten */
};

struct turns {
	size_t places;
	size_t loading, waiting;
	int64_t took_ms; /* what a load takes, of the latest ones; 0: none is known yet */
	struct turn place[TURNS_PLACES_MAX];
	struct turn queue[TURNS_WAITING_MAX]; /* in the order of their first question */
};

/* places: how many may load at once, 1 to TURNS_PLACES_MAX. NULL without memory; free() it. */
struct turns *turns_new(size_t places);

/* A machine wants to load. -1: it may, from now on it has a place (the one it had, if it had one);
 * else how many wait before it. A machine that finds the queue full waits behind all of it. */
int turns_ask(struct turns *t, int64_t machine, int64_t now);

/* How many wait before it, as at its last question. */
int turns_before(const struct turns *t, int64_t machine);

/* In how many seconds who has so many before it is to ask again: sooner the nearer its turn is, by
 * what a load has taken. Up to half as long again does no harm, and keeps them apart. */
int turns_sleep(const struct turns *t, int before);

/* Its fixer was heard. A machine that has no place may be told of, too. */
void turns_end(struct turns *t, int64_t machine, int64_t now);

/* Those that load or wait at `now`. */
void turns_count(struct turns *t, int64_t now, size_t *ret_loading, size_t *ret_waiting);

#endif
