/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/guard/asker.h"

#include "fixer/base/json_wipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds */

struct asker {
	int fd;
	unsigned references;
	pthread_mutex_t lock;
};

struct asker *asker_new(int fd)
{
	const struct timeval patience = {.tv_sec = PATIENCE};
	struct asker *a = calloc(1, sizeof(*a));

	if (!a || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0) {
		free(a);
		(void)close(fd);
		return NULL;
	}
	a->fd = fd;
	a->references = 1;
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

int asker_fd(const struct asker *a)
{
	return a->fd;
}

struct asker *asker_hold(struct asker *a)
{
	pthread_mutex_lock(&a->lock);
	a->references++;
	pthread_mutex_unlock(&a->lock);
	return a;
}

void asker_drop(struct asker *a)
{
	pthread_mutex_lock(&a->lock);
	bool last = --a->references == 0;
	pthread_mutex_unlock(&a->lock);
	if (!last)
		return;
	(void)close(a->fd);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

int asker_send(struct asker *a, json_t *answer, bool patient)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	int r = text ? 0 : -ENOMEM;

	json_decref(answer);
	if (text &&
	        send(a->fd, text, strlen(text), MSG_NOSIGNAL | (patient ? 0 : MSG_DONTWAIT)) < 0)
		r = -errno;
	json_wipe_text(text);
	if (r < 0)
		(void)shutdown(a->fd, SHUT_RDWR); /* the reader sees it and drops it */
	return r;
}
