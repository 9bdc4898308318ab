/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct neighbour *find(struct neighbours *all, const uint8_t ip[4])
{
	for (size_t i = 0; i < all->count; i++)
		if (memcmp(all->list[i].ip, ip, 4) == 0)
			return &all->list[i];
	return NULL;
}

void neighbour_gone(struct neighbours *all, const uint8_t ip[4])
{
	struct neighbour *n = find(all, ip);

	if (n)
		*n = all->list[--all->count];
}

void neighbour_note(struct neighbours *all, const uint8_t mac[6], const uint8_t ip[4],
        int64_t age_ms, int64_t now)
{
	struct neighbour *n = find(all, ip);

	if (age_ms > NEIGHBOUR_GONE_MS || (!n && all->count == NEIGHBOURS_MAX))
		return;
	if (!n) {
		n = &all->list[all->count++];
		*n = (struct neighbour){0};
	}
	if (n->answered == 0 || memcmp(n->mac, mac, sizeof(n->mac)) != 0) {
		*n = (struct neighbour){.since = now - age_ms};
		memcpy(n->mac, mac, sizeof(n->mac));
		memcpy(n->ip, ip, sizeof(n->ip));
	}
	if (now - age_ms > n->answered)
		n->answered = now - age_ms;
}

void neighbours_expire(struct neighbours *all, int64_t now)
{
	for (size_t i = all->count; i-- > 0;)
		if (now - all->list[i].answered > NEIGHBOUR_GONE_MS)
			all->list[i] = all->list[--all->count];
}

/* An attribute's payload of at least size bytes, or NULL. */
static const void *payload(const struct rtattr *a, size_t size)
{
	return a && RTA_PAYLOAD(a) >= size ? RTA_DATA(a) : NULL;
}

static void entry_read(struct neighbours *all, const struct nlmsghdr *message, long hz, int64_t now)
{
	const struct rtattr *found[NDA_MAX + 1] = {NULL};
	const struct ndmsg *entry = NLMSG_DATA(message);
	struct nda_cacheinfo cache = {0};

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*entry)) || entry->ndm_family != AF_INET)
		return;
	int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof(*entry)));
	const struct rtattr *a = (const void *)((const char *)entry + NLMSG_ALIGN(sizeof(*entry)));
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type <= NDA_MAX)
			found[a->rta_type] = a;
	const uint8_t *ip = payload(found[NDA_DST], 4), *mac = payload(found[NDA_LLADDR], 6);
	const void *times = payload(found[NDA_CACHEINFO], sizeof(cache));
	bool there = message->nlmsg_type == RTM_NEWNEIGH &&
	             entry->ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE);
	if (ip && !there)
		neighbour_gone(all, ip);
	if (!ip || !there || !mac || RTA_PAYLOAD(found[NDA_LLADDR]) != 6 || !times)
		return;
	memcpy(&cache, times, sizeof(cache));
	neighbour_note(all, mac, ip, (int64_t)cache.ndm_confirmed * 1000 / hz, now);
}

void neighbours_read(struct neighbours *all, const void *data, size_t len, long hz, int64_t now)
{
	int left = (int)len; /* the macros take it below zero behind a message cut short */

	for (const struct nlmsghdr *m = data; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
		if (m->nlmsg_type == RTM_NEWNEIGH || m->nlmsg_type == RTM_DELNEIGH)
			entry_read(all, m, hz, now);
}

int neighbours_open(void)
{
	const struct sockaddr_nl changes = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_NEIGH};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&changes, sizeof(changes)) == 0)
		return fd;
	int r = -errno;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int neighbours_ask(int fd)
{
	const struct {
		struct nlmsghdr header;
		struct ndmsg entry;
	} question = {.header = {.nlmsg_len = sizeof(question),
	                      .nlmsg_type = RTM_GETNEIGH,
	                      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	        .entry = {.ndm_family = AF_INET}};

	return send(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question) ? 0 : -errno;
}
