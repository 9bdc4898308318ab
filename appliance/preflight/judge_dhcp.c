/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Firmware prefers our offer, but shim and GRUB believe the server that gave the address: shim when
 * that one fills the header's file field, Debian's GRUB always (it asks siaddr, TFTP alone). So the
 * signed chain gets to its end only where siaddr is this appliance.
 */
#include "appliance/preflight/judge.h"

#include <arpa/inet.h>
#include <string.h>

#define CHECK "dhcp"

struct server {
	const struct facts *facts;
	const struct offer *offer;
	char who[INET_ADDRSTRLEN], next[INET_ADDRSTRLEN];
	const char *firmware; /* whose machines it says that to */
	bool uefi;
	bool names_us; /* siaddr is this appliance */
};

static bool is_us(const struct facts *f, struct in_addr address)
{
	struct in_addr ours;

	return inet_pton(AF_INET, f->config.address, &ours) == 1 && ours.s_addr == address.s_addr;
}

static bool has_fields(const struct offer *o)
{
	return o->name[0] || o->file[0] || o->option66[0] || o->option67[0];
}

static void add_told(struct findings *all, const struct server *s)
{
	const struct offer *o = s->offer;
	char address[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &o->address, address, sizeof(address));
	finding_add(all, CHECK, FINDING_OK,
	        "%s (%02x:%02x:%02x:%02x:%02x:%02x) offers %s machines %s; next-server (siaddr) "
	        "%s, "
	        "file '%.60s', server name '%.40s', option 66 '%.60s', option 67 '%.60s'",
	        s->who, o->mac[0], o->mac[1], o->mac[2], o->mac[3], o->mac[4], o->mac[5],
	        s->firmware, o->address.s_addr ? address : "no address", s->next, o->file, o->name,
	        o->option66, o->option67);
}

static void fix_next_server(struct finding *f, const struct server *s)
{
	finding_fix(f,
	        "let the DHCP server %s name next-server %s and no file: netmend preflight "
	        "--settings kea|isc|microsoft|unifi|dnsmasq prints the lines",
	        s->who, s->facts->config.address);
	finding_fix(f,
	        "then set [dhcp] next-server = yes in the configuration, and run preflight again");
	finding_fix(f, "or: a segment of their own for the machines, with [dhcp] mode = full");
	if (!s->facts->signed_ipxe)
		finding_fix(f, "or: iPXE as its makers sign it, by netmend netboot import");
	finding_fix(f, "or: a medium for each such machine, by netmend media iso");
}

/* One that sends machines elsewhere, whatever we say. */
static void judge_boot_fields(struct findings *all, const struct server *s)
{
	const struct offer *o = s->offer;

	if (!has_fields(o) || s->names_us)
		return;
	/* Measured: with the header's file field filled shim leaves our way; options alone do not
	 * turn firmware or shim away, some old ROMs they do. */
	bool header = o->file[0] != '\0';
	struct finding *f = finding_add(all, CHECK, header ? FINDING_PROBLEM : FINDING_NOTE,
	        "%s sends %s machines to another boot server (%.60s) for '%.60s': %s", s->who,
	        s->firmware,
	        o->option66[0] ? o->option66
	        : o->name[0]   ? o->name
	                       : s->next,
	        header ? o->file : o->option67,
	        header ? "shim and many ROMs believe that instead of this appliance"
	               : "most firmware prefers this appliance, some old ROMs do not");
	finding_fix(f,
	        "take options 66 and 67 (boot server, boot file) out of the scope of %s while "
	        "machines are repaired, or let them name this appliance: netmend preflight "
	        "--settings microsoft (or kea, isc, unifi, dnsmasq)",
	        s->who);
}

/* Another boot server: WDS, Configuration Manager, one more appliance. */
static void judge_boot_server(struct findings *all, const struct server *s)
{
	struct finding *f = finding_add(all, CHECK, FINDING_PROBLEM,
	        "another network boot server answers %s machines: %s, with '%.60s'. Which of the "
	        "two "
	        "a machine takes is its firmware's choice",
	        s->firmware, s->who, s->offer->file);

	finding_fix(f, "switch its answers off on this segment while machines are repaired: WDS: "
	               "wdsutil /Set-Server /AnswerClients:None; Configuration Manager: untick "
	               "Enable PXE on the distribution point");
}

static enum finding_level without_next_server(const struct config *c)
{
	return c->uefi == UEFI_IPXE ? FINDING_NOTE : FINDING_PROBLEM;
}

/* The known case: Debian's GRUB asks the foreign server for its files, and stops. */
static void judge_next_server(struct findings *all, const struct server *s)
{
	const struct config *c = &s->facts->config;

	if (s->names_us) {
		if (c->next_server)
			return;
		struct finding *f = finding_add(all, CHECK, FINDING_NOTE,
		        "%s names this appliance as next-server, and the configuration does not "
		        "know: machines with Secure Boot could be started",
		        s->who);
		finding_fix(f, "set [dhcp] next-server = yes in the configuration");
		return;
	}
	if (s->facts->shim_first) {
		struct finding *f = finding_add(all, CHECK, FINDING_PROBLEM,
		        "%s gives next-server %s, not %s: machines get the signed chain, whose "
		        "GRUB "
		        "asks %s for its files, waits for minutes and stops at a grub> prompt%s",
		        s->who, s->next, c->address, s->offer->next.s_addr ? s->next : s->who,
		        c->next_server ? "; [dhcp] next-server = yes is not true" : "");
		fix_next_server(f, s);
		return;
	}
	if (s->facts->signed_ipxe)
		return;
	struct finding *f = finding_add(all, CHECK, without_next_server(c),
	        "machines with Secure Boot on cannot be started beside %s: it gives next-server "
	        "%s, "
	        "not %s, so the signed chain would stop in GRUB, and iPXE, which they get, is not "
	        "signed. Machines with Secure Boot off start",
	        s->who, s->next, c->address);
	fix_next_server(f, s);
}

/* The same server says the same to machines of the other kind; the address it would give is each
 * time the next one. */
static bool is_same(const struct offer *a, const struct offer *b)
{
	return a->from.s_addr == b->from.s_addr && a->server.s_addr == b->server.s_addr &&
	       a->next.s_addr == b->next.s_addr && !a->address.s_addr == !b->address.s_addr &&
	       strcmp(a->file, b->file) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->option66, b->option66) == 0 && strcmp(a->option67, b->option67) == 0;
}

/* The offer of that server to the other kind that says the same, or NULL. */
static const struct offer *twin_of(const struct dhcp_facts *d, const struct offer *o)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->offers[i].architecture != o->architecture && is_same(&d->offers[i], o))
			return &d->offers[i];
	return NULL;
}

static void judge_server(struct findings *all, const struct facts *f, const struct offer *o)
{
	const struct offer *twin = twin_of(&f->dhcp, o);
	struct server s = {.facts = f,
	        .offer = o,
	        .firmware = twin                   ? "all"
	                    : o->architecture == 0 ? "BIOS"
	                                           : "UEFI",
	        .uefi = twin || o->architecture != 0,
	        .names_us = is_us(f, o->next)};

	if (twin && twin < o)
		return;
	struct in_addr who = offer_who(o);

	(void)inet_ntop(AF_INET, &who, s.who, sizeof(s.who));
	(void)inet_ntop(AF_INET, &o->next, s.next, sizeof(s.next));
	add_told(all, &s);
	if (f->config.dhcp_mode == DHCP_FULL) {
		struct finding *found = finding_add(all, CHECK, FINDING_PROBLEM,
		        "%s answers DHCP on %s, where this appliance is to be the only server "
		        "([dhcp] mode = full)",
		        s.who, f->config.interface);
		finding_fix(found, "set [dhcp] mode = proxy, or take that server off this segment");
		return;
	}
	if (!o->address.s_addr) {
		judge_boot_server(all, &s);
		return;
	}
	judge_boot_fields(all, &s);
	/* BIOS machines have no Secure Boot. */
	if (s.uefi)
		judge_next_server(all, &s);
}

static size_t address_servers(const struct dhcp_facts *d)
{
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++) {
		bool again = d->offers[i].address.s_addr == 0;
		for (size_t k = 0; k < i; k++)
			again = again || (d->offers[k].address.s_addr != 0 &&
			                         offer_who(&d->offers[k]).s_addr ==
			                                 offer_who(&d->offers[i]).s_addr);
		count += !again;
	}
	return count;
}

static void judge_silence(const struct facts *f, struct findings *all)
{
	const struct config *c = &f->config;
	struct finding *found;

	if (c->dhcp_mode == DHCP_FULL) {
		finding_add(
		        all, CHECK, FINDING_OK, "no other DHCP server answers on %s", c->interface);
		return;
	}
	found = finding_add(all, CHECK, c->relayed.count ? FINDING_NOTE : FINDING_PROBLEM,
	        "no DHCP server gives addresses on %s (listened %d s): with [dhcp] mode = %s "
	        "machines "
	        "of this segment would not get one",
	        c->interface, f->dhcp.seconds, config_dhcp_mode_name(c));
	finding_fix(found,
	        "is %s the interface on the machines' VLAN, and does DHCP work there? A "
	        "slow server: netmend preflight --wait 20",
	        c->interface);
	finding_fix(found, "on an isolated network: [dhcp] mode = full");
}

void judge_dhcp(const struct facts *f, struct findings *all)
{
	const struct dhcp_facts *d = &f->dhcp;

	if (!d->asked) {
		finding_add(
		        all, CHECK, FINDING_NOTE, "DHCP servers were not looked for: %s", d->why);
		return;
	}
	for (size_t i = 0; i < d->count; i++)
		judge_server(all, f, &d->offers[i]);
	size_t servers = address_servers(d);
	if (servers == 0)
		judge_silence(f, all);
	if (servers > 1 && f->config.dhcp_mode != DHCP_FULL) {
		struct finding *found = finding_add(all, CHECK, FINDING_NOTE,
		        "%zu DHCP servers give addresses here: every one of them has to have the "
		        "same "
		        "boot settings",
		        servers);
		finding_fix(found, "if one of them is not yours: find its port by the MAC above");
	}
	if (f->config.dhcp_mode == DHCP_OFF)
		finding_add(all, CHECK, FINDING_NOTE,
		        "[dhcp] mode is off: this appliance has no TFTP server either; what the "
		        "DHCP "
		        "server names has to come from another one, or over HTTP");
}
