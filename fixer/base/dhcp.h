/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shape of DHCP messages (RFC 2131, figure 1, and RFC 2132), for whoever reads or writes them:
 * no I/O. */
#ifndef BASE_DHCP_H
#define BASE_DHCP_H

#include <stddef.h>
#include <stdint.h>

/* Where the fields are, from the beginning of the message. */
enum {
	DHCP_AT_OP = 0,
	DHCP_AT_HTYPE = 1,
	DHCP_AT_HLEN = 2,
	DHCP_AT_XID = 4,
	DHCP_AT_SECS = 8,
	DHCP_AT_FLAGS = 10,
	DHCP_AT_YIADDR = 16,
	DHCP_AT_SIADDR = 20,
	DHCP_AT_CHADDR = 28,
	DHCP_AT_SNAME = 44,
	DHCP_AT_FILE = 108,
	DHCP_AT_COOKIE = 236,
	DHCP_AT_OPTIONS = 240,
};
#define DHCP_SNAME_LEN 64
#define DHCP_FILE_LEN  128

#define DHCP_MESSAGE_MAX 1500
/* What BOOTP relays and servers take without question. */
#define DHCP_REQUEST_LEN 300

enum { DHCP_OP_REQUEST = 1, DHCP_OP_REPLY = 2, DHCP_ETHERNET = 1 };

enum dhcp_type { DHCP_DISCOVER = 1, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE, DHCP_ACK, DHCP_NAK };

/* Of RFC 2132 and 4578. */
enum {
	DHCP_OPTION_PAD = 0,
	DHCP_OPTION_MASK = 1,
	DHCP_OPTION_ROUTER = 3,
	DHCP_OPTION_VENDOR_DATA = 43,
	DHCP_OPTION_ADDRESS = 50,
	DHCP_OPTION_OVERLOAD = 52,
	DHCP_OPTION_TYPE = 53,
	DHCP_OPTION_SERVER = 54,
	DHCP_OPTION_PARAMETERS = 55,
	DHCP_OPTION_MAX_SIZE = 57,
	DHCP_OPTION_VENDOR = 60,
	DHCP_OPTION_CLIENT_ID = 61,
	DHCP_OPTION_BOOT_SERVER = 66,
	DHCP_OPTION_BOOT_FILE = 67,
	DHCP_OPTION_ARCHITECTURE = 93,
	DHCP_OPTION_UNDI = 94,
	DHCP_OPTION_MACHINE = 97,
	DHCP_OPTION_END = 255,
};

extern const uint8_t dhcp_cookie[4];

/* Writes an option at the place; where the next one goes. The caller has the room. */
uint8_t *dhcp_put_option(uint8_t *at, uint8_t code, const void *data, uint8_t len);

/* 0, or a negative errno that ends the reading. */
typedef int dhcp_option_fn(uint8_t code, const uint8_t *data, size_t len, void *context);

/*
 * Every option of a message, then those in the fields for file (1) and server name (2) when option
 * 52 says that they hold more; *ret_overload has those bits. -EBADMSG: no header, no cookie, or an
 * option that goes beyond its field; or what each said.
 */
int dhcp_each_option(const uint8_t *message, size_t len, dhcp_option_fn *each, void *context,
        uint8_t *ret_overload);

#endif
