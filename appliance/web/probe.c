/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/probe.h"
#include "fixer/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUND_MS 5000
/* Connections of one round; with more machines waiting, each round takes the next ones. */
#define PROBES_MAX 192

static const uint16_t ports[] = {445, 135, 3389};
#define PORTS (sizeof(ports) / sizeof(ports[0]))

struct probe {
	struct loop_source source; /* fd -1: free */
	struct probes *all;
	int64_t machine;
	uint16_t port;
	char ip[IPV4_TEXT];
};

struct probes {
	struct loop *loop;
	struct fleet *fleet;
	int64_t round; /* when the present one began */
	/* Of those awaited, in the order of the walk, which is not that of their numbers: so many
	 * have had their turn, and so many were passed in this round. */
	size_t next, passed;
	struct probe probe[PROBES_MAX];
};

static void probe_end(struct probe *p)
{
	if (p->source.fd < 0)
		return;
	loop_remove(p->all->loop, &p->source);
	(void)close(p->source.fd);
	p->source.fd = -1;
}

static void probe_ready(void *context, uint32_t events)
{
	struct probe *p = context;
	int error = 0;
	socklen_t len = sizeof(error);
	char how[40];

	(void)events;
	if (getsockopt(p->source.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	probe_end(p);
	if (error && error != ECONNREFUSED)
		return;
	(void)snprintf(how, sizeof(how), "TCP port %u answers", p->port);
	int r = error ? fleet_refused(p->all->fleet, p->machine, p->ip)
	              : fleet_windows_by_id(p->all->fleet, p->machine, how);
	if (r < 0)
		log_error("machine %lld: %s", (long long)p->machine, strerror(-r));
}

static void probe_start(struct probes *all, struct probe *p, const struct machine *m, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (inet_pton(AF_INET, m->ip, &address.sin_addr) != 1)
		return;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	p->all = all;
	p->machine = m->id;
	p->port = port;
	(void)snprintf(p->ip, sizeof(p->ip), "%s", m->ip);
	p->source = (struct loop_source){.fd = fd, .ready = probe_ready, .context = p};
	bool started = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
	               errno == EINPROGRESS;
	if (!started || loop_add(all->loop, &p->source, EPOLLOUT) < 0) {
		(void)close(fd);
		p->source.fd = -1;
	}
}

static struct probe *probe_free(struct probes *p)
{
	for (size_t i = 0; i < PROBES_MAX; i++)
		if (p->probe[i].source.fd < 0)
			return &p->probe[i];
	return NULL;
}

static int machine_probe(const struct machine *m, void *context)
{
	struct probes *p = context;

	if (p->passed < p->next) {
		p->passed++;
		return 0;
	}
	for (size_t i = 0; i < PORTS; i++) {
		struct probe *probe = probe_free(p);
		if (!probe)
			return 1;
		probe_start(p, probe, m, ports[i]);
	}
	p->passed++;
	return 0;
}

void probes_tick(struct probes *p, int64_t now)
{
	if (p->round != 0 && now - p->round < ROUND_MS)
		return;
	p->round = now;
	for (size_t i = 0; i < PROBES_MAX; i++)
		probe_end(&p->probe[i]);
	p->passed = 0;
	int r = fleet_awaited(p->fleet, machine_probe, p);
	if (r < 0)
		log_error("looking for machines on their way back: %s", strerror(-r));
	/* All had their turn: start again. */
	p->next = r == 1 ? p->passed : 0;
}

int probes_new(struct loop *loop, struct fleet *fleet, struct probes **ret)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->fleet = fleet;
	for (size_t i = 0; i < PROBES_MAX; i++)
		p->probe[i].source.fd = -1;
	*ret = p;
	return 0;
}

void probes_free(struct probes *p)
{
	for (size_t i = 0; p && i < PROBES_MAX; i++)
		probe_end(&p->probe[i]);
	free(p);
}
