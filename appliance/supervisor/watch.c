/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/watch.h"

#include "fixer/base/bytes.h"
#include "fixer/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Options of RFC 2132. */
enum {
	OPTION_PAD = 0,
	OPTION_ADDRESS = 50,
	OPTION_TYPE = 53,
	OPTION_VENDOR = 60,
	OPTION_END = 255
};
enum { DHCP_DISCOVER = 1, DHCP_REQUEST = 3 };

static const char windows_vendor[] = "MSFT 5.0";

/* RFC 951 and 2131: op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr
 * (16), sname (64), file (128), then the cookie and the options. */
static bool parse_header(struct cursor *c, struct control_message *m, uint8_t address[4])
{
	static const uint8_t cookie[4] = {0x63, 0x82, 0x53, 0x63};
	uint8_t start[4], found[4];

	cursor_copy(c, start, sizeof(start));
	cursor_skip(c, 8);
	cursor_copy(c, address, 4);
	cursor_skip(c, 12);
	cursor_copy(c, m->mac, sizeof(m->mac));
	cursor_skip(c, 10 + 64 + 128);
	cursor_copy(c, found, sizeof(found));
	/* A request of an Ethernet client. */
	return !c->failed && start[0] == 1 && start[1] == 1 && start[2] == 6 &&
	       memcmp(found, cookie, sizeof(cookie)) == 0;
}

static bool parse_options(struct cursor *c, uint8_t address[4])
{
	bool windows = false, asks = false;

	for (;;) {
		uint8_t option = cursor_u8(c);
		if (c->failed)
			return false;
		if (option == OPTION_END)
			return windows && asks;
		if (option == OPTION_PAD)
			continue;
		uint8_t len = cursor_u8(c);
		const uint8_t *value = cursor_take(c, len);
		if (!value)
			return false;
		if (option == OPTION_TYPE && len == 1)
			asks = value[0] == DHCP_DISCOVER || value[0] == DHCP_REQUEST;
		if (option == OPTION_VENDOR)
			windows = len == sizeof(windows_vendor) - 1 &&
			          memcmp(value, windows_vendor, len) == 0;
		if (option == OPTION_ADDRESS && len == 4)
			memcpy(address, value, 4);
	}
}

bool watch_parse(const void *datagram, size_t len, struct control_message *ret)
{
	static const uint8_t none[4];
	struct control_message m = {.type = CONTROL_DHCP, .kind = CONTROL_DHCP_WINDOWS};
	struct cursor c = cursor_over(datagram, len);
	uint8_t address[4];

	size_t header = (size_t)(cursor_u8(&c) & 0x0f) * 4;
	/* The rest of the IP header and the UDP header; the kernel's filter has judged both. */
	if (header < 20 || !cursor_skip(&c, header - 1 + 8))
		return false;
	if (!parse_header(&c, &m, address) || !parse_options(&c, address))
		return false;
	if (memcmp(address, none, sizeof(none)) != 0)
		inet_ntop(AF_INET, address, m.ip, sizeof(m.ip));
	*ret = m;
	return true;
}

int watch_main(void)
{
	struct pollfd fds[2] = {
	        {.fd = WATCH_PACKET_FD, .events = POLLIN},
	        {.fd = WATCH_CONTROL_FD, .events = POLLIN},
	};

	for (;;) {
		unsigned char datagram[2048];
		struct control_message m;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return 0; /* nothing is ever sent here: the supervisor is gone */
		if (!fds[0].revents)
			continue;
		ssize_t n = recv(WATCH_PACKET_FD, datagram, sizeof(datagram), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			int r = -errno;
			log_error("cannot read the network: %s", strerror(errno));
			return r;
		}
		/* A supervisor that is behind misses one of the several requests Windows makes. */
		if (n > 0 && watch_parse(datagram, (size_t)n, &m))
			(void)control_send(WATCH_CONTROL_FD, &m);
	}
}
