/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/loop.h"

#include <sys/epoll.h>
#include <time.h>

int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void put(struct timers *all, size_t at, struct timer *t)
{
	all->heap[at - 1] = t;
	t->at = at;
}

static void rise(struct timers *all, struct timer *t)
{
	while (t->at > 1 && all->heap[t->at / 2 - 1]->due > t->due) {
		size_t parent = t->at / 2, mine = t->at;
		put(all, mine, all->heap[parent - 1]);
		put(all, parent, t);
	}
}

static void sink(struct timers *all, struct timer *t)
{
	for (;;) {
		size_t child = 2 * t->at, mine = t->at;
		if (child > all->count)
			return;
		if (child < all->count && all->heap[child]->due < all->heap[child - 1]->due)
			child++;
		if (all->heap[child - 1]->due >= t->due)
			return;
		put(all, mine, all->heap[child - 1]);
		put(all, child, t);
	}
}

void timer_clear(struct timers *all, struct timer *t)
{
	if (!t->at)
		return;
	struct timer *last = all->heap[--all->count];
	if (last != t) {
		put(all, t->at, last);
		rise(all, last);
		sink(all, last);
	}
	t->at = 0;
}

void timer_set(struct timers *all, struct timer *t, int64_t due)
{
	timer_clear(all, t);
	t->due = due;
	put(all, ++all->count, t);
	rise(all, t);
}

void loop_turn(int epoll, struct timers *timers, int most)
{
	struct epoll_event events[256];
	int64_t left = timers->count ? timers->heap[0]->due - now_us() : INT64_MAX;
	int wait = left <= 0 ? 0 : left < (int64_t)most * 1000 ? (int)(left / 1000) + 1 : most;

	int n = epoll_wait(epoll, events, 256, wait);
	for (int i = 0; i < n; i++) {
		struct loop_source *source = events[i].data.ptr;
		source->ready(source);
	}
	int64_t now = now_us();
	while (timers->count && timers->heap[0]->due <= now) {
		struct timer *t = timers->heap[0];
		timer_clear(timers, t);
		t->expired(t);
	}
}
