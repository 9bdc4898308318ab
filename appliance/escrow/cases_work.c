/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads that work on cases, in the order they were asked for. */
#include "appliance/escrow/cases_private.h"
#include "appliance/escrow/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small: guard_memory() may lock them whole. The sanitizers' frames are larger. */
#define STACK ((size_t)512 << 10)

/* --- queues (under the lock) ----------------------------------------------------------------- */

void case_enqueue(struct cases *c, struct case_file *f, bool remote)
{
	struct case_queue *q = remote ? &c->distant : &c->local;

	if (!remote)
		f->turn = ++c->next_turn;
	f->stage = CASE_QUEUED;
	f->remote = remote;
	f->behind = NULL;
	f->ticket = q->added++;
	*q->last = f;
	q->last = &f->behind;
	pthread_cond_signal(&q->news);
}

void case_enqueue_first(struct cases *c, struct case_file *f)
{
	struct case_queue *q = &c->local;

	f->turn = ++c->next_turn;
	f->stage = CASE_QUEUED;
	f->remote = false;
	f->behind = q->first;
	f->ticket = q->taken;
	if (!q->first)
		q->last = &f->behind;
	q->first = f;
	q->added++;
	pthread_cond_signal(&q->news);
}

static struct case_file *take(struct cases *c, struct case_queue *q)
{
	struct case_file *f = NULL;

	pthread_mutex_lock(&c->lock);
	while (!q->first && !c->stopping)
		pthread_cond_wait(&q->news, &c->lock);
	if (!c->stopping) {
		f = q->first;
		q->first = f->behind;
		if (!q->first)
			q->last = &q->first;
		q->taken++;
		f->stage = CASE_WORKING;
	}
	pthread_mutex_unlock(&c->lock);
	return f;
}

/* "about 40 seconds": seldom right to the second. */
static void say_time(double seconds, char *out, size_t size)
{
	if (seconds < 5)
		(void)snprintf(out, size, "a few seconds");
	else if (seconds < 90)
		(void)snprintf(out, size, "about %u seconds", ((unsigned)seconds + 9) / 10 * 10);
	else if (seconds < 5400)
		(void)snprintf(out, size, "about %u minutes", ((unsigned)seconds + 30) / 60);
	else
		(void)snprintf(out, size, "more than an hour");
}

void case_waiting_outcome(struct cases *c, const struct case_file *f, struct outcome *ret)
{
	struct stretcher_load load;
	char time[32];

	*ret = (struct outcome){.status = OUTCOME_PENDING, .reason = REASON_WAITING_KEY};
	if (f->remote) {
		(void)snprintf(ret->text, sizeof(ret->text), "asking the key sources");
		return;
	}
	/* Some that go first make it one less than it is, for as long as they do. */
	size_t before = f->stage == CASE_QUEUED && f->ticket > c->local.taken
	                        ? (size_t)(f->ticket - c->local.taken)
	                        : 0;
	stretcher_load(c->escrow->stretcher, &load);
	double rate = load.per_second > 0.1 ? load.per_second : 0.1;
	say_time((double)(before + load.waiting + 1) / rate, time, sizeof(time));
	(void)snprintf(ret->text, sizeof(ret->text), "place %zu, %s", before + 1, time);
}

/* --- one case -------------------------------------------------------------------------------- */

/* Whether people have to know: not what only takes its time. */
static bool is_refusal(const struct outcome *o)
{
	return o->status != OUTCOME_RELEASED && o->reason != REASON_WAITING_APPROVAL &&
	       o->reason != REASON_WAITING_SECOND_PERSON;
}

static void record_refusal(struct cases *c, struct case_file *f, const struct outcome *o)
{
	uint64_t *word = &f->recorded[o->reason / 64], bit = UINT64_C(1) << (o->reason % 64);

	refusals_note(c->escrow->refusals, f->ask, o->reason, o->text, !(*word & bit));
	*word |= bit;
}

static void tell(struct cases *c, struct case_file *f, bool changed)
{
	if (f->waits)
		case_answer(c, f);
	else if (changed)
		client_send(f->client, json_pack("{s:i,s:s,s:s}", "v", 1, "news", "release",
		                               "session", f->ask->session));
}

/* What ends because we do says nothing of the machine. A key that was released is in the record. */
static bool is_broken_off(struct cases *c, const struct outcome *o)
{
	pthread_mutex_lock(&c->lock);
	bool stopping = c->stopping;
	pthread_mutex_unlock(&c->lock);
	return stopping && o->status != OUTCOME_RELEASED;
}

static void finish(struct cases *c, struct case_file *f, struct outcome *o)
{
	work_free(f->work);
	f->work = NULL;
	if (is_broken_off(c, o))
		return;
	if (is_refusal(o))
		record_refusal(c, f, o);
	pthread_mutex_lock(&c->lock);
	bool changed = !f->decided || !outcome_equal(&f->outcome, o);
	c->undecided -= !f->decided;
	json_decref(f->outcome.volumes);
	f->outcome = *o;
	f->decided = true;
	f->decided_at = clock_steady();
	f->stage = CASE_IDLE;
	f->remote = false;
	tell(c, f, changed);
	if (f->again && o->status == OUTCOME_PENDING)
		case_enqueue_first(c, f);
	f->again = false;
	pthread_mutex_unlock(&c->lock);
}

/* Nobody has asked for it while it waited in the row: it is left to be forgotten. */
static bool is_abandoned(struct cases *c, struct case_file *f)
{
	pthread_mutex_lock(&c->lock);
	bool abandoned = clock_steady() - f->asked_at >= CASE_FORGET_MS;
	if (abandoned)
		f->stage = CASE_IDLE;
	pthread_mutex_unlock(&c->lock);
	return abandoned;
}

static void work_on(struct cases *c, struct case_file *f, bool remote)
{
	struct outcome o = {.status = OUTCOME_PENDING, .reason = REASON_OUT_OF_MEMORY};

	if (is_abandoned(c, f))
		return;
	if (!f->work)
		f->work = work_new(f->ask, f->turn, f->outcome.request[0] != '\0');
	if (!f->work || work_go_on(c->escrow, f->work, remote, &o)) {
		finish(c, f, &o);
		return;
	}
	pthread_mutex_lock(&c->lock);
	case_enqueue(c, f, true);
	pthread_mutex_unlock(&c->lock);
}

static void *run_local(void *context)
{
	struct cases *c = context;
	struct case_file *f;

	while ((f = take(c, &c->local)))
		work_on(c, f, false);
	return NULL;
}

static void *run_remote(void *context)
{
	struct cases *c = context;
	struct case_file *f;

	while ((f = take(c, &c->distant)))
		work_on(c, f, true);
	return NULL;
}

int cases_start(struct cases *c, unsigned local, unsigned remote)
{
	pthread_attr_t small;
	int r = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK);
	for (unsigned i = 0; r == 0 && i < local + remote && c->thread_count < CASES_THREADS; i++) {
		r = pthread_create(&c->threads[c->thread_count], &small,
		        i < local ? run_local : run_remote, c);
		c->thread_count += r == 0;
	}
	pthread_attr_destroy(&small);
	return -r;
}
