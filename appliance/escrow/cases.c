/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/cases_private.h"
#include "appliance/escrow/clock.h"
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sessions are chosen by whoever speaks for web: nobody knows which fall into one bucket. */
static struct case_file **bucket_of(struct cases *c, const char *session)
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, (const uint8_t *)session, strlen(session), c->hash_key);
	return &c->buckets[get_le64(hash) % CASES_BUCKETS];
}

static struct case_file *find(struct cases *c, const char *session)
{
	struct case_file *f = *bucket_of(c, session);

	while (f && strcmp(f->ask->session, session) != 0)
		f = f->next;
	return f;
}

/* Takes ask. NULL: too many, or no memory. */
static struct case_file *open_case(struct cases *c, struct ask *ask)
{
	struct case_file **bucket = bucket_of(c, ask->session), *f = NULL;

	if (c->count < NM_MAX_CASES && ask->protector_count <= CASES_PROTECTORS - c->protectors)
		f = calloc(1, sizeof(*f));
	if (!f) {
		ask_free(ask);
		return NULL;
	}
	f->ask = ask;
	f->next = *bucket;
	*bucket = f;
	c->count++;
	c->undecided++;
	c->protectors += ask->protector_count;
	return f;
}

/* Not while it is queued or worked on. */
static void close_case(struct cases *c, struct case_file *f)
{
	struct case_file **at = bucket_of(c, f->ask->session);

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	c->count--;
	c->undecided -= !f->decided;
	c->protectors -= f->ask->protector_count;
	json_decref(f->outcome.volumes);
	work_free(f->work);
	client_drop(f->client);
	ask_free(f->ask);
	free(f);
}

struct cases *cases_new(struct escrow *e)
{
	struct cases *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->escrow = e;
	c->local.last = &c->local.first;
	c->distant.last = &c->distant.first;
	randombytes_buf(c->hash_key, sizeof(c->hash_key));
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->local.news, NULL);
	pthread_cond_init(&c->distant.news, NULL);
	return c;
}

void cases_stop(struct cases *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_broadcast(&c->local.news);
	pthread_cond_broadcast(&c->distant.news);
	pthread_mutex_unlock(&c->lock);
}

void cases_free(struct cases *c)
{
	if (!c)
		return;
	cases_stop(c);
	for (size_t i = 0; i < c->thread_count; i++)
		pthread_join(c->threads[i], NULL);
	for (size_t i = 0; i < CASES_BUCKETS; i++)
		while (c->buckets[i])
			close_case(c, c->buckets[i]);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->local.news);
	pthread_cond_destroy(&c->distant.news);
	free(c);
}

/* --- asks and answers ------------------------------------------------------------------------ */

/* Tells who waits what is known now. */
void case_answer(struct cases *c, struct case_file *f)
{
	struct outcome waiting;

	if (!f->waits)
		return;
	f->waits = false;
	if (!f->decided)
		case_waiting_outcome(c, f, &waiting);
	client_send(f->client, outcome_answer(f->decided ? &f->outcome : &waiting, f->id));
}

static void wait_for(struct case_file *f, struct client *client, json_int_t id, int64_t now)
{
	if (f->client != client) {
		client_drop(f->client);
		f->client = client_hold(client);
	}
	f->asked_at = now;
	f->waits = true;
	f->id = id;
	f->deadline = now + CASE_WAIT_MS;
}

static bool is_due(const struct case_file *f, int64_t now)
{
	if (f->stage != CASE_IDLE || (f->decided && f->outcome.status != OUTCOME_PENDING))
		return false;
	return !f->decided ||
	       now - f->decided_at >= (f->outcome.rest ? CASE_REST_MS : CASE_AGAIN_MS);
}

static void answer_busy(struct client *client, json_int_t id)
{
	const struct outcome busy = {.status = OUTCOME_PENDING,
	        .reason = REASON_WAITING_KEY,
	        .text = "more machines are waiting than fit"};

	client_send(client, outcome_answer(&busy, id));
}

/* Consumes an ask of the case's own session. Its machine may be in another campaign since; what one
 * asked for before is not taken back. */
static void take_up(struct case_file *f, struct ask *ask)
{
	struct subject *is = &ask->subject, *was = &f->ask->subject;
	struct ask *old = f->ask;

	if (was->approval > is->approval)
		is->approval = was->approval;
	if (!is->contact[0])
		memcpy(is->contact, was->contact, sizeof(is->contact));
	bool news = is->approval != was->approval || strcmp(is->campaign, was->campaign) != 0;
	if (news && f->stage == CASE_IDLE) {
		f->ask = ask;
		ask = old;
	}
	ask_free(ask);
}

bool cases_ask(struct cases *c, struct client *client, json_int_t id, struct ask *ask)
{
	int64_t now = clock_steady();

	pthread_mutex_lock(&c->lock);
	struct case_file *f = find(c, ask->session);
	bool same = !f || ask_same(f->ask, ask);
	if (f && same)
		take_up(f, ask);
	else if (!f)
		f = open_case(c, ask);
	if (same && f) {
		case_answer(c, f); /* an earlier ask that still waits */
		wait_for(f, client, id, now);
		if (is_due(f, now))
			case_enqueue(c, f, false);
		else if (f->stage == CASE_IDLE)
			case_answer(c, f);
	}
	pthread_mutex_unlock(&c->lock);
	if (!f)
		answer_busy(client, id);
	return same;
}

void cases_tick(struct cases *c)
{
	int64_t now = clock_steady();

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < CASES_BUCKETS; i++) {
		struct case_file *next;
		for (struct case_file *f = c->buckets[i]; f; f = next) {
			next = f->next;
			if (f->waits && now >= f->deadline)
				case_answer(c, f);
			if (f->stage != CASE_IDLE || now - f->asked_at < CASE_FORGET_MS)
				continue;
			/* Nobody may use its approval under another key. */
			gate_used(c->escrow->gate, f->ask->session);
			close_case(c, f);
		}
	}
	pthread_mutex_unlock(&c->lock);
}

/* --- what others do to cases ----------------------------------------------------------------- */

static void wake(struct cases *c, struct case_file *f, bool first)
{
	if (f->decided && f->outcome.status != OUTCOME_PENDING)
		return;
	if (f->stage == CASE_IDLE && first)
		case_enqueue_first(c, f);
	else if (f->stage == CASE_IDLE)
		case_enqueue(c, f, false);
	else if (f->stage == CASE_WORKING || f->remote)
		f->again = true;
}

void cases_wake(struct cases *c, const char *session)
{
	pthread_mutex_lock(&c->lock);
	struct case_file *f = find(c, session);
	if (f)
		wake(c, f, true);
	pthread_mutex_unlock(&c->lock);
}

void cases_wake_all(struct cases *c)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < CASES_BUCKETS; i++)
		for (struct case_file *f = c->buckets[i]; f; f = f->next)
			wake(c, f, false);
	pthread_mutex_unlock(&c->lock);
}

size_t cases_of_machine(struct cases *c, int64_t machine, struct ask **ret, size_t max)
{
	size_t count = 0;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < CASES_BUCKETS; i++)
		for (struct case_file *f = c->buckets[i]; f && count < max; f = f->next)
			if (f->ask->subject.machine == machine &&
			        (!f->decided || f->outcome.status == OUTCOME_PENDING))
				ret[count++] = ask_hold(f->ask);
	pthread_mutex_unlock(&c->lock);
	return count;
}

static bool is_called(const struct subject *s, const char *which)
{
	char number[24];

	(void)snprintf(number, sizeof(number), "%lld", (long long)s->machine);
	return strcasecmp(s->mac, which) == 0 || strcasecmp(s->name, which) == 0 ||
	       strcmp(number, which) == 0;
}

bool cases_find(struct cases *c, const char *which, struct subject *ret)
{
	const struct subject *found = NULL;
	bool several = false;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; which[0] && i < CASES_BUCKETS; i++)
		for (struct case_file *f = c->buckets[i]; f; f = f->next) {
			const struct subject *s = &f->ask->subject;
			if (!is_called(s, which))
				continue;
			/* A machine gives itself its name: it may be another one's. */
			several |= found && found->machine != s->machine;
			found = s;
		}
	if (found && !several)
		*ret = *found;
	pthread_mutex_unlock(&c->lock);
	return found && !several;
}

size_t cases_undecided(struct cases *c)
{
	pthread_mutex_lock(&c->lock);
	size_t count = c->undecided;
	pthread_mutex_unlock(&c->lock);
	return count;
}
