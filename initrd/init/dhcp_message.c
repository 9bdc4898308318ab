/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/dhcp_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define OPTION_DNS    6
#define OPTION_DOMAIN 15
#define VENDOR_URL    1

void dhcp_write(const struct dhcp_client *c, uint16_t seconds, const struct dhcp_answer *offer,
        uint8_t ret[DHCP_REQUEST_LEN])
{
	static const uint8_t wanted[] = {DHCP_OPTION_MASK, DHCP_OPTION_ROUTER, OPTION_DNS,
	        OPTION_DOMAIN, DHCP_OPTION_VENDOR_DATA};
	static const uint8_t largest[] = {DHCP_MESSAGE_MAX >> 8, DHCP_MESSAGE_MAX & 0xff};
	const uint8_t type = offer ? DHCP_REQUEST : DHCP_DISCOVER;
	const uint16_t secs = htons(seconds);
	uint8_t id[7] = {DHCP_ETHERNET}, *at = ret + DHCP_AT_OPTIONS;

	memset(ret, 0, DHCP_REQUEST_LEN);
	ret[DHCP_AT_OP] = DHCP_OP_REQUEST;
	ret[DHCP_AT_HTYPE] = DHCP_ETHERNET;
	ret[DHCP_AT_HLEN] = sizeof(c->mac);
	memcpy(ret + DHCP_AT_XID, &c->xid, 4);
	memcpy(ret + DHCP_AT_SECS, &secs, 2);
	/* Answers by broadcast: the port has no address that they could go to. */
	ret[DHCP_AT_FLAGS] = 0x80;
	memcpy(ret + DHCP_AT_CHADDR, c->mac, sizeof(c->mac));
	memcpy(ret + DHCP_AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie));
	at = dhcp_put_option(at, DHCP_OPTION_TYPE, &type, 1);
	memcpy(id + 1, c->mac, sizeof(c->mac));
	at = dhcp_put_option(at, DHCP_OPTION_CLIENT_ID, id, sizeof(id));
	if (offer) {
		at = dhcp_put_option(at, DHCP_OPTION_ADDRESS, &offer->address, 4);
		at = dhcp_put_option(at, DHCP_OPTION_SERVER, &offer->server, 4);
	}
	at = dhcp_put_option(at, DHCP_OPTION_PARAMETERS, wanted, sizeof(wanted));
	at = dhcp_put_option(at, DHCP_OPTION_MAX_SIZE, largest, sizeof(largest));
	at = dhcp_put_option(at, DHCP_OPTION_VENDOR, DHCP_VENDOR, sizeof(DHCP_VENDOR) - 1);
	*at = DHCP_OPTION_END;
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

static bool is_domain_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.';
}

static void take_dns(const uint8_t *data, size_t len, struct dhcp_answer *a)
{
	for (size_t i = 0; i < DHCP_DNS_MAX && len / 4 > i; i++)
		memcpy(&a->dns[i], data + 4 * i, 4);
}

/* Some servers end it with a dot or a NUL. What cannot be part of a host name is left out whole. */
static void take_domain(const uint8_t *data, size_t len, struct dhcp_answer *a)
{
	while (len && (data[len - 1] == 0 || data[len - 1] == '.'))
		len--;
	if (len >= sizeof(a->domain))
		return;
	for (size_t i = 0; i < len; i++)
		if (!is_domain_char(data[i]))
			return;
	memcpy(a->domain, data, len);
	a->domain[len] = 0;
}

/* A dhcp_option_fn. */
static int take_option(uint8_t code, const uint8_t *data, size_t len, void *context)
{
	struct dhcp_answer *a = context;

	switch (code) {
	case DHCP_OPTION_TYPE:
		if (len != 1)
			return -EBADMSG;
		a->type = (enum dhcp_type)data[0];
		return 0;
	case DHCP_OPTION_MASK:
		return len == 4 ? take_address(data, len, &a->mask) : -EBADMSG;
	case DHCP_OPTION_SERVER:
		return len == 4 ? take_address(data, len, &a->server) : -EBADMSG;
	case DHCP_OPTION_ROUTER:
		return take_address(data, len, &a->gateway);
	case OPTION_DNS:
		take_dns(data, len, a);
		return 0;
	case OPTION_DOMAIN:
		take_domain(data, len, a);
		return 0;
	case DHCP_OPTION_VENDOR_DATA:
		take_vendor(data, len, a);
		return 0;
	default:
		return 0;
	}
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
	uint8_t overload;

	if (len < DHCP_AT_OPTIONS || data[DHCP_AT_OP] != DHCP_OP_REPLY ||
	        memcmp(data + DHCP_AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie)) != 0)
		return -EBADMSG;
	if (memcmp(data + DHCP_AT_XID, &c->xid, 4) != 0 ||
	        memcmp(data + DHCP_AT_CHADDR, c->mac, sizeof(c->mac)) != 0)
		return -ENOMSG;
	memcpy(&a.address, data + DHCP_AT_YIADDR, 4);
	memcpy(&a.next, data + DHCP_AT_SIADDR, 4);
	int r = dhcp_each_option(data, len, take_option, &a, &overload);
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
