/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/judge.h"
#include "appliance/preflight/ruleset.h"

#include <stdio.h>
#include <string.h>

#define CHECK "firewall"

/* TFTP answers from a port of its own choice: machines go on with that one. */
#define TFTP_ANSWER 40000

struct way {
	struct packet packet;
	const char *what;
};

static void add_drop(struct findings *all, const struct config *c, const struct way *w,
        const struct ruling_place *place, size_t problems_before)
{
	const char *kind = w->packet.tcp ? "tcp" : "udp";
	struct finding *f = finding_add(all, CHECK, FINDING_PROBLEM,
	        "%s is dropped by %s chain %s of table %s %s", w->what,
	        place->policy ? "the policy of" : "a rule in", place->chain, place->family,
	        place->table);

	if (w->packet.established)
		finding_fix(f, "nft insert rule %s %s %s ct state established,related accept",
		        place->family, place->table, place->chain);
	else
		finding_fix(f, "nft insert rule %s %s %s iifname %s %s dport %d accept",
		        place->family, place->table, place->chain, c->interface, kind,
		        w->packet.port);
	/* Once is enough. */
	if (all->problems > problems_before + 1)
		return;
	finding_fix(f, "and the same where this firewall is configured (ufw, firewalld, "
	               "/etc/nftables.conf), or it is gone with the next restart");
}

static void add_unsure(struct findings *all, const struct way *w, const struct ruling_place *place)
{
	struct finding *f = finding_add(all, CHECK, FINDING_NOTE,
	        "whether %s comes through cannot be told: table %s %s, chain %s has a rule that is "
	        "not understood here",
	        w->what, place->family, place->table, place->chain);

	finding_fix(f, "nft list table %s %s", place->family, place->table);
}

static void judge_way(
        const struct facts *f, const struct way *w, struct findings *all, size_t problems_before)
{
	struct ruling_place place;
	enum ruling ruling = ruleset_judge(f->firewall.rules, &w->packet, &place);

	if (ruling == RULING_DROP)
		add_drop(all, &f->config, w, &place, problems_before);
	else if (ruling == RULING_UNSURE)
		add_unsure(all, w, &place);
	else
		finding_add(all, CHECK, FINDING_OK, "%s comes through", w->what);
}

void judge_firewall(const struct facts *f, struct findings *all)
{
	const size_t before = all->problems;
	char what[FACTS_PORTS_MAX][40];

	if (f->firewall.legacy) {
		struct finding *found = finding_add(all, CHECK, FINDING_NOTE,
		        "there are rules of iptables-legacy, which are not judged here");
		finding_fix(found, "iptables-legacy -S INPUT");
	}
	if (f->firewall.state == FIREWALL_UNKNOWN) {
		struct finding *found = finding_add(all, CHECK, FINDING_NOTE,
		        "whether a firewall on this host stops machines cannot be told: %s",
		        f->firewall.why);
		finding_fix(found,
		        "let through on %s: UDP 67, 69, 4011, TCP %d and %d, and what is "
		        "established",
		        f->config.interface, f->config.http_port, f->config.https_port);
		return;
	}
	for (size_t i = 0; i < f->port_count; i++) {
		const struct port_fact *p = &f->ports[i];
		const struct way way = {.packet = {.interface = f->config.interface,
		                                .tcp = p->tcp,
		                                .port = p->number},
		        .what = what[i]};
		(void)snprintf(
		        what[i], sizeof(what[i]), "%s port %d", p->tcp ? "TCP" : "UDP", p->number);
		judge_way(f, &way, all, before);
	}
	const struct way answer = {.packet = {.interface = f->config.interface,
	                                   .established = true,
	                                   .port = TFTP_ANSWER},
	        .what = "a TFTP transfer that is under way (UDP, established)"};
	if (f->config.dhcp_mode != DHCP_OFF)
		judge_way(f, &answer, all, before);
}
