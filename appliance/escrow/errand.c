/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/errand.h"
#include "appliance/escrow/orders.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS     4
#define MAX_WAITING 64 /* of root, and of the others */

struct errand {
	struct errand *next;
	struct client *client;
	struct message *message;
};

struct row {
	struct errand *first, **last;
	size_t count;
};

struct errands {
	struct escrow *escrow;
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool stopping;
	struct row root, others;
	size_t thread_count;
	pthread_t threads[THREADS];
};

static void errand_free(struct errand *x)
{
	message_free(x->message);
	client_drop(x->client);
	free(x);
}

static struct errand *pop(struct row *row)
{
	struct errand *x = row->first;

	row->first = x->next;
	if (!row->first)
		row->last = &row->first;
	row->count--;
	return x;
}

static struct errand *take(struct errands *s)
{
	struct errand *x = NULL;

	pthread_mutex_lock(&s->lock);
	while (!s->root.first && !s->others.first && !s->stopping)
		pthread_cond_wait(&s->news, &s->lock);
	if (!s->stopping)
		x = pop(s->root.first ? &s->root : &s->others);
	pthread_mutex_unlock(&s->lock);
	return x;
}

static void *run(void *context)
{
	struct errands *s = context;
	struct errand *x;

	while ((x = take(s))) {
		client_send(x->client, orders_carry_out(s->escrow, x->message));
		errand_free(x);
	}
	return NULL;
}

struct errands *errands_new(struct escrow *e)
{
	struct errands *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->escrow = e;
	s->root.last = &s->root.first;
	s->others.last = &s->others.first;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->news, NULL);
	while (s->thread_count < THREADS &&
	        pthread_create(&s->threads[s->thread_count], NULL, run, s) == 0)
		s->thread_count++;
	if (s->thread_count == 0) {
		errands_free(s);
		return NULL;
	}
	return s;
}

static void drop_row(struct errands *s, struct row *row)
{
	while (row->first) {
		struct errand *x = pop(row);
		if (x->message->op == MESSAGE_MISUSE)
			json_decref(orders_carry_out(s->escrow, x->message));
		errand_free(x);
	}
}

void errands_free(struct errands *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->news);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < s->thread_count; i++)
		pthread_join(s->threads[i], NULL);
	drop_row(s, &s->root);
	drop_row(s, &s->others);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->news);
	free(s);
}

void errands_submit(struct errands *s, struct client *client, struct message *m)
{
	struct row *row = client_uid(client) == 0 ? &s->root : &s->others;
	struct errand *x = calloc(1, sizeof(*x));
	bool taken = false;

	if (x) {
		*x = (struct errand){.client = client_hold(client), .message = m};
		pthread_mutex_lock(&s->lock);
		taken = row->count < MAX_WAITING;
		if (taken) {
			*row->last = x;
			row->last = &x->next;
			row->count++;
			pthread_cond_signal(&s->news);
		}
		pthread_mutex_unlock(&s->lock);
	}
	if (taken)
		return;
	if (!m->silent)
		client_send(client, message_answer(m->id, REASON_TRY_LATER, "too much at once"));
	if (x)
		errand_free(x);
	else
		message_free(m);
}
