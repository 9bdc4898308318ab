/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct loop {
	int epoll;
};

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		int r = -errno;
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	(void)close(l->epoll);
	free(l);
}

int loop_add(struct loop *l, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, source->fd, &event) < 0 ? -errno : 0;
}

void loop_remove(struct loop *l, struct loop_source *source)
{
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, source->fd, NULL);
}

int loop_run(struct loop *l, int timeout)
{
	struct epoll_event event;
	int n = epoll_wait(l->epoll, &event, 1, timeout);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 1) {
		struct loop_source *source = event.data.ptr;
		source->ready(source->context, event.events);
	}
	return 0;
}
