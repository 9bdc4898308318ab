/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interface, ports, clock, limits. */
#include "appliance/preflight/judge.h"

#include "fixer/base/text.h"

#include <stdio.h>
#include <string.h>

#define FILES_WANTED 16384 /* serve says so too below this (raise_limits()) */
#define CLOCK_SLACK  (24 * 3600)

/* ---- interface ---- */

static void judge_addresses(const struct facts *f, struct findings *all)
{
	const struct link_facts *l = &f->link;
	const struct config *c = &f->config;
	struct finding *found;

	if (l->address_count == 0) {
		found = finding_add(
		        all, "interface", FINDING_PROBLEM, "%s has no IPv4 address", c->interface);
		finding_fix(found,
		        "ip addr add ADDRESS/PREFIX dev %s (and in the host's network "
		        "configuration)",
		        c->interface);
	} else if (!c->address[0] || !c->prefix) {
		found = finding_add(all, "interface", FINDING_PROBLEM,
		        "%s does not have the address of [server] address (%s)", c->interface,
		        c->address);
		finding_fix(found, "it has %s", l->addresses[0]);
	} else if (l->address_count > 1) {
		found = finding_add(all, "interface", FINDING_NOTE,
		        "%s has %zu addresses; machines are told %s", c->interface,
		        l->address_count, c->address);
		finding_fix(
		        found, "if that is not the one machines can reach: [server] address = ...");
	} else {
		finding_add(
		        all, "interface", FINDING_OK, "%s has %s", c->interface, l->addresses[0]);
	}
}

void judge_link(const struct facts *f, struct findings *all)
{
	const struct link_facts *l = &f->link;
	const char *name = f->config.interface;
	struct finding *found;

	if (!l->there) {
		found = finding_add(
		        all, "interface", FINDING_PROBLEM, "there is no interface %s", name);
		finding_fix(found, "ip -br addr shows which there are; [server] interface = ... or "
		                   "--interface ...");
		return;
	}
	if (l->loopback) {
		found = finding_add(
		        all, "interface", FINDING_PROBLEM, "%s leads to no machine", name);
		finding_fix(found, "[server] interface = the one on the machines' network");
	}
	if (!l->up || !l->carrier) {
		found = finding_add(all, "interface", FINDING_PROBLEM, "%s is %s", name,
		        l->up ? "up, but has no link (cable, switch port)" : "down");
		finding_fix(found,
		        l->up ? "look at cable and switch port: ethtool %s" : "ip link set %s up",
		        name);
	}
	judge_addresses(f, all);
	if (l->vlan)
		finding_add(all, "interface", FINDING_OK, "%s is VLAN %d on %s", name, l->vlan,
		        l->parent);
	if (l->vlans[0]) {
		found = finding_add(all, "interface", FINDING_NOTE,
		        "%s carries VLANs too (%s): machines there are not heard on %s itself",
		        name, l->vlans, name);
		finding_fix(found,
		        "if the machines are on one of them: [server] interface = that one, "
		        "or relays: netmend preflight --settings cisco|juniper|aruba");
	}
}

/* ---- ports ---- */

static const char *use_of(const struct port_fact *p)
{
	if (p->tcp)
		return "boot files, repairs and the page";
	return p->number == 69 ? "boot programs (TFTP)" : "DHCP";
}

void judge_ports(const struct facts *f, struct findings *all)
{
	for (size_t i = 0; i < f->port_count; i++) {
		const struct port_fact *p = &f->ports[i];
		const char *kind = p->tcp ? "TCP" : "UDP";
		struct finding *found;

		if (p->state == PORT_FREE) {
			finding_add(
			        all, "ports", FINDING_OK, "%s port %d is free", kind, p->number);
		} else if (p->state == PORT_OURS) {
			finding_add(all, "ports", FINDING_OK, "%s port %d: %s", kind, p->number,
			        p->owner);
		} else if (p->state == PORT_UNKNOWN) {
			finding_add(all, "ports", FINDING_NOTE, "%s port %d cannot be tried: %s",
			        kind, p->number, p->owner);
		} else {
			found = finding_add(all, "ports", FINDING_PROBLEM,
			        "%s port %d, for %s, is taken by %s", kind, p->number, use_of(p),
			        p->owner);
			finding_fix(found,
			        "stop it (systemctl list-units; systemctl disable --now "
			        "UNIT)%s",
			        p->tcp ? ", or choose another port in [server]" : "");
		}
	}
}

/* ---- clock ---- */

void judge_clock(const struct facts *f, struct findings *all)
{
	const struct clock_facts *c = &f->clock;
	char now[ISO8601_TEXT], built[ISO8601_TEXT];
	struct finding *found;

	iso8601_format(c->now * 1000000000, now);
	iso8601_format(c->built * 1000000000, built);
	if (c->built && c->now + CLOCK_SLACK < c->built) {
		found = finding_add(all, "clock", FINDING_PROBLEM,
		        "the clock says %s, which is before this program was installed (%s): "
		        "certificates are judged by it, and records carry it",
		        now, built);
		finding_fix(found, "timedatectl set-ntp yes, or date -s ...");
	} else if (c->known && !c->synchronised) {
		found = finding_add(all, "clock", FINDING_NOTE,
		        "the clock (%s) is not synchronised: logins, approvals and records go by "
		        "it, "
		        "and a server of keys may refuse a host whose clock is off",
		        now);
		finding_fix(found, "timedatectl set-ntp yes (systemd-timesyncd or chrony), then "
		                   "timedatectl show -p NTPSynchronized");
	} else if (!c->known) {
		finding_add(all, "clock", FINDING_NOTE,
		        "the clock says %s; whether it is synchronised cannot be told here", now);
	} else {
		finding_add(all, "clock", FINDING_OK, "synchronised, %s", now);
	}
}

/* ---- limits ---- */

static unsigned long hosts_of(int prefix)
{
	return prefix >= 31 || prefix <= 0 ? 1 : (1UL << (32 - prefix)) - 2;
}

/* A floor that starts at once needs as many entries at once; full, it loses packets. */
static void judge_neighbours(const struct facts *f, struct findings *all)
{
	const long most = f->limits.neighbours[2];
	unsigned long hosts = hosts_of(f->config.prefix), told = f->limits.machines;
	unsigned long machines = told && told < hosts ? told : hosts;
	struct finding *found;

	if (most < 0) {
		found = finding_add(all, "limits", FINDING_NOTE,
		        "the size of the neighbour (ARP) table cannot be told here: it is the "
		        "host's, not "
		        "a container's");
		finding_fix(found, "on the host: sysctl net.ipv4.neigh.default.gc_thresh3");
		return;
	}
	if ((unsigned long)most >= machines) {
		finding_add(all, "limits", FINDING_OK,
		        "the neighbour (ARP) table holds %ld entries, for %lu machines at most",
		        most, machines);
		return;
	}
	found = finding_add(all, "limits", told ? FINDING_PROBLEM : FINDING_NOTE,
	        "the neighbour (ARP) table holds %ld entries, and there %s %lu machines on this "
	        "network: what is beyond gets no answer",
	        most, told ? "are" : "can be", machines);
	unsigned long wanted = 1024;
	while (wanted < machines)
		wanted *= 2;
	finding_fix(found,
	        "sysctl -w net.ipv4.neigh.default.gc_thresh3=%lu "
	        "net.ipv4.neigh.default.gc_thresh2=%lu net.ipv4.neigh.default.gc_thresh1=%lu",
	        wanted * 2, wanted, wanted / 2);
	finding_fix(found, "and the same three in /etc/sysctl.d/netmend.conf");
}

static void judge_files(const struct facts *f, struct findings *all)
{
	struct finding *found;

	if (f->limits.files == 0) {
		finding_add(
		        all, "limits", FINDING_NOTE, "how many files can be open cannot be told");
		return;
	}
	if (f->limits.files >= FILES_WANTED) {
		finding_add(all, "limits", FINDING_OK, "%llu files can be open",
		        (unsigned long long)f->limits.files);
		return;
	}
	found = finding_add(all, "limits", FINDING_PROBLEM,
	        "only %llu files can be open, %d are wanted: a whole floor at once is too much",
	        (unsigned long long)f->limits.files, FILES_WANTED);
	finding_fix(found, "systemctl edit netmend: [Service] LimitNOFILE=65536; in a shell or "
	                   "container: ulimit -n 65536 before serve");
}

void judge_limits(const struct facts *f, struct findings *all)
{
	judge_neighbours(f, all);
	judge_files(f, all);
}
