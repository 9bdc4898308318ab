/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/seek.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/screen.h"
#include "initrd/init/dns_message.h"
#include "initrd/init/events.h"
#include "initrd/init/leave.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HTTPS_PORT 443
#define DNS_PORT   53
#define OUR_NAME   "netmend"
/* Milliseconds. */
#define DNS_WAIT     2000
#define CONNECT_WAIT 3000
#define LOOK_EVERY   50
#define BETWEEN      5000
#define PATIENCE     600000

int seek_split(const char *url, char ret_host[SEEK_URL_TEXT], uint16_t *ret_port)
{
	const char *host = url + 8, *colon;
	char *end;

	if (strncmp(url, "https://", 8) != 0 || strlen(url) >= SEEK_URL_TEXT)
		return -EINVAL;
	colon = strchr(host, ':');
	if (!colon || colon == host || colon[1] < '1' || colon[1] > '9')
		return -EINVAL;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end || port > UINT16_MAX)
		return -EINVAL;
	(void)snprintf(ret_host, SEEK_URL_TEXT, "%.*s", (int)(colon - host), host);
	*ret_port = (uint16_t)port;
	return 0;
}

static void write_url(struct in_addr a, uint16_t port, char ret[SEEK_URL_TEXT])
{
	char address[INET_ADDRSTRLEN] = "";

	(void)inet_ntop(AF_INET, &a, address, sizeof(address));
	(void)snprintf(ret, SEEK_URL_TEXT, "https://%s:%u", address, port);
}

static int open_connected(int type, struct in_addr a, uint16_t port)
{
	const struct sockaddr_in to = {
	        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = a};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	return fd;
}

static int ask_server(struct in_addr server, const char *name, struct in_addr *ret)
{
	uint8_t query[DNS_QUERY_MAX], data[DNS_MESSAGE_MAX];
	int len = dns_write((uint16_t)randombytes_random(), name, query);
	CLEANUP_CLOSE int fd = len < 0 ? -1 : open_connected(SOCK_DGRAM, server, DNS_PORT);

	if (len < 0)
		return len;
	if (fd < 0 || send(fd, query, (size_t)len, 0) < 0)
		return -EAGAIN;
	for (uint64_t until = boottime_ms() + DNS_WAIT; boottime_ms() < until;) {
		ssize_t n = recv(fd, data, sizeof(data), 0);
		int r = n < 0 ? -ENOMSG : dns_read(query, (size_t)len, data, (size_t)n, ret);
		if (r == 0 || r == -ENOENT || r == -EAGAIN)
			return r;
		if (n < 0)
			init_wait_until(boottime_ms() + LOOK_EVERY);
	}
	return -EAGAIN;
}

static int resolve(const struct dhcp_answer *a, const char *name, struct in_addr *ret)
{
	int r = -ENOENT;

	if (inet_pton(AF_INET, name, ret) == 1)
		return 0;
	screen_status("Looking for the appliance", name);
	if (!a->dns[0].s_addr)
		screen_line("DHCP names no DNS server to ask for %s", name);
	for (size_t i = 0; i < DHCP_DNS_MAX && a->dns[i].s_addr; i++) {
		r = ask_server(a->dns[i], name, ret);
		if (r == 0 && ret->s_addr)
			return 0;
	}
	screen_line("no address of %s: %s", name,
	        r == -EAGAIN ? "the DNS server does not answer" : "not in DNS");
	return -ENOENT;
}

static bool answers(struct in_addr a, uint16_t port)
{
	CLEANUP_CLOSE int fd = open_connected(SOCK_STREAM, a, port);
	int e = 0;
	socklen_t size = sizeof(e);

	for (uint64_t until = boottime_ms() + CONNECT_WAIT; fd >= 0 && boottime_ms() < until;) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		if (poll(&p, 1, 0) == 1)
			return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &size) == 0 && e == 0;
		init_wait_until(boottime_ms() + LOOK_EVERY);
	}
	return false;
}

/* What somebody wrote down for us: taken without asking whether it answers, as the fixer tells that
 * better. */
static bool try_url(const struct dhcp_answer *a, const char *url, char ret[SEEK_URL_TEXT])
{
	char host[SEEK_URL_TEXT];
	struct in_addr address;
	uint16_t port;

	if (!url[0])
		return false;
	if (seek_split(url, host, &port) < 0) {
		screen_line("not https://HOST:PORT: %s", url);
		return false;
	}
	if (resolve(a, host, &address) < 0)
		return false;
	write_url(address, port, ret);
	return true;
}

static bool try_guess(struct in_addr address, const char *what, char ret[SEEK_URL_TEXT])
{
	write_url(address, HTTPS_PORT, ret);
	screen_status("Looking for the appliance", ret);
	if (answers(address, HTTPS_PORT))
		return true;
	screen_line("%s: %s does not answer", what, ret);
	return false;
}

static bool try_dhcp(const struct dhcp_answer *a, char ret[SEEK_URL_TEXT])
{
	char name[sizeof(OUR_NAME) + DHCP_DOMAIN_TEXT];
	struct in_addr address;

	if (try_url(a, a->url, ret))
		return true;
	(void)snprintf(name, sizeof(name), OUR_NAME "%s%s", a->domain[0] ? "." : "", a->domain);
	if (resolve(a, name, &address) == 0 && try_guess(address, name, ret))
		return true;
	return a->next.s_addr && try_guess(a->next, "next-server", ret);
}

void seek_appliance(
        const struct bootparams *p, const struct dhcp_answer *a, char ret[SEEK_URL_TEXT])
{
	const uint64_t patience = boottime_ms() + PATIENCE;

	while (!(p->url[0] ? try_url(a, p->url, ret) : try_dhcp(a, ret))) {
		screen_status("NO APPLIANCE FOUND",
		        "Neither the medium nor this network's DHCP and DNS lead to it; trying "
		        "on.\nMake the medium with --appliance ADDRESS, give DHCP option 43 for\n"
		        "vendor class \"" DHCP_VENDOR "\", or put \"" OUR_NAME "\" into DNS.");
		if (boottime_ms() >= patience)
			init_leave();
		init_wait_until(boottime_ms() + BETWEEN);
	}
}
