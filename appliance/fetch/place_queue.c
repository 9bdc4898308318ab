/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to one source: they wait in order, workers ask them, the clock answers for the slow. */
#include "appliance/fetch/place_internal.h"

#include <stdio.h>

#define MAX_WAITING 4096
#define WAIT_MS     (NM_SOURCE_SECONDS * 1000)
#define ASK_MS      (NM_SOURCE_SECONDS * 1000 + 2000) /* the source's own limit comes first */

static void job_free(struct job *j)
{
	if (j->asker)
		asker_drop(j->asker);
	free(j);
}

static struct job *take_job(struct worker *w)
{
	struct place *p = w->place;
	struct job *j = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->first && !p->stopping)
		pthread_cond_wait(&p->work, &p->lock);
	if (!p->stopping) {
		j = p->first;
		p->first = j->next;
		if (!p->first)
			p->last = &p->first;
		p->waiting--;
		j->since = place_now();
		w->job = j;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

/* The one to be answered: NULL when the clock has done it. */
static struct asker *end_job(struct worker *w)
{
	pthread_mutex_lock(&w->place->lock);
	struct asker *asker = w->job->asker;
	w->job->asker = NULL;
	w->job = NULL;
	pthread_mutex_unlock(&w->place->lock);
	return asker;
}

void *place_work(void *worker)
{
	struct worker *w = worker;
	struct place *p = w->place;
	struct job *j;

	while ((j = take_job(w))) {
		struct source_answer answer = {0};
		enum reason reason = p->ops->lookup(p->source, &j->question, &answer);
		struct asker *asker = end_job(w);

		if (asker) {
			(void)asker_send(
			        asker, source_message_answer(j->id, reason, &answer), true);
			asker_drop(asker);
		}
		source_answer_clear(&answer);
		place_noted(p, reason);
		job_free(j);
	}
	return NULL;
}

static bool put_job(struct place *p, struct job *j)
{
	pthread_mutex_lock(&p->lock);
	bool taken = p->waiting < MAX_WAITING;
	if (taken) {
		*p->last = j;
		p->last = &j->next;
		p->waiting++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return taken;
}

static void refuse(
        struct place *p, struct asker *asker, json_int_t id, enum reason reason, const char *text)
{
	char whole[PLACE_TEXT];

	(void)snprintf(whole, sizeof(whole), "%s: %s", p->setting->name, text);
	(void)asker_send(asker, source_message_refusal(id, reason, whole), false);
}

void place_ask(struct place *p, struct asker *asker, json_int_t id, const struct source_question *q)
{
	if (!p->source) {
		refuse(p, asker, id, p->reason, p->text);
		return;
	}
	struct job *j = calloc(1, sizeof(*j));
	if (j) {
		j->asker = asker_hold(asker);
		j->id = id;
		j->since = place_now();
		j->question = *q;
	}
	if (j && put_job(p, j))
		return;
	refuse(p, asker, id, REASON_SOURCE_LIMITED, "too many machines ask at once");
	if (j)
		job_free(j);
}

/* The waiting ones that have waited since before then, taken out. */
static struct job *take_waiting(struct place *p, int64_t since)
{
	struct job *out = p->first, **end = &out;

	while (*end && (*end)->since < since) {
		end = &(*end)->next;
		p->waiting--;
	}
	p->first = *end;
	*end = NULL;
	if (!p->first)
		p->last = &p->first;
	return out;
}

static void refuse_all(struct place *p, struct job *list, enum reason reason, const char *text)
{
	while (list) {
		struct job *j = list;
		list = j->next;
		refuse(p, j->asker, j->id, reason, text);
		job_free(j);
	}
}

void place_expire(struct place *p)
{
	struct asker *askers[PLACE_WORKERS_MAX];
	json_int_t ids[PLACE_WORKERS_MAX];
	size_t count = 0;
	int64_t now = place_now();

	pthread_mutex_lock(&p->lock);
	struct job *late = take_waiting(p, now - WAIT_MS);
	for (unsigned i = 0; i < p->worker_count; i++) {
		struct job *j = p->workers[i].job;
		if (!j || !j->asker || j->since >= now - ASK_MS)
			continue;
		askers[count] = j->asker;
		ids[count++] = j->id;
		j->asker = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	refuse_all(p, late, REASON_SOURCE_LIMITED, "too many machines ask at once");
	for (size_t i = 0; i < count; i++) {
		refuse(p, askers[i], ids[i], REASON_SOURCE_UNREACHABLE,
		        "no answer in time; name resolution or Kerberos may be what hangs");
		asker_drop(askers[i]);
	}
}

void place_drop_waiting(struct place *p)
{
	pthread_mutex_lock(&p->lock);
	struct job *all = take_waiting(p, INT64_MAX);
	pthread_mutex_unlock(&p->lock);
	while (all) {
		struct job *j = all;
		all = j->next;
		job_free(j);
	}
}
