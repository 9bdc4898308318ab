/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/dhcp.h"
#include "fixer/base/cleanup.h"
#include "initrd/init/events.h"
#include "initrd/init/leave.h"

#include <errno.h>
#include <net/if.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

/* Ports and waits of RFC 2131, section 4.1; the first wait is shorter, as a floor boots in turns.
 */
#define CLIENT_PORT 68
#define SERVER_PORT 67
#define FIRST_WAIT  2000
#define LAST_WAIT   16000
#define LOOK_EVERY  50

struct exchange {
	int fd;
	struct dhcp_client client;
	uint64_t begun, until;
};

/* On this port only; it hears broadcasts without having an address. */
static int open_socket(const char *port)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(CLIENT_PORT)};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
	        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, port, (socklen_t)strlen(port)) < 0 ||
	        bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	return fd;
}

static int send_message(const struct exchange *x, const struct dhcp_answer *offer)
{
	const struct sockaddr_in all = {.sin_family = AF_INET,
	        .sin_port = htons(SERVER_PORT),
	        .sin_addr.s_addr = htonl(INADDR_BROADCAST)};
	uint8_t message[DHCP_REQUEST_LEN];

	dhcp_write(&x->client, (uint16_t)((boottime_ms() - x->begun) / 1000), offer, message);
	ssize_t n = sendto(
	        x->fd, message, sizeof(message), 0, (const struct sockaddr *)&all, sizeof(all));
	return n < 0 ? -errno : 0;
}

static bool is_wanted(const struct dhcp_answer *a, const struct dhcp_answer *offer)
{
	if (!offer)
		return a->type == DHCP_OFFER;
	if (a->type == DHCP_NAK)
		return true;
	return a->type == DHCP_ACK && a->server.s_addr == offer->server.s_addr;
}

/* What answers the message sent last; false when the time was over. */
static bool wait_answer(const struct exchange *x, const struct dhcp_answer *offer, uint64_t until,
        struct dhcp_answer *ret)
{
	uint8_t message[DHCP_MESSAGE_MAX];

	while (boottime_ms() < until) {
		ssize_t n = recv(x->fd, message, sizeof(message), 0);
		if (n >= 0 && dhcp_read(&x->client, message, (size_t)n, ret) == 0 &&
		        is_wanted(ret, offer))
			return true;
		if (n < 0)
			init_wait_until(boottime_ms() + LOOK_EVERY);
	}
	return false;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The offer is taken up, three times at most: the ACK may be lost. */
static bool take_offer(
        const struct exchange *x, const struct dhcp_answer *offer, struct dhcp_answer *ret)
{
	for (int i = 0; i < 3; i++) {
		if (send_message(x, offer) < 0)
			return false;
		if (wait_answer(x, offer, sooner(boottime_ms() + FIRST_WAIT, x->until), ret))
			return ret->type == DHCP_ACK;
	}
	return false;
}

int dhcp_ask(const char *port, const uint8_t mac[6], uint64_t until, struct dhcp_answer *ret)
{
	CLEANUP_CLOSE int fd = open_socket(port);
	struct exchange x = {.fd = fd, .begun = boottime_ms(), .until = until};
	struct dhcp_answer offer;
	uint64_t wait = FIRST_WAIT;

	if (fd < 0)
		return fd;
	memcpy(x.client.mac, mac, sizeof(x.client.mac));
	while (boottime_ms() < until) {
		x.client.xid = randombytes_random();
		int r = send_message(&x, NULL);
		if (r < 0)
			return r;
		/* Not all machines of a floor at once. */
		uint64_t end = boottime_ms() + wait + randombytes_uniform(1000);
		if (wait_answer(&x, NULL, sooner(end, until), &offer) &&
		        take_offer(&x, &offer, ret))
			return 0;
		wait = sooner(2 * wait, LAST_WAIT);
	}
	return -ETIMEDOUT;
}
