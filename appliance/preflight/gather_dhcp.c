/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/gather.h"
#include "appliance/supervisor/child.h"
#include "appliance/supervisor/listen.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#define SEND_EVERY 2000 /* ms; each question again, as the first may get lost */

enum { SERVER_PORT = 67, CLIENT_PORT = 68, IP_LEN = 20, UDP_LEN = 8 };

/* BIOS and UEFI: sites answer them differently. */
static const uint16_t architectures[] = {0, 7};
#define QUESTIONS (sizeof(architectures) / sizeof(architectures[0]))

struct probe {
	int fd, interface;
	struct asker askers[QUESTIONS];
	struct dhcp_facts *facts;
};

/* One that is ours alone (locally administered), made of the card's. The frames come from the
 * card's own: a switch may close a port with a MAC it does not expect. */
static int make_mac(const char *interface, uint8_t ret[6])
{
	struct ifreq request = {0};
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	memcpy(ret, request.ifr_hwaddr.sa_data, 6);
	ret[0] = 0x0a;
	ret[1] ^= 0x6e;
	return 0;
}

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static int ask(const struct probe *p, const struct asker *who, uint16_t seconds)
{
	uint8_t datagram[IP_LEN + UDP_LEN + DISCOVER_LEN] = {0x45}, *udp = datagram + IP_LEN;
	struct sockaddr_ll all = {.sll_family = AF_PACKET,
	        .sll_protocol = htons(ETH_P_IP),
	        .sll_ifindex = p->interface,
	        .sll_halen = ETH_ALEN};

	memset(all.sll_addr, 0xff, ETH_ALEN);
	put16(datagram + 2, sizeof(datagram));
	datagram[8] = 64;
	datagram[9] = IPPROTO_UDP;
	memset(datagram + 16, 0xff, 4); /* from 0.0.0.0 to all */
	put16(datagram + 10, checksum(datagram, IP_LEN));
	put16(udp, CLIENT_PORT);
	put16(udp + 2, SERVER_PORT);
	put16(udp + 4, UDP_LEN + DISCOVER_LEN); /* without a checksum, as IPv4 allows */
	offer_ask(who, seconds, udp + UDP_LEN);
	ssize_t n = sendto(
	        p->fd, datagram, sizeof(datagram), 0, (const struct sockaddr *)&all, sizeof(all));
	return n < 0 ? -errno : 0;
}

/* One a server, address of the sender and architecture: each question is asked several times. */
static void keep(struct dhcp_facts *facts, const struct offer *o)
{
	for (size_t i = 0; i < facts->count; i++) {
		struct offer *known = &facts->offers[i];
		if (known->architecture == o->architecture &&
		        known->server.s_addr == o->server.s_addr &&
		        known->from.s_addr == o->from.s_addr && known->boot == o->boot) {
			*known = *o;
			return;
		}
	}
	if (facts->count < FACTS_OFFERS_MAX)
		facts->offers[facts->count++] = *o;
}

static void receive(const struct probe *p)
{
	uint8_t datagram[2048];
	struct sockaddr_ll from = {0};
	socklen_t from_len = sizeof(from);
	struct offer offer;

	ssize_t n = recvfrom(p->fd, datagram, sizeof(datagram), MSG_DONTWAIT,
	        (struct sockaddr *)&from, &from_len);
	/* The socket's filter has judged the rest of both headers. */
	size_t header = n > 0 ? (size_t)(datagram[0] & 0x0f) * 4 : 0;
	if (header < IP_LEN || !range_within(header, UDP_LEN, (uint64_t)n))
		return;
	const uint8_t *message = datagram + header + UDP_LEN;
	size_t len = (size_t)n - header - UDP_LEN;
	for (size_t i = 0; i < QUESTIONS; i++) {
		if (offer_read(&p->askers[i], message, len, &offer) < 0)
			continue;
		memcpy(&offer.from, datagram + 12, 4);
		if (from.sll_halen == sizeof(offer.mac))
			memcpy(offer.mac, from.sll_addr, sizeof(offer.mac));
		keep(p->facts, &offer);
	}
}

static int listen_for(struct probe *p, int seconds)
{
	int64_t begun = monotonic_ms(), end = begun + (int64_t)seconds * 1000, next = begun, now;

	while ((now = monotonic_ms()) < end) {
		if (now >= next) {
			for (size_t i = 0; i < QUESTIONS; i++) {
				int r = ask(p, &p->askers[i], (uint16_t)((now - begun) / 1000));
				if (r < 0)
					return r;
			}
			next = now + SEND_EVERY;
		}
		struct pollfd fd = {.fd = p->fd, .events = POLLIN};
		int64_t wait = (next < end ? next : end) - now;
		if (poll(&fd, 1, (int)wait) > 0)
			receive(p);
	}
	/* What has come while this process did not run. */
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};
	for (int i = 0; i < 1000 && poll(&fd, 1, 0) > 0; i++)
		receive(p);
	return 0;
}

void gather_dhcp(const char *interface, int seconds, struct dhcp_facts *ret)
{
	struct probe p = {.interface = (int)if_nametoindex(interface), .facts = ret};
	struct error err = {0};
	uint8_t mac[6];

	*ret = (struct dhcp_facts){.seconds = seconds};
	int r = make_mac(interface, mac);
	if (r < 0) {
		(void)snprintf(ret->why, sizeof(ret->why), "%s", strerror(-r));
		return;
	}
	for (size_t i = 0; i < QUESTIONS; i++) {
		p.askers[i].architecture = architectures[i];
		memcpy(p.askers[i].mac, mac, sizeof(mac));
		if (getrandom(&p.askers[i].xid, sizeof(p.askers[i].xid), 0) < 0)
			p.askers[i].xid = (uint32_t)monotonic_ms() + (uint32_t)i;
	}
	CLEANUP_CLOSE int fd = p.fd = listen_dhcp(interface, &err);
	if (fd < 0) {
		(void)snprintf(ret->why, sizeof(ret->why), "%.150s", err.text);
		return;
	}
	r = listen_for(&p, seconds);
	ret->asked = r == 0;
	if (r < 0)
		(void)snprintf(ret->why, sizeof(ret->why), "cannot send on %s: %s", interface,
		        strerror(-r));
}
