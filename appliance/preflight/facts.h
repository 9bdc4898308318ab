/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What preflight knows about this host and its network when it judges: gathered first, so that
 * every judgement is a function of this alone.
 */
#ifndef PREFLIGHT_FACTS_H
#define PREFLIGHT_FACTS_H

#include "appliance/config/config.h"
#include "appliance/preflight/offer.h"
#include "appliance/preflight/trial.h"

#include <jansson.h>

#define FACTS_OFFERS_MAX    16
#define FACTS_ADDRESSES_MAX 8
#define FACTS_PORTS_MAX     5
#define FACTS_TEXT          160

struct dhcp_facts {
	bool asked;
	char why[FACTS_TEXT]; /* why it was not */
	int seconds;          /* listened for so long */
	size_t count;
	struct offer offers[FACTS_OFFERS_MAX]; /* one a server and architecture */
};

struct link_facts {
	bool there, up, carrier, loopback;
	int vlan;               /* its number; 0: none */
	char parent[16];        /* of the VLAN */
	char vlans[FACTS_TEXT]; /* VLANs on top of this interface, "eth0.20, eth0.30" */
	size_t address_count;   /* may be more than the list has */
	char addresses[FACTS_ADDRESSES_MAX][20]; /* "10.0.0.1/24" */
};

enum port_state { PORT_FREE, PORT_OURS, PORT_TAKEN, PORT_UNKNOWN };

struct port_fact {
	bool tcp;
	int number;
	enum port_state state;
	char owner[FACTS_TEXT]; /* "dnsmasq (process 12)"; or why it is not known */
};

struct clock_facts {
	bool known, synchronised;
	int64_t now, built; /* seconds since 1970; when this program was installed */
};

struct limit_facts {
	uint64_t files;         /* descriptors serve can have; 0: not known */
	long neighbours[3];     /* gc_thresh1 to 3 of IPv4; -1: this kernel does not say here */
	unsigned long machines; /* on this network, as told; 0: not told */
};

enum firewall_state { FIREWALL_READ, FIREWALL_UNKNOWN };

struct firewall_facts {
	enum firewall_state state;
	char why[FACTS_TEXT];
	json_t *rules; /* of `nft -j list ruleset`; owned */
	bool legacy;   /* rules of iptables-legacy, which nft does not see */
};

struct certificate_facts {
	bool there, readable, fits_key, names_address;
	int64_t from, until;  /* seconds since 1970 */
	char why[FACTS_TEXT]; /* not readable */
};

struct escrow_facts {
	bool serve_runs; /* somebody has its lock */
	bool program;    /* netmend-escrow is installed */
	bool answers, locked;
	int64_t keys;
	char why[FACTS_TEXT];     /* no answer */
	char sources[FACTS_TEXT]; /* those that do not answer, and why */
};

struct facts {
	struct config config; /* resolved as far as it can be */
	bool shim_first;      /* firmware gets the signed chain first */
	bool signed_ipxe;     /* the administrator's, which Secure Boot lets through */
	struct dhcp_facts dhcp;
	struct link_facts link;
	size_t port_count;
	struct port_fact ports[FACTS_PORTS_MAX];
	struct clock_facts clock;
	struct limit_facts limits;
	struct firewall_facts firewall;
	struct certificate_facts certificate;
	struct escrow_facts escrow;
	struct trial_facts trial;
};

#endif
