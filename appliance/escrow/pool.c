/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/pool.h"
#include "netmend/wire.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_THREADS 16
#define MAX_WAITING 4096

struct pool_client {
	int fd;
	unsigned references;
	pthread_mutex_t lock;
};

struct job {
	struct job *next;
	struct pool_client *client;
	struct message *message;
};

struct pool {
	struct release *release;
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct job *first, **last;
	size_t waiting;
	bool stopping;
	size_t thread_count;
	pthread_t threads[MAX_THREADS];
};

/* --- clients
 * --------------------------------------------------------------------------------------- */

struct pool_client *pool_client_new(int fd)
{
	struct pool_client *c = calloc(1, sizeof(*c));

	if (!c) {
		(void)close(fd);
		return NULL;
	}
	c->fd = fd;
	c->references = 1;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

int pool_client_fd(const struct pool_client *c)
{
	return c->fd;
}

void pool_client_send(struct pool_client *c, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	if (text)
		(void)send(c->fd, text, strlen(text), MSG_NOSIGNAL);
	free(text);
}

void pool_client_drop(struct pool_client *c)
{
	pthread_mutex_lock(&c->lock);
	bool last = --c->references == 0;
	pthread_mutex_unlock(&c->lock);
	if (!last)
		return;
	(void)close(c->fd);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void client_hold(struct pool_client *c)
{
	pthread_mutex_lock(&c->lock);
	c->references++;
	pthread_mutex_unlock(&c->lock);
}

/* --- jobs
 * ------------------------------------------------------------------------------------------ */

static void job_free(struct job *j)
{
	message_free(j->message);
	pool_client_drop(j->client);
	free(j);
}

static struct job *take_job(struct pool *p)
{
	struct job *j = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->first && !p->stopping)
		pthread_cond_wait(&p->news, &p->lock);
	if (!p->stopping) {
		j = p->first;
		p->first = j->next;
		if (!p->first)
			p->last = &p->first;
		p->waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void *work(void *context)
{
	struct pool *p = context;
	struct job *j;

	while ((j = take_job(p))) {
		json_t *answer = release_decide(p->release, j->message);
		pool_client_send(j->client, answer);
		json_decref(answer);
		job_free(j);
	}
	return NULL;
}

struct pool *pool_new(struct release *release)
{
	struct pool *p = calloc(1, sizeof(*p));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t want = processors < 1             ? 1
	              : processors > MAX_THREADS ? MAX_THREADS
	                                         : (size_t)processors;

	if (!p)
		return NULL;
	p->release = release;
	p->last = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->news, NULL);
	while (p->thread_count < want &&
	        pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
		p->thread_count++;
	if (p->thread_count == 0) {
		pool_free(p);
		return NULL;
	}
	return p;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->news);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	while (p->first) {
		struct job *j = p->first;
		p->first = j->next;
		job_free(j);
	}
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->news);
	free(p);
}

static void answer_busy(struct pool_client *client, struct message *m)
{
	json_t *answer = message_answer(
	        m->id, WIRE_PENDING, REASON_WAITING_KEY, "many machines are waiting", NULL);

	pool_client_send(client, answer);
	json_decref(answer);
	message_free(m);
}

void pool_submit(struct pool *p, struct pool_client *client, struct message *m)
{
	struct job *j = calloc(1, sizeof(*j));
	bool taken = false;

	if (j) {
		*j = (struct job){.client = client, .message = m};
		client_hold(client);
		pthread_mutex_lock(&p->lock);
		taken = p->waiting < MAX_WAITING;
		if (taken) {
			*p->last = j;
			p->last = &j->next;
			p->waiting++;
			pthread_cond_signal(&p->news);
		}
		pthread_mutex_unlock(&p->lock);
	}
	if (taken)
		return;
	if (j) {
		pool_client_drop(client);
		free(j);
	}
	answer_busy(client, m);
}
