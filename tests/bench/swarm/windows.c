/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's Windows: a port that answers on its address, as file sharing does. */
#include "tests/bench/swarm/machine.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 445

static void knock(struct loop_source *source)
{
	struct machine *m =
	        (struct machine *)(void *)((char *)source - offsetof(struct machine, window));
	int fd;

	while ((fd = accept4(m->window_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		m->knocked = true;
		(void)close(fd);
	}
}

void windows_up(struct machine *m)
{
	struct sockaddr_in at = {
	        .sin_family = AF_INET, .sin_addr = m->address, .sin_port = htons(PORT)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &m->window};
	int on = 1;

	m->window = (struct loop_source){.ready = knock};
	m->window_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (m->window_fd < 0 ||
	        setsockopt(m->window_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	        bind(m->window_fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	        listen(m->window_fd, 4) < 0 ||
	        epoll_ctl(m->swarm->client.epoll, EPOLL_CTL_ADD, m->window_fd, &event) < 0) {
		machine_problem(m, "its Windows cannot listen: %s", strerror(errno));
		return;
	}
	m->expects_return = true;
}

void windows_down(struct machine *m)
{
	if (m->window_fd >= 0)
		(void)close(m->window_fd);
	m->window_fd = -1;
}
