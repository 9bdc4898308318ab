/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/fetch_client.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/fetch_socket.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS  (NM_SOURCE_SECONDS * 1000 + 3000) /* its own limit, and the way */
#define CONNECT_MS 3000
#define STATUS_MS  5000
#define AGAIN_MS   1000

/* Somebody inside fetch_client_lookup(); lives on his stack. */
struct question {
	struct question *next;
	json_int_t id;
	bool answered;
	struct fetch_answer *answer;
};

struct fetch_client {
	const char *path;
	int stop; /* eventfd */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;
	int fd; /* -1: not connected */
	bool stopping;
	json_int_t next_id, status_id;
	struct question *questions;
	size_t source_count;
	struct fetch_source sources[NM_MAX_SOURCES];
	struct secret *message; /* the thread's */
};

static void unreachable(struct fetch_answer *ret, const char *why)
{
	*ret = (struct fetch_answer){.reason = REASON_SOURCE_UNREACHABLE};
	(void)snprintf(ret->text, sizeof(ret->text), "%s", why);
}

/* --- questions (under the lock) -------------------------------------------------------------- */

static void answered(struct fetch_client *f, json_int_t id, json_t *j)
{
	for (struct question *q = f->questions; q; q = q->next) {
		if (q->id != id || q->answered)
			continue;
		int r = fetch_answer_lookup(j, q->answer);
		if (r < 0) {
			q->answer->reason = REASON_SOURCE_FAILED;
			(void)snprintf(q->answer->text, sizeof(q->answer->text),
			        "netmend-fetch gave no proper answer");
		}
		q->answered = true;
	}
	pthread_cond_broadcast(&f->news);
}

static void lost(struct fetch_client *f)
{
	(void)close(f->fd);
	f->fd = -1;
	f->source_count = 0;
	for (struct question *q = f->questions; q; q = q->next)
		if (!q->answered) {
			unreachable(q->answer, "netmend-fetch went away");
			q->answered = true;
		}
	pthread_cond_broadcast(&f->news);
}

static struct timespec in_ms(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	return t;
}

/* False: not in time. It may be starting, like we. */
static bool wait_connected(struct fetch_client *f)
{
	struct timespec end = in_ms(CONNECT_MS);
	int r = 0;

	while (f->fd < 0 && !f->stopping && r == 0)
		r = pthread_cond_timedwait(&f->news, &f->lock, &end);
	return f->fd >= 0;
}

static void wait_answered(struct fetch_client *f, struct question *q)
{
	struct timespec end = in_ms(ANSWER_MS);
	struct question **at = &f->questions;
	int r = 0;

	q->next = f->questions;
	f->questions = q;
	while (!q->answered && !f->stopping && r == 0)
		r = pthread_cond_timedwait(&f->news, &f->lock, &end);
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
}

void fetch_client_lookup(struct fetch_client *f, const char *source, const struct guid *protector,
        const struct subject *s, struct fetch_answer *ret)
{
	struct question q = {.answer = ret};
	char id[GUID_TEXT];

	guid_format(protector, id);
	unreachable(ret, "netmend-fetch does not run");
	pthread_mutex_lock(&f->lock);
	q.id = f->next_id++;
	if (wait_connected(f) &&
	        fetch_send(f->fd, json_pack("{s:i,s:I,s:s,s:s,s:s,s:{s:s,s:s,s:s,s:s}}", "v", 1,
	                                  "id", q.id, "op", "lookup", "source", source, "protector",
	                                  id, "machine", "name", s->name, "serial", s->serial,
	                                  "uuid", s->uuid, "mac", s->mac)) == 0) {
		unreachable(ret, "no answer in time");
		wait_answered(f, &q);
	}
	pthread_mutex_unlock(&f->lock);
}

void fetch_client_source(struct fetch_client *f, const char *name, struct fetch_source *ret)
{
	*ret = (struct fetch_source){.reason = REASON_SOURCE_UNREACHABLE};
	(void)snprintf(ret->text, sizeof(ret->text), "netmend-fetch does not answer");
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->source_count; i++)
		if (strcmp(f->sources[i].name, name) == 0)
			*ret = f->sources[i];
	pthread_mutex_unlock(&f->lock);
}

/* --- the thread ------------------------------------------------------------------------------ */

/* False: the connection is of no use any more. */
static bool take_message(struct fetch_client *f)
{
	json_int_t id = 0;
	ssize_t n = recv(f->fd, f->message->data, f->message->len, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0 || (size_t)n > f->message->len)
		return false;
	json_t *j =
	        json_loadb((const char *)f->message->data, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	bool good = j && json_unpack(j, "{s:I}", "id", &id) == 0;
	pthread_mutex_lock(&f->lock);
	if (good && id == f->status_id)
		good = fetch_answer_status(j, f->sources, &f->source_count) == 0;
	else if (good)
		answered(f, id, j);
	if (!good)
		f->source_count = 0;
	pthread_mutex_unlock(&f->lock);
	json_decref(j);
	secret_wipe(f->message->data, f->message->len);
	if (!good)
		log_warning("netmend-fetch sends what is no answer");
	return good;
}

static bool ask_status(struct fetch_client *f)
{
	pthread_mutex_lock(&f->lock);
	f->status_id = f->next_id++;
	int r = fetch_send(
	        f->fd, json_pack("{s:i,s:I,s:s}", "v", 1, "id", f->status_id, "op", "status"));
	pthread_mutex_unlock(&f->lock);
	return r == 0 || r == -EAGAIN;
}

/* Until the connection ends (true) or we do. */
static bool talk(struct fetch_client *f)
{
	int64_t asked = 0;

	for (;;) {
		struct pollfd fds[2] = {
		        {.fd = f->fd, .events = POLLIN}, {.fd = f->stop, .events = POLLIN}};
		if (clock_steady() - asked >= STATUS_MS) {
			asked = clock_steady();
			if (!ask_status(f))
				return true;
		}
		(void)poll(fds, 2, STATUS_MS);
		if (fds[1].revents)
			return false;
		if (fds[0].revents && !take_message(f))
			return true;
	}
}

static void *run(void *context)
{
	struct fetch_client *f = context;
	struct pollfd stop = {.fd = f->stop, .events = POLLIN};
	bool go_on = true;

	while (go_on) {
		int fd = guard_connect(f->path, 0);
		if (fd >= 0) {
			pthread_mutex_lock(&f->lock);
			f->fd = fd;
			pthread_cond_broadcast(&f->news);
			pthread_mutex_unlock(&f->lock);
			go_on = talk(f);
			pthread_mutex_lock(&f->lock);
			lost(f);
			pthread_mutex_unlock(&f->lock);
		}
		if (go_on && poll(&stop, 1, AGAIN_MS) > 0)
			go_on = false;
	}
	return NULL;
}

struct fetch_client *fetch_client_new(const char *path)
{
	struct fetch_client *f = calloc(1, sizeof(*f));
	pthread_condattr_t monotonic;

	if (!f)
		return NULL;
	f->path = path;
	f->fd = -1;
	f->next_id = 1;
	f->stop = eventfd(0, EFD_CLOEXEC);
	f->message = secret_new(NM_ESCROW_MESSAGE_MAX);
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&f->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (f->stop >= 0 && f->message && pthread_create(&f->thread, NULL, run, f) == 0)
		return f;
	if (f->stop >= 0)
		(void)close(f->stop);
	secret_free(f->message);
	free(f);
	return NULL;
}

void fetch_client_stop(struct fetch_client *f)
{
	uint64_t one = 1;

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	pthread_cond_broadcast(&f->news);
	pthread_mutex_unlock(&f->lock);
	if (write(f->stop, &one, sizeof(one)) != sizeof(one))
		log_error("cannot stop asking netmend-fetch");
}

void fetch_client_free(struct fetch_client *f)
{
	if (!f)
		return;
	fetch_client_stop(f);
	pthread_join(f->thread, NULL);
	(void)close(f->stop);
	secret_free(f->message);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->news);
	free(f);
}
