/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the simulator waits for: descriptors and times. */
#ifndef SWARM_LOOP_H
#define SWARM_LOOP_H

#include <stddef.h>
#include <stdint.h>

/* First member of whoever is in the epoll set (data.ptr). */
struct loop_source {
	void (*ready)(struct loop_source *self);
};

/* One time of its owner; zero-filled: not set. */
struct timer {
	int64_t due; /* of now_us() */
	size_t at;   /* its place in the heap, from 1; 0: not in it */
	void (*expired)(struct timer *self);
};

struct timers {
	struct timer **heap; /* the earliest first; room for all that there are */
	size_t count;
};

int64_t now_us(void); /* microseconds of a clock that only goes forward */

void timer_set(struct timers *all, struct timer *t, int64_t due); /* also when it is set */
void timer_clear(struct timers *all, struct timer *t);

/* Handles what is ready and what has expired; waits for it at most `most` ms. */
void loop_turn(int epoll, struct timers *timers, int most);

#endif
