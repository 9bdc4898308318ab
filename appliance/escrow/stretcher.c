/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/stretcher.h"
#include "appliance/escrow/stretch_question.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64

struct worker {
	struct stretcher *owner;
	pthread_t thread;
	struct bitlocker_lanes *lanes;
	size_t busy; /* lanes with a question */
	struct question *in[BITLOCKER_LANES_MAX];
};

struct stretcher {
	pthread_mutex_t lock;
	pthread_cond_t asked, answered;
	struct stretch_memory *memory;
	struct question *waiting, *working;
	size_t waiting_count, working_count;
	size_t lanes;      /* of one worker */
	double per_second; /* of one worker with all lanes in use, moving average */
	bool stopping;
	unsigned worker_count;
	struct worker workers[MAX_THREADS];
};

/* --- questions, under the lock ------------------------------------------------------------------
 */

/* The question of that name that is open already, or a new one in its place of the queue. */
static struct question *open_question(struct stretcher *s, const uint8_t name[STRETCH_NAME],
        const struct secret *key, const uint8_t *salt, uint64_t turn)
{
	struct question *q = question_find(s->working, name);

	if (q)
		return q;
	q = question_find(s->waiting, name);
	if (q) {
		question_take_out(&s->waiting, q);
		q->turn = turn < q->turn ? turn : q->turn;
		question_queue(&s->waiting, q);
		return q;
	}
	q = question_new(name, key, salt, turn);
	if (!q)
		return NULL;
	question_queue(&s->waiting, q);
	s->waiting_count++;
	pthread_cond_signal(&s->asked);
	return q;
}

/* --- the threads --------------------------------------------------------------------------------
 */

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void answer(struct stretcher *s, struct question *q, int result)
{
	question_take_out(&s->working, q);
	s->working_count--;
	q->result = result;
	q->done = true;
	if (result == 0)
		stretch_memory_add(s->memory, q->name, q->answer);
	question_drop(q);
	pthread_cond_broadcast(&s->answered);
}

/* The first in the queue goes into a lane. */
static void begin_one(struct stretcher *s, struct worker *w)
{
	struct question *q = s->waiting;

	s->waiting = q->next;
	s->waiting_count--;
	q->next = s->working;
	s->working = q;
	s->working_count++;
	q->askers++;
	int lane = bitlocker_lanes_put(w->lanes, q->key, q->salt);
	if (lane < 0) {
		answer(s, q, lane);
		return;
	}
	w->in[lane] = q;
	w->busy++;
}

/* Every worker takes its part of what is to be done, so that none is idle while others are full. */
static void fill_lanes(struct stretcher *s, struct worker *w)
{
	size_t all = s->working_count + s->waiting_count;
	size_t share = (all + s->worker_count - 1) / s->worker_count;

	while (s->waiting && w->busy < share && w->busy < s->lanes)
		begin_one(s, w);
}

static void empty_lanes(struct stretcher *s, struct worker *w, int failed)
{
	for (size_t lane = 0; lane < BITLOCKER_LANES_MAX; lane++) {
		struct question *q = w->in[lane];
		int r = !q       ? -EAGAIN
		        : failed ? failed
		                 : bitlocker_lanes_take(w->lanes, lane, &q->answer);
		if (r == -EAGAIN)
			continue;
		if (r < 0)
			bitlocker_lanes_drop(w->lanes, lane);
		w->in[lane] = NULL;
		w->busy--;
		answer(s, q, r);
	}
}

/* One slice, outside of the lock. */
static void run_lanes(struct stretcher *s, struct worker *w)
{
	bool full = w->busy == s->lanes;

	pthread_mutex_unlock(&s->lock);
	double begun = now_seconds();
	int r = bitlocker_lanes_run(w->lanes);
	double took = now_seconds() - begun;
	pthread_mutex_lock(&s->lock);
	if (full && took > 0)
		s->per_second += ((double)s->lanes / (BITLOCKER_SLICES * took) - s->per_second) /
		                 BITLOCKER_SLICES;
	empty_lanes(s, w, r);
}

static void *work(void *context)
{
	struct worker *w = context;
	struct stretcher *s = w->owner;

	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		fill_lanes(s, w);
		if (w->busy > 0)
			run_lanes(s, w);
		else
			pthread_cond_wait(&s->asked, &s->lock);
	}
	empty_lanes(s, w, -ESHUTDOWN);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static unsigned threads_wanted(unsigned threads)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (threads == 0)
		threads = processors < 1 ? 1 : (unsigned)processors;
	return threads < MAX_THREADS ? threads : MAX_THREADS;
}

/* worker_count is what the others divide the work by: it counts those that run. */
static void add_worker(struct stretcher *s)
{
	struct worker *w = &s->workers[s->worker_count];

	w->owner = s;
	w->lanes = bitlocker_lanes_new();
	if (w->lanes && pthread_create(&w->thread, NULL, work, w) == 0)
		s->worker_count++;
	else
		bitlocker_lanes_free(w->lanes);
}

struct stretcher *stretcher_new(unsigned threads)
{
	struct stretcher *s = calloc(1, sizeof(*s));
	struct bitlocker_lanes_figures figures;

	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->asked, NULL);
	pthread_cond_init(&s->answered, NULL);
	bitlocker_lanes_measure(&figures);
	s->lanes = figures.best;
	s->per_second = figures.per_second;
	s->memory = stretch_memory_new();
	pthread_mutex_lock(&s->lock);
	threads = threads_wanted(threads);
	for (unsigned i = 0; s->memory && i < threads; i++)
		add_worker(s);
	pthread_mutex_unlock(&s->lock);
	if (s->worker_count == 0) {
		stretcher_free(s);
		return NULL;
	}
	return s;
}

void stretcher_stop(struct stretcher *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->asked);
	pthread_cond_broadcast(&s->answered);
	pthread_mutex_unlock(&s->lock);
}

void stretcher_free(struct stretcher *s)
{
	if (!s)
		return;
	stretcher_stop(s);
	for (unsigned i = 0; i < s->worker_count; i++) {
		pthread_join(s->workers[i].thread, NULL);
		bitlocker_lanes_free(s->workers[i].lanes);
	}
	stretch_memory_free(s->memory);
	pthread_cond_destroy(&s->answered);
	pthread_cond_destroy(&s->asked);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* --- for callers --------------------------------------------------------------------------------
 */

size_t stretcher_width(const struct stretcher *s)
{
	return s->worker_count * s->lanes;
}

/* Waits until somebody has worked it out. */
static int await(struct stretcher *s, struct question *q, struct secret **ret)
{
	q->askers++;
	while (!q->done && !s->stopping)
		pthread_cond_wait(&s->answered, &s->lock);
	int r = q->done ? q->result : -ESHUTDOWN;
	struct secret *answer = r == 0 ? secret_copy(q->answer->data, q->answer->len) : NULL;
	if (r == 0 && !answer)
		r = -ENOMEM;
	if (r == 0)
		*ret = answer;
	/* Nobody else will: a question that is not begun is in the queue for its askers alone. */
	if (q->askers == 1 && !q->done) {
		question_take_out(&s->waiting, q);
		s->waiting_count--;
	}
	question_drop(q);
	return r;
}

static int recall(struct stretcher *s, const uint8_t name[STRETCH_NAME], struct secret **ret)
{
	const uint8_t *known = stretch_memory_find(s->memory, name);
	struct secret *answer = known ? secret_copy(known, BITLOCKER_KEY_LEN) : NULL;

	if (!known)
		return -ENOENT;
	if (!answer)
		return -ENOMEM;
	*ret = answer;
	return 0;
}

int stretcher_stretch(struct stretcher *s, const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], uint64_t turn, struct secret **ret)
{
	uint8_t name[STRETCH_NAME];

	stretch_memory_name(s->memory, key, salt, name);
	pthread_mutex_lock(&s->lock);
	int r = recall(s, name, ret);
	if (r == -ENOENT) {
		struct question *q = open_question(s, name, key, salt, turn);
		r = q ? await(s, q, ret) : -ENOMEM;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

void stretcher_load(struct stretcher *s, struct stretcher_load *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = (struct stretcher_load){
	        .waiting = s->waiting_count, .per_second = s->worker_count * s->per_second};
	pthread_mutex_unlock(&s->lock);
}
