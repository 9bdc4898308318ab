/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web process's only thread waits here. */
#ifndef WEB_LOOP_H
#define WEB_LOOP_H

#include <stdint.h>

struct loop; /* an epoll descriptor */

/* Owned by who is interested; must stay until it is removed. */
struct loop_source {
	int fd;
	void (*ready)(void *context, uint32_t events); /* EPOLLIN, ... */
	void *context;
};

int loop_new(struct loop **ret);
void loop_free(struct loop *l);

/* events: EPOLLIN, EPOLLOUT. 0 or -errno. */
int loop_add(struct loop *l, struct loop_source *source, uint32_t events);
/* Before the descriptor is closed. */
void loop_remove(struct loop *l, struct loop_source *source);

/* Waits at most timeout ms (-1: for ever) and handles one ready source: a handler may remove any
 * source, as no other is pending. 0 or -errno. */
int loop_run(struct loop *l, int timeout);

#endif
