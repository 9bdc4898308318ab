/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before a machine is switched off: is somebody working on it? A connection to a port that Windows
 * opens, or its refusal, is a sign that something is up there. Nothing is sent. */
#include "appliance/api/power.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS   3000
#define KNOCK_MAX 128

static const uint16_t ports[] = {445, 135, 3389};
#define PORTS (sizeof(ports) / sizeof(ports[0]))

struct knock;

struct door {
	struct loop_source source; /* fd -1: closed */
	struct knock *knock;
	uint16_t port;
};

struct knock {
	struct knocks *all;
	bool used;
	int64_t until;
	char alive[80]; /* how it answered; "": not yet */
	struct fleet_power_question q;
	struct door doors[PORTS];
};

struct knocks {
	struct loop *loop;
	knock_done *done;
	void *context;
	struct knock knocks[KNOCK_MAX];
};

static void door_close(struct door *d)
{
	if (d->source.fd < 0)
		return;
	loop_remove(d->knock->all->loop, &d->source);
	(void)close(d->source.fd);
	d->source.fd = -1;
}

static void door_ready(void *context, uint32_t events)
{
	struct door *d = context;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	if (getsockopt(d->source.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	door_close(d);
	/* A refusal is a sign of life, too; but a fixer that hangs refuses as well. */
	bool waits = d->knock->q.machine.state == STATE_seen ||
	             d->knock->q.machine.state == STATE_ignored;
	bool refuses = error == ECONNREFUSED && waits && !d->knock->alive[0];
	if (error == 0 || refuses)
		(void)snprintf(d->knock->alive, sizeof(d->knock->alive),
		        error ? "%s refuses a connection to TCP port %u"
		              : "%s answers at TCP port %u",
		        d->knock->q.knock, d->port);
}

static void door_open(struct knock *k, size_t i)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(ports[i])};
	struct door *d = &k->doors[i];

	*d = (struct door){.source = {.fd = -1}, .knock = k, .port = ports[i]};
	if (inet_pton(AF_INET, k->q.knock, &address.sin_addr) != 1)
		return;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	d->source = (struct loop_source){.fd = fd, .ready = door_ready, .context = d};
	bool started = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
	               errno == EINPROGRESS;
	if (!started || loop_add(k->all->loop, &d->source, EPOLLOUT) < 0) {
		(void)close(fd);
		d->source.fd = -1;
	}
}

int knocks_begin(struct knocks *all, const struct fleet_power_question *q, int64_t now)
{
	for (size_t i = 0; i < KNOCK_MAX; i++) {
		struct knock *k = &all->knocks[i];
		if (k->used)
			continue;
		*k = (struct knock){.all = all, .used = true, .until = now + WAIT_MS, .q = *q};
		for (size_t p = 0; p < PORTS; p++)
			door_open(k, p);
		return 0;
	}
	return -EAGAIN;
}

static bool is_over(const struct knock *k, int64_t now)
{
	bool open = false;

	for (size_t i = 0; i < PORTS; i++)
		open = open || k->doors[i].source.fd >= 0;
	return k->alive[0] || !open || now >= k->until;
}

void knocks_tick(struct knocks *all, int64_t now)
{
	for (size_t i = 0; i < KNOCK_MAX; i++) {
		struct knock *k = &all->knocks[i];
		if (!k->used || !is_over(k, now))
			continue;
		for (size_t p = 0; p < PORTS; p++)
			door_close(&k->doors[p]);
		k->used = false;
		all->done(all->context, &k->q, k->alive);
	}
}

struct knocks *knocks_new(struct loop *loop, knock_done *done, void *context)
{
	struct knocks *k = calloc(1, sizeof(*k));

	if (k) {
		k->loop = loop;
		k->done = done;
		k->context = context;
	}
	return k;
}

void knocks_free(struct knocks *k)
{
	for (size_t i = 0; k && i < KNOCK_MAX; i++)
		for (size_t p = 0; k->knocks[i].used && p < PORTS; p++)
			door_close(&k->knocks[i].doors[p]);
	free(k);
}
