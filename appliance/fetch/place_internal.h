/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by place*.c alone. */
#ifndef FETCH_PLACE_INTERNAL_H
#define FETCH_PLACE_INTERNAL_H

#include "appliance/fetch/place.h"

#include <pthread.h>
#include <time.h>

#define PLACE_WORKERS_MAX 8
#define PLACE_TEXT        320

struct job {
	struct job *next;
	struct asker *asker; /* NULL: answered already */
	json_int_t id;
	int64_t since; /* monotonic ms: it waits since then, or is being asked since then */
	struct source_question question;
};

struct worker {
	struct place *place;
	pthread_t thread;
	struct job *job; /* being asked */
};

struct place {
	const struct source_setting *setting;
	const struct source_ops *ops; /* NULL: no such type */
	void *source;                 /* NULL: broken, health says why */

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t work, stop_or_check;
	bool stopping;
	struct job *first, **last;
	size_t waiting;
	unsigned worker_count;
	struct worker workers[PLACE_WORKERS_MAX];

	bool tester_runs, check_wanted;
	bool pulling; /* by a thread of its own */
	pthread_t tester;
	enum reason reason;
	char text[PLACE_TEXT];
	int64_t checked;      /* ms since 1970; 0: never */
	int64_t checked_when; /* monotonic ms */
};

int64_t place_now(void); /* monotonic ms */

/* A question or a pull ended with reason: the self-test looks into what is news. */
void place_noted(struct place *p, enum reason reason);

/* The self-test's thread. */
void *place_test(void *place);
/* A worker's thread. */
void *place_work(void *worker);
/* Forgets what waits. */
void place_drop_waiting(struct place *p);

#endif
