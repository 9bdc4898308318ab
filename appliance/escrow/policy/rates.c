/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/rates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A machine or a subnet with how many of its releases count now; gone when none does. */
struct counter {
	struct table_node node;
	uint32_t count;
};

struct release {
	int64_t at, time;
	struct counter *machine; /* NULL: was given back */
	struct counter *subnet;  /* NULL: that, or over a minute old */
};

/* A ring. Its positions count on for ever; the last minute is its end. */
struct rates {
	struct release *ring;
	size_t room;                /* a power of two */
	uint64_t hour, minute, end; /* the first release within, the place of the next one */
	uint32_t campaign;
	struct table machines, subnets;
};

static struct release *release_at(const struct rates *r, uint64_t position)
{
	return &r->ring[position & (r->room - 1)];
}

struct rates *rates_new(void)
{
	struct rates *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->room = 256;
	r->ring = calloc(r->room, sizeof(*r->ring));
	if (!r->ring || table_init(&r->machines, POLICY_MACHINES_MAX) < 0 ||
	        table_init(&r->subnets, POLICY_MACHINES_MAX) < 0) {
		rates_free(r);
		return NULL;
	}
	return r;
}

void rates_free(struct rates *r)
{
	if (!r)
		return;
	table_clear(&r->machines, free);
	table_clear(&r->subnets, free);
	free(r->ring);
	free(r);
}

static void count_down(struct table *t, struct counter **counter)
{
	if (*counter && --(*counter)->count == 0) {
		table_remove(t, &(*counter)->node);
		free(*counter);
	}
	*counter = NULL;
}

void rates_pass(struct rates *r, int64_t now)
{
	for (; r->minute < r->end; r->minute++) {
		struct release *release = release_at(r, r->minute);
		if (now - release->time < RATES_MINUTE)
			break;
		if (release->subnet)
			r->campaign--;
		count_down(&r->subnets, &release->subnet);
	}
	for (; r->hour < r->minute; r->hour++) {
		struct release *release = release_at(r, r->hour);
		if (now - release->time < RATES_HOUR)
			break;
		count_down(&r->machines, &release->machine);
	}
}

void rates_count(
        const struct rates *r, const char *machine, const char *subnet, struct rates_count *ret)
{
	const struct counter *m = table_find(&r->machines, machine);
	const struct counter *s = table_find(&r->subnets, subnet);

	*ret = (struct rates_count){.campaign = r->campaign,
	        .machine = m ? m->count : 0,
	        .subnet = s ? s->count : 0,
	        .full = r->end - r->hour >= POLICY_RELEASES_MAX ||
	                (!m && r->machines.count >= r->machines.max)};
}

static int make_room(struct rates *r)
{
	if (r->end - r->hour >= POLICY_RELEASES_MAX)
		return -ENOSPC;
	if (r->end - r->hour < r->room)
		return 0;
	struct release *ring = calloc(r->room * 2, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (uint64_t i = r->hour; i < r->end; i++)
		ring[i & (r->room * 2 - 1)] = *release_at(r, i);
	free(r->ring);
	r->ring = ring;
	r->room *= 2;
	return 0;
}

static struct counter *count_up(struct table *t, const char *key)
{
	struct counter *counter = table_find(t, key);

	if (!counter) {
		counter = calloc(1, sizeof(*counter));
		if (!counter || !table_insert(t, &counter->node, key)) {
			free(counter);
			return NULL;
		}
	}
	counter->count++;
	return counter;
}

int rates_add(struct rates *r, const char *machine, const char *subnet, int64_t at, int64_t now)
{
	struct release release = {.at = at, .time = now};
	int error = make_room(r);

	if (error < 0)
		return error;
	release.machine = count_up(&r->machines, machine);
	release.subnet = release.machine ? count_up(&r->subnets, subnet) : NULL;
	if (!release.subnet) {
		count_down(&r->machines, &release.machine);
		return -ENOSPC;
	}
	r->campaign++;
	*release_at(r, r->end++) = release;
	return 0;
}

bool rates_remove(struct rates *r, const char *machine, int64_t at)
{
	for (uint64_t i = r->end; i > r->hour; i--) {
		struct release *release = release_at(r, i - 1);
		if (release->at != at || !release->machine ||
		        strcmp(release->machine->node.key, machine) != 0)
			continue;
		if (release->subnet)
			r->campaign--;
		count_down(&r->subnets, &release->subnet);
		count_down(&r->machines, &release->machine);
		return true;
	}
	return false;
}

static bool is_of(const struct counter *counter, const char *key)
{
	return counter && (!key || strcmp(counter->node.key, key) == 0);
}

int64_t rates_wait(
        const struct rates *r, const char *machine, const char *subnet, uint32_t limit, int64_t now)
{
	int64_t window = machine ? RATES_HOUR : RATES_MINUTE;
	uint32_t later = 0; /* how many of them may count on, seen from the newest */

	for (uint64_t i = r->end; i > (machine ? r->hour : r->minute); i--) {
		const struct release *release = release_at(r, i - 1);
		if (!(machine ? is_of(release->machine, machine) : is_of(release->subnet, subnet)))
			continue;
		if (++later == limit)
			return release->time + window - now;
	}
	return 1;
}
