/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/watched.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET (5 * INT64_C(60000))

/* --- counting ------------------------------------------------------------------------------------
 */

void tally_add(struct tally *t, int64_t time)
{
	int64_t bucket = time / BUCKET;

	if (bucket - t->bucket >= WATCHED_BUCKETS)
		memset(t->counts, 0, sizeof(t->counts));
	else
		for (int64_t b = t->bucket + 1; b <= bucket; b++)
			t->counts[b % WATCHED_BUCKETS] = 0;
	t->bucket = bucket;
	if (t->counts[bucket % WATCHED_BUCKETS] < UINT16_MAX)
		t->counts[bucket % WATCHED_BUCKETS]++;
}

uint32_t tally_sum(const struct tally *t, int64_t time)
{
	uint32_t sum = 0;

	for (int64_t b = time / BUCKET; b > time / BUCKET - WATCHED_BUCKETS && b >= 0; b--)
		if (b <= t->bucket && b > t->bucket - WATCHED_BUCKETS)
			sum += t->counts[b % WATCHED_BUCKETS];
	return sum;
}

/* --- one machine or address ----------------------------------------------------------------------
 */

bool watched_is_suspect(const struct watched *w, int64_t time)
{
	return w->why && time < w->until;
}

void watched_trust(struct watched *w)
{
	free(w->why);
	w->why = NULL;
	w->trusted++;
}

static void forget_old(struct watched *w, int64_t time)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->seen_count; i++)
		if (time - w->seen[i].time < WATCHED_HOUR)
			w->seen[kept++] = w->seen[i];
	w->seen_count = kept;
}

struct seen *watched_seen(struct watched *w, const struct guid *protector, int64_t time)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (guid_equal(&w->seen[i].protector, protector) &&
		        time - w->seen[i].time < WATCHED_HOUR)
			return &w->seen[i];
	return NULL;
}

size_t watched_count(struct watched *w, int64_t time)
{
	forget_old(w, time);
	return w->seen_count;
}

struct seen *watched_see(struct watched *w, const struct guid *protector, int64_t time)
{
	struct seen *seen = watched_seen(w, protector, time);

	if (!seen) {
		forget_old(w, time);
		if (w->seen_count == WATCHED_SEEN)
			return NULL;
		if (w->seen_count == w->seen_room) {
			size_t room = w->seen_room ? w->seen_room * 2 : 2;
			seen = reallocarray(w->seen, room, sizeof(*seen));
			if (!seen)
				return NULL;
			w->seen = seen;
			w->seen_room = room;
		}
		seen = &w->seen[w->seen_count++];
		*seen = (struct seen){.protector = *protector};
	}
	seen->time = time;
	return seen;
}

/* --- all of them ---------------------------------------------------------------------------------
 */

int watch_init(struct watch *w, size_t max)
{
	*w = (struct watch){0};
	return table_init(&w->table, max);
}

static void unlink_one(struct watch *w, struct watched *one)
{
	*(one->older ? &one->older->newer : &w->oldest) = one->newer;
	*(one->newer ? &one->newer->older : &w->newest) = one->older;
}

static void link_newest(struct watch *w, struct watched *one)
{
	one->older = w->newest;
	one->newer = NULL;
	*(w->newest ? &w->newest->newer : &w->oldest) = one;
	w->newest = one;
}

static void drop(struct watch *w, struct watched *one)
{
	unlink_one(w, one);
	table_remove(&w->table, &one->node);
	free(one->name);
	free(one->why);
	free(one->seen);
	free(one);
}

void watch_clear(struct watch *w)
{
	while (w->oldest)
		drop(w, w->oldest);
	table_clear(&w->table, NULL);
}

struct watched *watch_find(const struct watch *w, const char *key)
{
	return table_find(&w->table, key);
}

static void forget_unseen_longest(struct watch *w, int64_t time)
{
	for (struct watched *one = w->oldest; one; one = one->newer) {
		if (one->vouched || watched_is_suspect(one, time))
			continue;
		drop(w, one);
		return;
	}
}

struct watched *watch_touch(struct watch *w, const char *key, int64_t time)
{
	struct watched *one = watch_find(w, key);

	if (one) {
		unlink_one(w, one);
		link_newest(w, one);
		return one;
	}
	if (w->table.count >= w->table.max)
		forget_unseen_longest(w, time);
	one = calloc(1, sizeof(*one));
	if (!one || !table_insert(&w->table, &one->node, key)) {
		free(one);
		return NULL;
	}
	link_newest(w, one);
	return one;
}
