/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What appliances heard on their wires. Errors as in store.h. */
#ifndef STORE_WIRE_H
#define STORE_WIRE_H

#include "appliance/store/store.h"

#define WIRE_KIND_TEXT   8
#define WIRE_ARCH_TEXT   16
#define WIRE_VENDOR_TEXT 65

/* A machine that asked, in one way. */
struct store_heard {
	char mac[MAC_TEXT];
	char kind[WIRE_KIND_TEXT]; /* "pxe", "http", "ipxe", "windows", "other" */
	char arch[WIRE_ARCH_TEXT]; /* "uefi-x64"; "" when not told */
	char vendor[WIRE_VENDOR_TEXT];
	int64_t at; /* last */
	bool answered;
};

struct store_dhcp_server {
	char ip[IPV4_TEXT];
	char mac[MAC_TEXT]; /* "": named by a client, not heard itself */
	int64_t at;
	bool ours; /* an appliance of this store */
};

/* Within a transaction: adds the line, or brings it up to date. */
int store_heard_save(struct store *s, const char *appliance, const struct store_heard *heard);
int store_dhcp_server_save(
        struct store *s, const char *appliance, const struct store_dhcp_server *server);
/* Likewise: forgets all of this appliance but the newest `keep`, and what is of the future, which
 * a clock that was set has left. */
int store_wire_trim(struct store *s, const char *appliance, int64_t now, size_t keep);

/* Calls each() for the newest lines of all appliances, newest first, at most limit; m: the machine
 * with this MAC, of which only what fleet_answers() asks for is filled in, id, name, serial, state,
 * reason and last_seen; NULL: none is known. */
int store_heard(struct store *s, size_t limit,
        int (*each)(const struct store_heard *heard, const struct machine *m, void *context),
        void *context);
/* When a Windows with one of the machine's MACs asked for an address last, and when one of them
 * asked for a boot; 0: not heard, or long ago. */
int store_heard_of(struct store *s, int64_t machine, int64_t *ret_windows, int64_t *ret_boot);
int store_dhcp_servers(struct store *s, size_t limit,
        int (*each)(const struct store_dhcp_server *server, void *context), void *context);

#endif
