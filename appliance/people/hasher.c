/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/people/hasher.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum place_state { PLACE_FREE, PLACE_WAITING, PLACE_WORKING, PLACE_ANSWERED };

struct place {
	enum place_state state;
	int64_t ticket;
	bool told; /* by hasher_news() */
	int64_t answered_at;
	struct secret *given, *fresh;
	char known[PASSWORD_HASH_TEXT];
	struct hasher_answer answer;
};

struct hasher {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t asked;
	bool stopping;
	int event;
	int64_t tickets;
	struct place places[HASHER_QUEUE];
};

static int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void place_clear(struct place *p)
{
	secret_free(p->given);
	secret_free(p->fresh);
	*p = (struct place){.state = PLACE_FREE};
}

/* Who came first, of those in that state. */
static struct place *place_first(struct hasher *h, enum place_state state)
{
	struct place *first = NULL;

	for (size_t i = 0; i < HASHER_QUEUE; i++)
		if (h->places[i].state == state && (!first || h->places[i].ticket < first->ticket))
			first = &h->places[i];
	return first;
}

/* Without the lock: nobody else touches a place that is being worked on. */
static void place_work(struct place *p)
{
	int r = p->given ? password_check(p->known, p->given) : 0;

	if (r == 0 && p->fresh)
		r = password_hash(p->fresh, p->answer.fresh);
	p->answer.result = r;
}

static void *hasher_run(void *context)
{
	struct hasher *h = context;
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&h->lock);
	while (!h->stopping) {
		struct place *p = place_first(h, PLACE_WAITING);
		if (!p) {
			(void)pthread_cond_wait(&h->asked, &h->lock);
			continue;
		}
		p->state = PLACE_WORKING;
		(void)pthread_mutex_unlock(&h->lock);
		place_work(p);
		(void)pthread_mutex_lock(&h->lock);
		secret_free(p->given);
		secret_free(p->fresh);
		p->given = p->fresh = NULL;
		p->state = PLACE_ANSWERED;
		p->answered_at = clock_ms();
		/* A counter that is full has woken the loop already. */
		(void)!write(h->event, &one, sizeof(one));
	}
	(void)pthread_mutex_unlock(&h->lock);
	return NULL;
}

static int thread_start(struct hasher *h)
{
	sigset_t all, before;

	/* Signals are the loop's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&h->thread, NULL, hasher_run, h);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int hasher_new(struct hasher **ret)
{
	struct hasher *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->event < 0) {
		int e = -errno;
		free(h);
		return e;
	}
	(void)pthread_mutex_init(&h->lock, NULL);
	(void)pthread_cond_init(&h->asked, NULL);
	int r = thread_start(h);
	if (r < 0) {
		(void)close(h->event);
		free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void hasher_free(struct hasher *h)
{
	if (!h)
		return;
	(void)pthread_mutex_lock(&h->lock);
	h->stopping = true;
	(void)pthread_cond_signal(&h->asked);
	(void)pthread_mutex_unlock(&h->lock);
	(void)pthread_join(h->thread, NULL);
	for (size_t i = 0; i < HASHER_QUEUE; i++)
		place_clear(&h->places[i]);
	(void)pthread_mutex_destroy(&h->lock);
	(void)pthread_cond_destroy(&h->asked);
	(void)close(h->event);
	free(h);
}

static void forget_old(struct hasher *h)
{
	int64_t now = clock_ms();

	for (size_t i = 0; i < HASHER_QUEUE; i++)
		if (h->places[i].state == PLACE_ANSWERED &&
		        now - h->places[i].answered_at > HASHER_KEPT_MS)
			place_clear(&h->places[i]);
}

int hasher_ask(struct hasher *h, const struct hasher_question *q, int64_t *ret_ticket)
{
	(void)pthread_mutex_lock(&h->lock);
	forget_old(h);
	struct place *p = place_first(h, PLACE_FREE);
	if (p) {
		p->state = PLACE_WAITING;
		p->ticket = ++h->tickets;
		p->given = q->given;
		p->fresh = q->fresh;
		(void)snprintf(p->known, sizeof(p->known), "%s", q->known ? q->known : "");
		*ret_ticket = p->ticket;
		(void)pthread_cond_signal(&h->asked);
	}
	(void)pthread_mutex_unlock(&h->lock);
	if (p)
		return 0;
	secret_free(q->given);
	secret_free(q->fresh);
	return -EBUSY;
}

int hasher_fd(const struct hasher *h)
{
	return h->event;
}

int64_t hasher_news(struct hasher *h)
{
	uint64_t count;
	int64_t ticket = 0;

	(void)!read(h->event, &count, sizeof(count));
	(void)pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < HASHER_QUEUE && !ticket; i++) {
		struct place *p = &h->places[i];
		if (p->state == PLACE_ANSWERED && !p->told) {
			p->told = true;
			ticket = p->ticket;
		}
	}
	(void)pthread_mutex_unlock(&h->lock);
	return ticket;
}

int hasher_take(struct hasher *h, int64_t ticket, struct hasher_answer *ret)
{
	int r = -ENOENT;

	(void)pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < HASHER_QUEUE; i++) {
		struct place *p = &h->places[i];
		if (p->state == PLACE_FREE || p->ticket != ticket)
			continue;
		r = p->state == PLACE_ANSWERED ? 0 : -EAGAIN;
		if (r == 0) {
			*ret = p->answer;
			place_clear(p);
		}
		break;
	}
	(void)pthread_mutex_unlock(&h->lock);
	return r;
}
