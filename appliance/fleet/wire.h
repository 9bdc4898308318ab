/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is heard on the wire right now: who asks for a boot program or an address, whether we
 * answered and why not, which DHCP servers there are. Kept here by what serve and watch tell,
 * written into the store now and then, where the page and the command line find it.
 */
#ifndef FLEET_WIRE_H
#define FLEET_WIRE_H

#include "appliance/fleet/fleet.h"
#include "appliance/store/wire.h"

#include <jansson.h>

#define WIRE_LINES_MAX   100
#define WIRE_SERVERS_MAX 20
#define WIRE_SAVE_MS     2000
/* What dnsmasq said of a machine holds for what is heard of it so much later. */
#define WIRE_JUDGED_MS 10000

enum wire_kind {
	WIRE_OTHER, /* asks for an address only */
	WIRE_PXE,
	WIRE_HTTP,
	WIRE_IPXE,
	WIRE_WINDOWS, /* the same, and says that it is Windows */
	WIRE_KINDS
};

struct wire_line {
	struct store_heard heard;
	int64_t judged; /* when dnsmasq said last whether it answers; 0: never */
	bool unsaved;
};

struct wire {
	struct wire_line lines[WIRE_LINES_MAX];
	size_t line_count;
	struct store_dhcp_server servers[WIRE_SERVERS_MAX];
	bool server_unsaved[WIRE_SERVERS_MAX];
	size_t server_count;
	int64_t saved;
	bool unsaved;
};

/* A client asked whomever. The line heard of longest ago makes place. */
void wire_heard(struct wire *w, const char *mac, enum wire_kind kind, const char *arch,
        const char *vendor, int64_t now);
/* It asked dnsmasq, which answered or did not. */
void wire_judged(struct wire *w, const char *mac, enum wire_kind kind, const char *arch,
        bool answered, int64_t now);
/* mac "": a client named it. */
void wire_server(struct wire *w, const char *ip, const char *mac, int64_t now);

/* Writes what is new, every WIRE_SAVE_MS. 0 or the store's -errno; then it is tried again. */
int wire_tick(struct fleet *f, struct wire *w);

/* Why it was not answered, in plain words; "" when it was. m NULL: not known. */
#define WIRE_WHY_TEXT 240
void wire_why(const struct store_heard *heard, const struct machine *m, bool scope_all,
        const char *dhcp, char ret[WIRE_WHY_TEXT]);

/* GET /api/v1/wire, as in netmend/README.md; dhcp: how the DHCP service is, in words. 0 or -errno.
 */
int wire_show(struct store *s, int64_t now, bool scope_all, const char *dhcp, json_t **ret);

#endif
