/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/pool.h"

#include "fixer/base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WAITING_MAX 1024
/* Enough for TLS, the resolver and libfreeipmi; locked in memory, so no more than that. */
#define STACK_BYTES (256 * 1024)
#define STACK_USED  (192 * 1024) /* wiped behind each order */

struct job {
	struct job *next;
	struct pool *pool;
	struct asker *asker;
	struct power_message m;
};

struct pool {
	pthread_mutex_t lock;
	pthread_attr_t attr;
	size_t threads, waiting_count;
	struct job *running, *waiting;
};

struct pool *pool_new(void)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_attr_init(&p->attr);
#ifndef __SANITIZE_ADDRESS__ /* it needs many times as much */
	(void)pthread_attr_setstacksize(&p->attr, STACK_BYTES);
	(void)pthread_setattr_default_np(&p->attr); /* libcurl's resolver has threads, too */
#endif
	(void)pthread_attr_setdetachstate(&p->attr, PTHREAD_CREATE_DETACHED);
	return p;
}

static void job_free(struct job *j)
{
	power_message_clear(&j->m);
	asker_drop(j->asker);
	free(j);
}

static const char *name_of(const struct power_message *m)
{
	return m->console ? "console" : power_order_name(m->job.order);
}

/* --- one order ------------------------------------------------------------------------------- */

#ifndef __SANITIZE_ADDRESS__
/* What libraries left of a password in frames that are gone. */
static __attribute__((noinline)) void wipe_stack(void)
{
	uint8_t gone[STACK_USED];

	secret_wipe(gone, sizeof(gone));
}
#else
static void wipe_stack(void)
{
}
#endif

json_t *pool_drive(const struct power_message *m, struct power_result *result)
{
	if (!m->console) {
		power_drive(&m->job, result);
		return power_message_answer(m->id, result);
	}
	struct power_screen *screen = calloc(1, sizeof(*screen));
	if (!screen)
		return NULL;
	power_console(&m->job, result, screen);
	json_t *answer = power_message_screen(m->id, result, screen);
	free(screen);
	return answer;
}

static json_t *carry_out(const struct job *j)
{
	const struct power_message *m = &j->m;
	struct power_result *result;
	int64_t begun = power_clock();
	char text[128];

	if (begun + POWER_SECONDS_MIN * 1000 > m->job.deadline) {
		(void)snprintf(text, sizeof(text),
		        "too many orders at once: its %u seconds went by before its turn; nothing "
		        "was done",
		        m->seconds);
		return power_message_refusal(m, REASON_POWER_BUSY, text);
	}
	result = calloc(1, sizeof(*result));
	if (!result)
		return power_message_refusal(m, REASON_OUT_OF_MEMORY, "no memory");
	json_t *answer = pool_drive(m, result);
	log_info("order=%s address=%s type=%s reason=%s ms=%lld", name_of(m), m->job.target.address,
	        result->type ? result->type : m->job.type, reason_code(result->reason),
	        (long long)(power_clock() - begun));
	free(result);
	return answer;
}

static void take_out(struct job **list, const struct job *j)
{
	while (*list && *list != j)
		list = &(*list)->next;
	if (*list)
		*list = j->next;
}

static struct job *next_job(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	struct job *j = p->waiting;
	if (j) {
		p->waiting = j->next;
		p->waiting_count--;
		j->next = p->running;
		p->running = j;
	} else {
		p->threads--;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void *work(void *context)
{
	struct job *j = context;
	struct pool *p = j->pool;

	for (; j; j = next_job(p)) {
		json_t *answer = carry_out(j);
		wipe_stack();
		/* Before it is answered: the next order may be for the same one. */
		pthread_mutex_lock(&p->lock);
		take_out(&p->running, j);
		pthread_mutex_unlock(&p->lock);
		(void)asker_send(j->asker, answer, true);
		job_free(j);
	}
	return NULL;
}

/* --- taking orders --------------------------------------------------------------------------- */

static bool same_bmc(const struct power_target *a, const struct power_target *b)
{
	return a->port == b->port && strcasecmp(a->address, b->address) == 0;
}

static bool is_driven(const struct job *list, const struct power_target *t)
{
	for (; list; list = list->next)
		if (same_bmc(&list->m.job.target, t))
			return true;
	return false;
}

static bool start(struct pool *p, struct job *j)
{
	pthread_t thread;

	j->next = p->running;
	p->running = j;
	p->threads++;
	if (pthread_create(&thread, &p->attr, work, j) == 0)
		return true;
	p->threads--;
	p->running = j->next;
	return false;
}

/* NULL: it runs or waits; else why it does not. */
static const char *put(struct pool *p, struct job *j)
{
	struct job **end = &p->waiting;

	if (is_driven(p->running, &j->m.job.target) || is_driven(p->waiting, &j->m.job.target))
		return "an order for this controller is under way";
	if (p->threads < NM_POWER_AT_ONCE && start(p, j))
		return NULL;
	if (p->threads == 0)
		return "no thread can be made for it";
	if (p->waiting_count == WAITING_MAX)
		return "too many orders wait for their turn";
	while (*end)
		end = &(*end)->next;
	j->next = NULL;
	*end = j;
	p->waiting_count++;
	return NULL;
}

void pool_take(struct pool *p, struct asker *asker, struct power_message *m)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j) {
		(void)asker_send(
		        asker, power_message_refusal(m, REASON_OUT_OF_MEMORY, "no memory"), false);
		power_message_clear(m);
		return;
	}
	*j = (struct job){.pool = p, .asker = asker_hold(asker), .m = *m};
	*m = (struct power_message){0};
	j->m.job.deadline = power_clock() + (int64_t)j->m.seconds * 1000;
	pthread_mutex_lock(&p->lock);
	const char *refused = put(p, j); /* once it is taken, j is another thread's */
	pthread_mutex_unlock(&p->lock);
	if (!refused)
		return;
	(void)asker_send(asker, power_message_refusal(&j->m, REASON_POWER_BUSY, refused), false);
	job_free(j);
}

void pool_forget(struct pool *p, const struct asker *asker)
{
	struct job *gone = NULL;

	pthread_mutex_lock(&p->lock);
	for (struct job **at = &p->waiting; *at;) {
		struct job *j = *at;
		if (j->asker != asker) {
			at = &j->next;
			continue;
		}
		*at = j->next;
		p->waiting_count--;
		j->next = gone;
		gone = j;
	}
	pthread_mutex_unlock(&p->lock);
	while (gone) {
		struct job *j = gone;
		gone = j->next;
		job_free(j);
	}
}

void pool_tell_end(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	for (const struct job *j = p->running; j; j = j->next)
		log_warning("stopped in the middle of order=%s address=%s: look whether that "
		            "machine is on",
		        name_of(&j->m), j->m.job.target.address);
	pthread_mutex_unlock(&p->lock);
}
