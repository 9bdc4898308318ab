/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/bmc/link.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/fetch_socket.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 3000
#define ROOM_MS    1000
#define TICK_MS    1000
#define AGAIN_MS   1000
#define GRACE_MS   10000 /* netmend-power ends an order by itself before that is over */

struct question {
	struct question *next;
	json_int_t id;
	int64_t until; /* clock_steady() */
	bool console;
	void *item;
};

struct bmc_link {
	const char *path;
	bmc_link_fn *answered;
	void *context;
	int stop; /* eventfd */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t connected;
	int fd; /* -1: not connected */
	bool stopping;
	int64_t gone; /* since when it is not connected, clock_steady() */
	json_int_t next_id;
	struct question *questions;
	struct secret *message; /* the thread's */
};

/* --- questions ------------------------------------------------------------------------------- */

static void give_up(struct bmc_link *l, struct question *list, const char *why)
{
	while (list) {
		struct question *q = list;
		struct bmc_answer a = {.reason = REASON_POWER_BUSY};
		list = q->next;
		text_clean(a.text, sizeof(a.text), why);
		l->answered(l->context, q->item, &a);
		free(q);
	}
}

/* Out of the list: those that waited too long, or all. Under the lock. */
static struct question *take_late(struct bmc_link *l, int64_t now)
{
	struct question **at = &l->questions, *late = NULL;

	while (*at) {
		struct question *q = *at;
		if (q->until > now) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		q->next = late;
		late = q;
	}
	return late;
}

static struct question *take_one(struct bmc_link *l, json_int_t id)
{
	struct question **at = &l->questions;

	pthread_mutex_lock(&l->lock);
	while (*at && (*at)->id != id)
		at = &(*at)->next;
	struct question *q = *at;
	if (q)
		*at = q->next;
	pthread_mutex_unlock(&l->lock);
	return q;
}

static void expire(struct bmc_link *l)
{
	pthread_mutex_lock(&l->lock);
	struct question *late = take_late(l, clock_steady());
	pthread_mutex_unlock(&l->lock);
	give_up(l, late,
	        "netmend-power gave no answer in time: what became of the order is not known");
}

static void lost(struct bmc_link *l, const char *why)
{
	pthread_mutex_lock(&l->lock);
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	l->gone = clock_steady();
	struct question *all = take_late(l, INT64_MAX);
	pthread_mutex_unlock(&l->lock);
	give_up(l, all, why);
}

/* --- asking ---------------------------------------------------------------------------------- */

/* False: not in time. Hundreds that ask while it is away do not wait one behind the other: all of
 * them until the same moment. Under the lock. */
static bool wait_connected(struct bmc_link *l)
{
	int64_t until = l->gone + CONNECT_MS;
	struct timespec end = {.tv_sec = (time_t)(until / 1000), .tv_nsec = until % 1000 * 1000000};
	int r = 0;

	while (l->fd < 0 && !l->stopping && r == 0)
		r = pthread_cond_timedwait(&l->connected, &l->lock, &end);
	return l->fd >= 0 && !l->stopping;
}

/* Its reader takes a message at once; hundreds in one moment fill the socket all the same. */
static int send_soon(int fd, json_t *question)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int r = fetch_send(fd, json_incref(question));

	if (r == -EAGAIN && poll(&p, 1, ROOM_MS) == 1)
		r = fetch_send(fd, json_incref(question));
	return r;
}

int bmc_link_ask(struct bmc_link *l, json_t *question, bool console, unsigned seconds, void *item)
{
	struct question *q = calloc(1, sizeof(*q));
	int r = -ENOMEM;

	if (q && question) {
		pthread_mutex_lock(&l->lock);
		*q = (struct question){.id = l->next_id++,
		        .until = clock_steady() + (int64_t)seconds * 1000 + GRACE_MS,
		        .console = console,
		        .item = item};
		if (json_object_set_new(question, "v", json_integer(1)) == 0 &&
		        json_object_set_new(question, "id", json_integer(q->id)) == 0)
			r = wait_connected(l) ? send_soon(l->fd, question) : -ENOTCONN;
		if (r == 0) {
			q->next = l->questions;
			l->questions = q;
			q = NULL;
		}
		pthread_mutex_unlock(&l->lock);
	}
	json_decref(question);
	free(q);
	return r;
}

bool bmc_link_connected(struct bmc_link *l)
{
	pthread_mutex_lock(&l->lock);
	bool connected = l->fd >= 0;
	pthread_mutex_unlock(&l->lock);
	return connected;
}

/* --- the thread ------------------------------------------------------------------------------ */

static void take_answer(struct bmc_link *l, json_t *j, json_int_t id)
{
	struct question *q = take_one(l, id);
	struct bmc_answer a;

	if (!q) {
		log_warning("netmend-power answers what was not asked, or given up");
		return;
	}
	if (bmc_answer_parse(j, q->console, &a) < 0) {
		a = (struct bmc_answer){.reason = REASON_INTERNAL};
		text_clean(a.text, sizeof(a.text), "netmend-power gave no proper answer");
		log_error("%s", a.text);
	}
	l->answered(l->context, q->item, &a);
	bmc_answer_drop(&a);
	free(q);
}

/* False: the connection is of no use any more. */
static bool take_message(struct bmc_link *l)
{
	json_int_t id = 0;
	ssize_t n = recv(l->fd, l->message->data, l->message->len, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0 || (size_t)n > l->message->len)
		return false;
	json_t *j =
	        json_loadb((const char *)l->message->data, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	bool good = j && json_unpack(j, "{s:I}", "id", &id) == 0;
	if (good)
		take_answer(l, j, id);
	else
		log_warning("netmend-power sends what is no answer");
	json_decref(j);
	return good;
}

/* Until the connection ends (true) or we do. */
static bool talk(struct bmc_link *l)
{
	for (;;) {
		struct pollfd fds[2] = {
		        {.fd = l->fd, .events = POLLIN}, {.fd = l->stop, .events = POLLIN}};
		(void)poll(fds, 2, TICK_MS);
		if (fds[1].revents)
			return false;
		if (fds[0].revents && !take_message(l))
			return true;
		expire(l);
	}
}

static void *run(void *context)
{
	struct bmc_link *l = context;
	struct pollfd stop = {.fd = l->stop, .events = POLLIN};
	bool go_on = true;

	while (go_on) {
		int fd = guard_connect(l->path, 0);
		if (fd >= 0) {
			pthread_mutex_lock(&l->lock);
			l->fd = fd;
			pthread_cond_broadcast(&l->connected);
			pthread_mutex_unlock(&l->lock);
			go_on = talk(l);
			lost(l, "netmend-power went away: what became of the order is not known");
		}
		if (go_on && poll(&stop, 1, AGAIN_MS) > 0)
			go_on = false;
	}
	return NULL;
}

struct bmc_link *bmc_link_new(const char *path, bmc_link_fn *answered, void *context)
{
	struct bmc_link *l = calloc(1, sizeof(*l));
	pthread_condattr_t monotonic;

	if (!l)
		return NULL;
	*l = (struct bmc_link){.path = path,
	        .answered = answered,
	        .context = context,
	        .fd = -1,
	        .next_id = 1,
	        .gone = clock_steady()};
	l->stop = eventfd(0, EFD_CLOEXEC);
	l->message = secret_new(NM_ESCROW_MESSAGE_MAX);
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&l->connected, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (l->stop >= 0 && l->message && pthread_create(&l->thread, NULL, run, l) == 0)
		return l;
	if (l->stop >= 0)
		(void)close(l->stop);
	secret_free(l->message);
	free(l);
	return NULL;
}

void bmc_link_stop(struct bmc_link *l)
{
	uint64_t one = 1;

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	bool was = l->stopping;
	l->stopping = true;
	pthread_cond_broadcast(&l->connected);
	pthread_mutex_unlock(&l->lock);
	if (was)
		return;
	if (write(l->stop, &one, sizeof(one)) != sizeof(one))
		log_error("cannot stop asking netmend-power");
	pthread_join(l->thread, NULL);
	lost(l, "the appliance was stopped: what became of the order is not known");
}

void bmc_link_free(struct bmc_link *l)
{
	if (!l)
		return;
	bmc_link_stop(l);
	(void)close(l->stop);
	secret_free(l->message);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->connected);
	free(l);
}
