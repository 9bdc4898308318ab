/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the facts are found out, as root. What cannot be found out says so in its facts: none of
 * these fails. */
#ifndef PREFLIGHT_GATHER_H
#define PREFLIGHT_GATHER_H

#include "appliance/preflight/facts.h"

/*
 * Asks for an address as firmware of both kinds does, on this interface, and collects what is
 * offered within the seconds. Only DISCOVER, from a MAC of its own that is the same each time:
 * nobody gives a lease, and a server keeps at most one address for us for a moment. What runs on
 * this host does not hear it.
 */
void gather_dhcp(const char *interface, int seconds, struct dhcp_facts *ret);

void gather_link(const struct config *config, struct link_facts *ret);

/* The ports of serve, tried as serve and dnsmasq open them. Needs the runtime directory to tell our
 * own processes. */
void gather_ports(const struct config *config, struct facts *ret);

void gather_clock(struct clock_facts *ret);
void gather_limits(struct limit_facts *ret); /* all but the number of machines */
/* Frees with firewall_facts_free(). */
void gather_firewall(struct firewall_facts *ret);
void firewall_facts_free(struct firewall_facts *f);
/* Of STATE/tls, at this time (seconds since 1970). */
void gather_certificate(const struct config *config, struct certificate_facts *ret);

#endif
