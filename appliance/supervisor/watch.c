/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/watch.h"

#include "appliance/supervisor/neighbour.h"
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TABLE_MS 3000 /* how often the whole table is looked at */

/* Options of RFC 2132, 3004 and 4578. */
enum {
	OPTION_PAD = 0,
	OPTION_ADDRESS = 50,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_VENDOR = 60,
	OPTION_USER_CLASS = 77,
	OPTION_ARCHITECTURE = 93,
	OPTION_MACHINE = 97, /* a type, of which 0 is the only one, and a UUID */
	OPTION_END = 255
};
enum { DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5, DHCP_NAK = 6 };
enum { BOOT_REQUEST = 1, BOOT_REPLY = 2 };

#define VENDOR_MAX 64 /* more of a vendor class is cut */

struct dhcp {
	uint8_t operation, mac[6];
	uint8_t address[4]; /* the one it has, or asks for */
	uint8_t type, server[4];
	char vendor[VENDOR_MAX + 1];
	bool ipxe;
	unsigned architecture;
	bool identified;
	struct guid machine;
};

/* RFC 951 and 2131: op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr
 * (16), sname (64), file (128), then the cookie and the options. */
static bool parse_header(struct cursor *c, struct dhcp *d)
{
	static const uint8_t cookie[4] = {0x63, 0x82, 0x53, 0x63};
	uint8_t start[4], found[4];

	cursor_copy(c, start, sizeof(start));
	cursor_skip(c, 8);
	cursor_copy(c, d->address, 4);
	cursor_skip(c, 12);
	cursor_copy(c, d->mac, sizeof(d->mac));
	cursor_skip(c, 10 + 64 + 128);
	cursor_copy(c, found, sizeof(found));
	d->operation = start[0];
	/* Over Ethernet. */
	return !c->failed && start[1] == 1 && start[2] == 6 &&
	       memcmp(found, cookie, sizeof(cookie)) == 0;
}

static void take_option(struct dhcp *d, uint8_t option, const uint8_t *value, uint8_t len)
{
	size_t text = len < VENDOR_MAX ? len : VENDOR_MAX;

	switch (option) {
	case OPTION_TYPE:
		if (len == 1)
			d->type = value[0];
		break;
	case OPTION_ADDRESS:
		if (len == 4)
			memcpy(d->address, value, 4);
		break;
	case OPTION_SERVER:
		if (len == 4)
			memcpy(d->server, value, 4);
		break;
	case OPTION_VENDOR:
		memcpy(d->vendor, value, text);
		d->vendor[text] = '\0';
		break;
	case OPTION_USER_CLASS:
		d->ipxe = len == 4 && memcmp(value, "iPXE", 4) == 0;
		break;
	case OPTION_ARCHITECTURE:
		if (len >= 2)
			d->architecture = (unsigned)value[0] << 8 | value[1];
		break;
	case OPTION_MACHINE:
		d->identified = len == 1 + GUID_LEN && value[0] == 0;
		if (d->identified)
			memcpy(d->machine.bytes, value + 1, GUID_LEN);
		break;
	default:
		break;
	}
}

static bool parse_options(struct cursor *c, struct dhcp *d)
{
	for (;;) {
		uint8_t option = cursor_u8(c);
		if (c->failed)
			return false;
		if (option == OPTION_END)
			return true;
		if (option == OPTION_PAD)
			continue;
		uint8_t len = cursor_u8(c);
		const uint8_t *value = cursor_take(c, len);
		if (!value)
			return false;
		take_option(d, option, value, len);
	}
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_address(const uint8_t address[4])
{
	static const uint8_t none[4];

	return memcmp(address, none, sizeof(none)) != 0;
}

static void client_message(const struct dhcp *d, struct control_message *m)
{
	enum control_client client = d->ipxe                           ? CONTROL_CLIENT_IPXE
	                             : begins(d->vendor, "PXEClient")  ? CONTROL_CLIENT_PXE
	                             : begins(d->vendor, "HTTPClient") ? CONTROL_CLIENT_HTTP
	                                                               : CONTROL_CLIENT_OTHER;

	*m = (struct control_message){.type = CONTROL_DHCP, .kind = CONTROL_DHCP_HEARD};
	memcpy(m->mac, d->mac, sizeof(m->mac));
	if (strcmp(d->vendor, "MSFT 5.0") == 0)
		m->kind = CONTROL_DHCP_WINDOWS;
	else
		m->id = CONTROL_CLIENT_ID(client, d->architecture);
	m->ok = m->kind == CONTROL_DHCP_HEARD && d->type == DHCP_DISCOVER;
	/* A UUID with the MAC in it names the adapter: firmware makes one up where there is none.
	 */
	if (m->ok && d->identified && !memmem(d->machine.bytes, GUID_LEN, d->mac, sizeof(d->mac)))
		guid_format(&d->machine, m->uuid);
	if (is_address(d->address))
		inet_ntop(AF_INET, d->address, m->ip, sizeof(m->ip));
	text_clean(m->text, sizeof(m->text), d->vendor);
}

bool watch_parse(const void *datagram, size_t len, struct watch_heard *ret)
{
	struct dhcp d = {.architecture = CONTROL_NO_ARCHITECTURE};
	struct cursor c = cursor_over(datagram, len);

	size_t header = (size_t)(cursor_u8(&c) & 0x0f) * 4;
	/* The rest of the IP header and the UDP header; the kernel's filter has judged both. */
	if (header < 20 || !cursor_skip(&c, header - 1 + 8))
		return false;
	if (!parse_header(&c, &d) || !parse_options(&c, &d))
		return false;
	bool asks =
	        d.operation == BOOT_REQUEST && (d.type == DHCP_DISCOVER || d.type == DHCP_REQUEST);
	bool answers = d.operation == BOOT_REPLY &&
	               (d.type == DHCP_OFFER || d.type == DHCP_ACK || d.type == DHCP_NAK);
	if (!asks && !answers)
		return false;
	*ret = (struct watch_heard){0};
	if (asks)
		client_message(&d, &ret->client);
	if (is_address(d.server)) {
		ret->server.type = CONTROL_DHCP;
		ret->server.kind = CONTROL_DHCP_SERVER;
		inet_ntop(AF_INET, d.server, ret->server.ip, sizeof(ret->server.ip));
	}
	return true;
}

struct watch {
	int table; /* of neighbours; -1: this kernel does not tell */
	int64_t asked;
	struct neighbours neighbours;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int packet_read(void)
{
	unsigned char datagram[2048];
	struct watch_heard heard;
	struct sockaddr_ll from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(WATCH_PACKET_FD, datagram, sizeof(datagram), MSG_DONTWAIT,
	        (struct sockaddr *)&from, &from_len);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		int r = -errno;
		log_error("cannot read the network: %s", strerror(errno));
		return r;
	}
	if (n <= 0 || !watch_parse(datagram, (size_t)n, &heard))
		return 0;
	/* A supervisor that is behind misses one of the several requests Windows makes. */
	if (heard.client.type)
		(void)control_send(WATCH_CONTROL_FD, &heard.client);
	else if (from.sll_family == AF_PACKET && from.sll_halen == sizeof(heard.server.mac))
		memcpy(heard.server.mac, from.sll_addr, sizeof(heard.server.mac));
	if (heard.server.type)
		(void)control_send(WATCH_CONTROL_FD, &heard.server);
	return 0;
}

/* What does not fit into its queue (ENOBUFS) is asked for with the whole table. */
static void table_read(struct watch *w)
{
	static _Alignas(struct nlmsghdr) char block[32768];
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(
	        w->table, block, sizeof(block), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

	/* Only the kernel is believed; another process may send here, too. */
	if (n > 0 && from.nl_pid == 0)
		neighbours_read(&w->neighbours, block, (size_t)n, sysconf(_SC_CLK_TCK), now_ms());
}

static void table_tell(struct watch *w, int64_t now)
{
	neighbours_expire(&w->neighbours, now);
	for (size_t i = 0; i < w->neighbours.count; i++) {
		struct neighbour *n = &w->neighbours.list[i];
		struct control_message m = {.type = CONTROL_DHCP,
		        .kind = CONTROL_DHCP_NEIGHBOUR,
		        .id = (uint32_t)((now - n->since) / 1000)};
		if (n->told && now - n->told < NEIGHBOUR_REPORT_MS)
			continue;
		memcpy(m.mac, n->mac, sizeof(m.mac));
		(void)inet_ntop(AF_INET, n->ip, m.ip, sizeof(m.ip));
		/* When the supervisor is behind, the rest has its turn next time. */
		if (control_send(WATCH_CONTROL_FD, &m) < 0)
			return;
		n->told = now;
	}
}

static void table_tick(struct watch *w)
{
	int64_t now = now_ms();

	if (w->table < 0 || (w->asked && now - w->asked < TABLE_MS))
		return;
	w->asked = now;
	table_tell(w, now);
	int r = neighbours_ask(w->table);
	if (r < 0)
		log_warning("cannot ask for the neighbour table: %s", strerror(-r));
}

int watch_main(void)
{
	static struct watch w;

	w.table = neighbours_open();
	if (w.table < 0)
		log_warning("no neighbour table: Windows is not recognised by its ARP: %s",
		        strerror(-w.table));
	struct pollfd fds[3] = {
	        {.fd = WATCH_PACKET_FD, .events = POLLIN},
	        {.fd = WATCH_CONTROL_FD, .events = POLLIN},
	        {.fd = w.table, .events = POLLIN},
	};
	for (;;) {
		table_tick(&w);
		if (poll(fds, 3, TABLE_MS) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (fds[1].revents)
			return 0; /* nothing is ever sent here: the supervisor is gone */
		if (fds[2].revents)
			table_read(&w);
		int r = fds[0].revents ? packet_read() : 0;
		if (r < 0)
			return r;
	}
}
