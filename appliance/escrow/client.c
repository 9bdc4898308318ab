/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/client.h"
#include "fixer/base/json_wipe.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX ((size_t)8 << 20)

struct packet {
	struct packet *next;
	char *text;
};

struct client {
	int fd, wake;
	uid_t uid;
	pthread_mutex_t lock;
	unsigned references;
	struct packet *first, **last;
	size_t queued; /* bytes */
	bool gone;
};

struct client *client_new(int fd, uid_t uid, int wake)
{
	struct client *c = calloc(1, sizeof(*c));
	int flags = fcntl(fd, F_GETFL);

	if (!c || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		free(c);
		(void)close(fd);
		return NULL;
	}
	c->fd = fd;
	c->wake = wake;
	c->uid = uid;
	c->references = 1;
	c->last = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

struct client *client_hold(struct client *c)
{
	pthread_mutex_lock(&c->lock);
	c->references++;
	pthread_mutex_unlock(&c->lock);
	return c;
}

static void discard(struct client *c)
{
	while (c->first) {
		struct packet *p = c->first;
		c->first = p->next;
		json_wipe_text(p->text);
		free(p);
	}
	c->last = &c->first;
	c->queued = 0;
}

void client_drop(struct client *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	bool last = --c->references == 0;
	pthread_mutex_unlock(&c->lock);
	if (!last)
		return;
	discard(c);
	if (c->fd >= 0)
		(void)close(c->fd);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int client_fd(const struct client *c)
{
	return c->fd;
}

uid_t client_uid(const struct client *c)
{
	return c->uid;
}

static void hang_up(struct client *c)
{
	c->gone = true;
	discard(c);
	(void)shutdown(c->fd, SHUT_RDWR);
}

void client_close(struct client *c)
{
	pthread_mutex_lock(&c->lock);
	hang_up(c);
	(void)close(c->fd);
	c->fd = -1;
	pthread_mutex_unlock(&c->lock);
}

/* True when the socket has taken it, or never will. */
static bool send_now(struct client *c, const char *text)
{
	if (send(c->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return true;
	if (errno == EAGAIN || errno == EINTR)
		return false;
	hang_up(c);
	return true;
}

/* Takes text. */
static void enqueue(struct client *c, char *text)
{
	struct packet *p = calloc(1, sizeof(*p));
	size_t len = strlen(text);
	uint64_t one = 1;

	if (!p || c->queued + len > QUEUE_MAX) {
		log_warning("a connection of uid=%u does not read: hung up", (unsigned)c->uid);
		json_wipe_text(text);
		free(p);
		hang_up(c);
		return;
	}
	p->text = text;
	*c->last = p;
	c->last = &p->next;
	c->queued += len;
	if (write(c->wake, &one, sizeof(one)) < 0)
		hang_up(c); /* nobody would ever send it */
}

void client_send(struct client *c, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	if (!text)
		return;
	pthread_mutex_lock(&c->lock);
	if (c->gone || (!c->first && send_now(c, text)))
		json_wipe_text(text);
	else
		enqueue(c, text);
	pthread_mutex_unlock(&c->lock);
}

bool client_waits(struct client *c)
{
	pthread_mutex_lock(&c->lock);
	bool waits = c->first != NULL;
	pthread_mutex_unlock(&c->lock);
	return waits;
}

void client_flush(struct client *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->first && send_now(c, c->first->text) && !c->gone) {
		struct packet *p = c->first;
		c->first = p->next;
		if (!c->first)
			c->last = &c->first;
		c->queued -= strlen(p->text);
		json_wipe_text(p->text);
		free(p);
	}
	pthread_mutex_unlock(&c->lock);
}
