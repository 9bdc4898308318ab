/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/place_internal.h"

#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>

#define STOP_SECONDS 2

int64_t place_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void open_source(struct place *p)
{
	struct error err = {0};

	p->ops = source_kind(p->setting->type);
	if (!p->ops)
		(void)error_set(&err, -EINVAL, REASON_USAGE,
		        "there is no type %s: ldap, graph or exec", p->setting->type);
	else if (p->ops->open(&p->setting->options, &p->source, &err) == 0)
		return;
	log_error("source %s: %s", p->setting->name, err.text);
	p->source = NULL;
	p->reason = REASON_SOURCE_FAILED;
	text_clean(p->text, sizeof(p->text), err.text);
}

struct place *place_new(const struct source_setting *s)
{
	struct place *p = calloc(1, sizeof(*p));
	pthread_condattr_t monotonic;

	if (!p)
		return NULL;
	p->setting = s;
	p->last = &p->first;
	p->reason = REASON_OK;
	text_clean(p->text, sizeof(p->text), "not tested yet");
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->stop_or_check, &monotonic);
	pthread_condattr_destroy(&monotonic);
	open_source(p);
	return p;
}

int place_start(struct place *p)
{
	unsigned want = p->source ? p->ops->workers : 0;

	if (want > PLACE_WORKERS_MAX)
		want = PLACE_WORKERS_MAX;
	while (p->worker_count < want) {
		struct worker *w = &p->workers[p->worker_count];
		w->place = p;
		int r = pthread_create(&w->thread, NULL, place_work, w);
		if (r != 0)
			return -r;
		p->worker_count++;
	}
	if (p->source) {
		int r = pthread_create(&p->tester, NULL, place_test, p);
		if (r != 0)
			return -r;
		p->tester_runs = true;
	}
	return 0;
}

static bool joined(pthread_t thread, const struct timespec *until)
{
	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, until) == 0;
}

static bool stop_one(struct place *p, const struct timespec *until)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (!joined(p->workers[i].thread, until))
			return false;
	if (p->tester_runs && !joined(p->tester, until))
		return false;
	pthread_mutex_lock(&p->lock);
	bool idle = !p->pulling;
	pthread_mutex_unlock(&p->lock);
	return idle;
}

static void place_free(struct place *p)
{
	if (!p)
		return;
	place_drop_waiting(p);
	if (p->source)
		p->ops->close(p->source);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->stop_or_check);
	free(p);
}

bool place_stop_all(struct place **places, size_t count)
{
	struct timespec until;

	for (size_t i = 0; i < count; i++) {
		if (!places[i])
			continue;
		pthread_mutex_lock(&places[i]->lock);
		places[i]->stopping = true;
		pthread_cond_broadcast(&places[i]->work);
		pthread_cond_broadcast(&places[i]->stop_or_check);
		pthread_mutex_unlock(&places[i]->lock);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_SECONDS;
	for (size_t i = 0; i < count; i++)
		if (places[i] && !stop_one(places[i], &until))
			return false;
	for (size_t i = 0; i < count; i++)
		place_free(places[i]);
	return true;
}

const char *place_name(const struct place *p)
{
	return p->setting->name;
}

json_t *place_status(struct place *p)
{
	pthread_mutex_lock(&p->lock);
	json_t *status = json_pack("{s:s,s:s,s:s,s:s,s:I}", "name", p->setting->name, "type",
	        p->setting->type, "reason", reason_code(p->reason), "text", p->text, "checked",
	        (json_int_t)p->checked);
	pthread_mutex_unlock(&p->lock);
	return status;
}
