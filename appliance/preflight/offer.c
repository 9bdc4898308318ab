/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/offer.h"

#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VENDOR_TEXT 40

void offer_ask(const struct asker *who, uint16_t seconds, uint8_t ret[DISCOVER_LEN])
{
	static const uint8_t type = DHCP_DISCOVER, undi[] = {1, 3, 16};
	static const uint8_t largest[] = {DHCP_MESSAGE_MAX >> 8, DHCP_MESSAGE_MAX & 0xff};
	static const uint8_t wanted[] = {DHCP_OPTION_MASK, DHCP_OPTION_ROUTER,
	        DHCP_OPTION_VENDOR_DATA, DHCP_OPTION_SERVER, DHCP_OPTION_VENDOR,
	        DHCP_OPTION_BOOT_SERVER, DHCP_OPTION_BOOT_FILE, DHCP_OPTION_MACHINE};
	const uint16_t secs = htons(seconds), arch = htons(who->architecture);
	uint8_t machine[17] = {0}, *at = ret + DHCP_AT_OPTIONS;
	char vendor[VENDOR_TEXT];

	memset(ret, 0, DISCOVER_LEN);
	ret[DHCP_AT_OP] = DHCP_OP_REQUEST;
	ret[DHCP_AT_HTYPE] = DHCP_ETHERNET;
	ret[DHCP_AT_HLEN] = sizeof(who->mac);
	memcpy(ret + DHCP_AT_XID, &who->xid, 4);
	memcpy(ret + DHCP_AT_SECS, &secs, 2);
	/* Answers by broadcast: no card here has this MAC. */
	ret[DHCP_AT_FLAGS] = 0x80;
	memcpy(ret + DHCP_AT_CHADDR, who->mac, sizeof(who->mac));
	memcpy(ret + DHCP_AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie));
	memcpy(machine + 1, who->mac, sizeof(who->mac));
	int len = snprintf(
	        vendor, sizeof(vendor), "PXEClient:Arch:%05u:UNDI:003016", who->architecture);
	at = dhcp_put_option(at, DHCP_OPTION_TYPE, &type, 1);
	at = dhcp_put_option(at, DHCP_OPTION_PARAMETERS, wanted, sizeof(wanted));
	at = dhcp_put_option(at, DHCP_OPTION_MAX_SIZE, largest, sizeof(largest));
	at = dhcp_put_option(at, DHCP_OPTION_VENDOR, vendor, (uint8_t)len);
	at = dhcp_put_option(at, DHCP_OPTION_ARCHITECTURE, &arch, 2);
	at = dhcp_put_option(at, DHCP_OPTION_UNDI, undi, sizeof(undi));
	at = dhcp_put_option(at, DHCP_OPTION_MACHINE, machine, sizeof(machine));
	*at = DHCP_OPTION_END;
}

/* Up to the first NUL; len is at most OFFER_TEXT - 1. */
static void take_text(char ret[OFFER_TEXT], const uint8_t *data, size_t len)
{
	char text[OFFER_TEXT];

	memcpy(text, data, len);
	text[len] = '\0';
	text_clean(ret, OFFER_TEXT, text);
}

struct reading {
	struct offer *offer;
	uint8_t type;
};

static bool begins(const uint8_t *data, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(data, with, strlen(with)) == 0;
}

/* A dhcp_option_fn. */
static int take_option(uint8_t code, const uint8_t *data, size_t len, void *context)
{
	struct reading *r = context;

	switch (code) {
	case DHCP_OPTION_TYPE:
		if (len != 1)
			return -EBADMSG;
		r->type = data[0];
		return 0;
	case DHCP_OPTION_SERVER:
		if (len != 4)
			return -EBADMSG;
		memcpy(&r->offer->server, data, 4);
		return 0;
	case DHCP_OPTION_VENDOR:
		r->offer->boot = begins(data, len, "PXEClient") || begins(data, len, "HTTPClient");
		return 0;
	case DHCP_OPTION_BOOT_SERVER:
		take_text(r->offer->option66, data, len);
		return 0;
	case DHCP_OPTION_BOOT_FILE:
		take_text(r->offer->option67, data, len);
		return 0;
	default:
		return 0;
	}
}

int offer_read(const struct asker *who, const void *data, size_t len, struct offer *ret)
{
	struct offer offer = {.architecture = who->architecture};
	struct reading reading = {.offer = &offer};
	const uint8_t *message = data;
	uint8_t overload;

	if (len < DHCP_AT_OPTIONS)
		return -EBADMSG;
	if (message[DHCP_AT_OP] != DHCP_OP_REPLY ||
	        memcmp(message + DHCP_AT_XID, &who->xid, 4) != 0 ||
	        memcmp(message + DHCP_AT_CHADDR, who->mac, sizeof(who->mac)) != 0)
		return -ENOMSG;
	int r = dhcp_each_option(message, len, take_option, &reading, &overload);
	if (r < 0)
		return r;
	if (reading.type != DHCP_OFFER)
		return -ENOMSG;
	memcpy(&offer.address, message + DHCP_AT_YIADDR, 4);
	memcpy(&offer.next, message + DHCP_AT_SIADDR, 4);
	if (!(overload & 1))
		take_text(offer.file, message + DHCP_AT_FILE, DHCP_FILE_LEN);
	if (!(overload & 2))
		take_text(offer.name, message + DHCP_AT_SNAME, DHCP_SNAME_LEN);
	*ret = offer;
	return 0;
}

struct in_addr offer_who(const struct offer *o)
{
	return o->server.s_addr ? o->server : o->from;
}
