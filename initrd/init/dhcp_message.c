/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/dhcp_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* RFC 2131, figure 1. */
enum {
	AT_OP = 0,
	AT_HTYPE = 1,
	AT_HLEN = 2,
	AT_XID = 4,
	AT_SECS = 8,
	AT_FLAGS = 10,
	AT_YIADDR = 16,
	AT_SIADDR = 20,
	AT_CHADDR = 28,
	AT_SNAME = 44,
	AT_FILE = 108,
	AT_COOKIE = 236,
	AT_OPTIONS = 240,
};
#define SNAME_LEN 64
#define FILE_LEN  128

enum { REQUEST = 1, REPLY = 2, ETHERNET = 1 };

/* RFC 2132. */
enum {
	OPTION_PAD = 0,
	OPTION_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_VENDOR_DATA = 43,
	OPTION_ADDRESS = 50,
	OPTION_OVERLOAD = 52,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_PARAMETERS = 55,
	OPTION_MAX_SIZE = 57,
	OPTION_VENDOR = 60,
	OPTION_CLIENT_ID = 61,
	OPTION_END = 255,
};
#define VENDOR_URL 1

static const uint8_t cookie[4] = {99, 130, 83, 99};

static uint8_t *put_option(uint8_t *at, uint8_t code, const void *data, uint8_t len)
{
	at[0] = code;
	at[1] = len;
	memcpy(at + 2, data, len);
	return at + 2 + len;
}

void dhcp_write(const struct dhcp_client *c, uint16_t seconds, const struct dhcp_answer *offer,
        uint8_t ret[DHCP_REQUEST_LEN])
{
	static const uint8_t wanted[] = {OPTION_MASK, OPTION_ROUTER, OPTION_VENDOR_DATA};
	static const uint8_t largest[] = {DHCP_MESSAGE_MAX >> 8, DHCP_MESSAGE_MAX & 0xff};
	const uint8_t type = offer ? DHCP_REQUEST : DHCP_DISCOVER;
	const uint16_t secs = htons(seconds);
	uint8_t id[7] = {ETHERNET}, *at = ret + AT_OPTIONS;

	memset(ret, 0, DHCP_REQUEST_LEN);
	ret[AT_OP] = REQUEST;
	ret[AT_HTYPE] = ETHERNET;
	ret[AT_HLEN] = sizeof(c->mac);
	memcpy(ret + AT_XID, &c->xid, 4);
	memcpy(ret + AT_SECS, &secs, 2);
	/* Answers by broadcast: the port has no address that they could go to. */
	ret[AT_FLAGS] = 0x80;
	memcpy(ret + AT_CHADDR, c->mac, sizeof(c->mac));
	memcpy(ret + AT_COOKIE, cookie, sizeof(cookie));
	at = put_option(at, OPTION_TYPE, &type, 1);
	memcpy(id + 1, c->mac, sizeof(c->mac));
	at = put_option(at, OPTION_CLIENT_ID, id, sizeof(id));
	if (offer) {
		at = put_option(at, OPTION_ADDRESS, &offer->address, 4);
		at = put_option(at, OPTION_SERVER, &offer->server, 4);
	}
	at = put_option(at, OPTION_PARAMETERS, wanted, sizeof(wanted));
	at = put_option(at, OPTION_MAX_SIZE, largest, sizeof(largest));
	at = put_option(at, OPTION_VENDOR, DHCP_VENDOR, sizeof(DHCP_VENDOR) - 1);
	*at = OPTION_END;
}

/* The first of a list of addresses. */
static int take_address(const uint8_t *data, size_t len, struct in_addr *ret)
{
	if (len < 4)
		return -EBADMSG;
	memcpy(ret, data, 4);
	return 0;
}

/* What cannot be a word of a command line is no URL. */
static bool is_url(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] <= ' ' || data[i] > '~')
			return false;
	return len > 0 && len < DHCP_URL_TEXT;
}

/* Sub-options of option 43; another vendor's may be anything, so nothing here is an error. */
static void take_vendor(const uint8_t *data, size_t len, struct dhcp_answer *a)
{
	for (size_t i = 0; len - i >= 2 && len - i - 2 >= data[i + 1]; i += 2u + data[i + 1]) {
		if (data[i] != VENDOR_URL || !is_url(data + i + 2, data[i + 1]))
			continue;
		memcpy(a->url, data + i + 2, data[i + 1]);
		a->url[data[i + 1]] = 0;
		return;
	}
}

static int take_option(
        uint8_t code, const uint8_t *data, size_t len, struct dhcp_answer *a, uint8_t *overload)
{
	switch (code) {
	case OPTION_TYPE:
		if (len != 1)
			return -EBADMSG;
		a->type = (enum dhcp_type)data[0];
		return 0;
	case OPTION_OVERLOAD:
		if (len != 1 || data[0] > 3)
			return -EBADMSG;
		*overload = data[0];
		return 0;
	case OPTION_MASK:
		return len == 4 ? take_address(data, len, &a->mask) : -EBADMSG;
	case OPTION_SERVER:
		return len == 4 ? take_address(data, len, &a->server) : -EBADMSG;
	case OPTION_ROUTER:
		return take_address(data, len, &a->gateway);
	case OPTION_VENDOR_DATA:
		take_vendor(data, len, a);
		return 0;
	default:
		return 0;
	}
}

/* One field of options; it may end without an end mark. */
static int take_options(const uint8_t *data, size_t len, struct dhcp_answer *a, uint8_t *overload)
{
	for (size_t i = 0; i < len && data[i] != OPTION_END;) {
		if (data[i] == OPTION_PAD) {
			i++;
			continue;
		}
		if (len - i < 2 || len - i - 2 < data[i + 1])
			return -EBADMSG;
		int r = take_option(data[i], data + i + 2, data[i + 1], a, overload);
		if (r < 0)
			return r;
		i += 2u + data[i + 1];
	}
	return 0;
}

/* The options proper, then the fields they say hold more. */
static int take_all(const uint8_t *data, size_t len, struct dhcp_answer *a)
{
	uint8_t overload = 0, more = 0;

	int r = take_options(data + AT_OPTIONS, len - AT_OPTIONS, a, &overload);
	if (r == 0 && overload & 1)
		r = take_options(data + AT_FILE, FILE_LEN, a, &more);
	if (r == 0 && overload & 2)
		r = take_options(data + AT_SNAME, SNAME_LEN, a, &more);
	return r;
}

static bool has_holes(struct in_addr mask)
{
	uint32_t host = ~ntohl(mask.s_addr);

	return (host & (host + 1)) != 0;
}

static bool is_usable(const struct dhcp_answer *a)
{
	uint32_t first = ntohl(a->address.s_addr) >> 24;

	if (a->type == DHCP_NAK)
		return true;
	if ((a->type != DHCP_OFFER && a->type != DHCP_ACK) || !a->server.s_addr)
		return false;
	return first != 0 && first != 127 && first < 224 && !has_holes(a->mask);
}

int dhcp_read(const struct dhcp_client *c, const uint8_t *data, size_t len, struct dhcp_answer *ret)
{
	struct dhcp_answer a = {0};

	if (len < AT_OPTIONS || data[AT_OP] != REPLY ||
	        memcmp(data + AT_COOKIE, cookie, sizeof(cookie)) != 0)
		return -EBADMSG;
	if (memcmp(data + AT_XID, &c->xid, 4) != 0 ||
	        memcmp(data + AT_CHADDR, c->mac, sizeof(c->mac)) != 0)
		return -ENOMSG;
	memcpy(&a.address, data + AT_YIADDR, 4);
	memcpy(&a.next, data + AT_SIADDR, 4);
	int r = take_all(data, len, &a);
	if (r < 0)
		return r;
	if (!is_usable(&a))
		return -EBADMSG;
	*ret = a;
	return 0;
}

uint8_t dhcp_prefix(const struct dhcp_answer *a)
{
	uint32_t mask = ntohl(a->mask.s_addr), first = ntohl(a->address.s_addr) >> 24;

	if (mask)
		return (uint8_t)__builtin_popcount(mask);
	return first < 128 ? 8 : first < 192 ? 16 : 24;
}
