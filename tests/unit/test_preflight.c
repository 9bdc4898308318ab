/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What preflight says of which facts. */
#include "appliance/preflight/gather.h"
#include "appliance/preflight/judge.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1800000000LL /* 2027 */

struct bench {
	struct facts facts;
	struct findings found;
};

/* A host with nothing wrong, beside a DHCP server of the site that names nobody. */
static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	config_defaults(&b->facts.config);
	(void)snprintf(b->facts.config.interface, sizeof(b->facts.config.interface), "eth0");
	(void)snprintf(b->facts.config.address, sizeof(b->facts.config.address), "10.9.0.7");
	b->facts.config.prefix = 24;
	b->facts.dhcp = (struct dhcp_facts){.asked = true, .seconds = 5};
	b->facts.link = (struct link_facts){.there = true,
	        .up = true,
	        .carrier = true,
	        .address_count = 1,
	        .addresses = {"10.9.0.7/24"}};
	b->facts.clock = (struct clock_facts){
	        .known = true, .synchronised = true, .now = NOW, .built = NOW - 9};
	b->facts.limits = (struct limit_facts){.files = 65536, .neighbours = {128, 512, 1024}};
	b->facts.certificate = (struct certificate_facts){.there = true,
	        .readable = true,
	        .fits_key = true,
	        .names_address = true,
	        .from = NOW - 100,
	        .until = NOW + 1000LL * 24 * 3600};
	b->facts.escrow = (struct escrow_facts){
	        .serve_runs = true, .program = true, .answers = true, .keys = 5};
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	firewall_facts_free(&b->facts.firewall);
	free(b);
	return 0;
}

static struct offer *add_offer(struct bench *b, const char *server, const char *next, uint16_t arch)
{
	struct offer *o = &b->facts.dhcp.offers[b->facts.dhcp.count++];

	*o = (struct offer){.architecture = arch, .address.s_addr = htonl(0x0a090032)};
	assert_int_equal(inet_pton(AF_INET, server, &o->server), 1);
	assert_int_equal(inet_pton(AF_INET, next, &o->next), 1);
	o->from = o->server;
	return o;
}

typedef void judge_fn(const struct facts *f, struct findings *all);

/* Judges anew; how many problems. */
static size_t problems(struct bench *b, judge_fn *judge)
{
	b->found = (struct findings){0};
	judge(&b->facts, &b->found);
	assert_true(b->found.count > 0);
	/* Nobody is left alone with one. */
	for (size_t i = 0; i < b->found.count; i++)
		if (b->found.list[i].level == FINDING_PROBLEM)
			assert_true(b->found.list[i].fix[0]);
	return b->found.problems;
}

/* The finding with this in it. */
static const struct finding *find(const struct bench *b, const char *what)
{
	for (size_t i = 0; i < b->found.count; i++)
		if (strstr(b->found.list[i].what, what))
			return &b->found.list[i];
	fail_msg("no finding says: %s", what);
	return NULL;
}

static void expect(
        const struct bench *b, enum finding_level level, const char *what, const char *fix)
{
	const struct finding *f = find(b, what);

	assert_int_equal(f->level, level);
	if (!strstr(f->fix, fix))
		fail_msg("'%s' is not among what to do: %s", fix, f->fix);
}

static void grub_behind_a_foreign_server_is_foretold(void **state)
{
	struct bench *b = *state;

	(void)add_offer(b, "10.9.0.1", "10.9.0.1", 0);
	(void)add_offer(b, "10.9.0.1", "10.9.0.1", 7);
	b->facts.shim_first = true;
	b->facts.config.uefi = UEFI_SHIM;
	assert_int_equal(problems(b, judge_dhcp), 1);
	expect(b, FINDING_PROBLEM, "stops at a grub> prompt",
	        "name next-server 10.9.0.7 and no file");
	expect(b, FINDING_PROBLEM, "stops at a grub> prompt", "--settings kea");
	expect(b, FINDING_OK, "offers all machines", "");
	/* What the configuration claims is looked at. */
	b->facts.config.next_server = 1;
	assert_int_equal(problems(b, judge_dhcp), 1);
	expect(b, FINDING_PROBLEM, "next-server = yes is not true", "");
	/* With iPXE first it is machines with Secure Boot alone. */
	b->facts.config.next_server = 0;
	b->facts.config.uefi = UEFI_AUTO;
	b->facts.shim_first = false;
	assert_int_equal(problems(b, judge_dhcp), 1);
	expect(b, FINDING_PROBLEM, "Secure Boot on cannot be started beside 10.9.0.1",
	        "next-server");
	expect(b, FINDING_PROBLEM, "Secure Boot on cannot be started", "netmend netboot import");
	expect(b, FINDING_PROBLEM, "Secure Boot on cannot be started", "netmend media iso");
	/* Signed iPXE is for them, too. */
	b->facts.signed_ipxe = true;
	assert_int_equal(problems(b, judge_dhcp), 0);
	b->facts.signed_ipxe = false;
	b->facts.config.uefi = UEFI_IPXE;
	assert_int_equal(problems(b, judge_dhcp), 0);
}

static void a_server_that_names_us_is_well(void **state)
{
	struct bench *b = *state;

	(void)add_offer(b, "10.9.0.1", "10.9.0.7", 7);
	b->facts.shim_first = true;
	b->facts.config.next_server = 1;
	assert_int_equal(problems(b, judge_dhcp), 0);
	b->facts.config.next_server = 0;
	assert_int_equal(problems(b, judge_dhcp), 0);
	expect(b, FINDING_NOTE, "names this appliance as next-server", "next-server = yes");
	/* What it names beside us is ours. */
	(void)snprintf(b->facts.dhcp.offers[0].file, OFFER_TEXT, "x64/shimx64.efi");
	assert_int_equal(problems(b, judge_dhcp), 0);
}

static void boot_fields_of_another_server_are_told(void **state)
{
	struct bench *b = *state;
	struct offer *o = add_offer(b, "10.9.0.1", "0.0.0.0", 0);

	(void)snprintf(o->option66, OFFER_TEXT, "wds.example");
	(void)snprintf(o->option67, OFFER_TEXT, "wdsnbp.com");
	assert_int_equal(problems(b, judge_dhcp), 0);
	expect(b, FINDING_NOTE, "(wds.example) for 'wdsnbp.com'", "options 66 and 67");
	/* In the header's own field it is what shim believes. */
	(void)snprintf(o->file, OFFER_TEXT, "wdsnbp.com");
	assert_int_equal(problems(b, judge_dhcp), 1);
	expect(b, FINDING_PROBLEM, "shim and many ROMs", "scope of 10.9.0.1");
}

static void another_boot_server_is_told(void **state)
{
	struct bench *b = *state;
	struct offer *o = add_offer(b, "10.9.0.9", "10.9.0.9", 7);

	o->address.s_addr = 0;
	o->boot = true;
	(void)add_offer(b, "10.9.0.1", "10.9.0.7", 7);
	assert_int_equal(problems(b, judge_dhcp), 1);
	expect(b, FINDING_PROBLEM, "another network boot server answers UEFI machines: 10.9.0.9",
	        "wdsutil");
}

static void an_only_server_has_to_be_the_only_one(void **state)
{
	struct bench *b = *state;

	b->facts.config.dhcp_mode = DHCP_FULL;
	assert_int_equal(problems(b, judge_dhcp), 0);
	(void)add_offer(b, "10.9.0.1", "10.9.0.7", 7);
	assert_int_equal(problems(b, judge_dhcp), 1);
	expect(b, FINDING_PROBLEM, "10.9.0.1 answers DHCP on eth0", "mode = proxy");
}

static void silence_is_a_problem_beside_others(void **state)
{
	struct bench *b = *state;

	assert_int_equal(problems(b, judge_dhcp), 1);
	expect(b, FINDING_PROBLEM, "no DHCP server gives addresses on eth0 (listened 5 s)",
	        "--wait");
	/* The machines may all be behind relays. */
	b->facts.config.relayed.count = 1;
	assert_int_equal(problems(b, judge_dhcp), 0);
	b->facts.dhcp = (struct dhcp_facts){.why = "no card"};
	assert_int_equal(problems(b, judge_dhcp), 0);
	expect(b, FINDING_NOTE, "were not looked for: no card", "");
}

static void several_servers_are_counted(void **state)
{
	struct bench *b = *state;

	for (uint16_t arch = 0; arch <= 7; arch += 7) {
		(void)add_offer(b, "10.9.0.1", "10.9.0.7", arch);
		(void)add_offer(b, "10.9.0.2", "10.9.0.7", arch);
	}
	(void)problems(b, judge_dhcp);
	expect(b, FINDING_NOTE, "2 DHCP servers give addresses", "MAC");
	b->facts.dhcp.count = 1;
	(void)problems(b, judge_dhcp);
	for (size_t i = 0; i < b->found.count; i++)
		assert_null(strstr(b->found.list[i].what, "DHCP servers give"));
}

static void the_interface_is_judged(void **state)
{
	struct bench *b = *state;
	struct link_facts *l = &b->facts.link;

	assert_int_equal(problems(b, judge_link), 0);
	l->vlan = 20;
	(void)snprintf(l->parent, sizeof(l->parent), "eth9");
	(void)snprintf(l->vlans, sizeof(l->vlans), "eth0.30");
	l->address_count = 2;
	assert_int_equal(problems(b, judge_link), 0);
	expect(b, FINDING_OK, "VLAN 20 on eth9", "");
	expect(b, FINDING_NOTE, "carries VLANs too (eth0.30)", "--settings cisco");
	expect(b, FINDING_NOTE, "2 addresses; machines are told 10.9.0.7", "[server] address");
	l->carrier = false;
	assert_int_equal(problems(b, judge_link), 1);
	expect(b, FINDING_PROBLEM, "no link", "ethtool eth0");
	l->up = false;
	l->address_count = 0;
	assert_int_equal(problems(b, judge_link), 2);
	expect(b, FINDING_PROBLEM, "eth0 is down", "ip link set eth0 up");
	expect(b, FINDING_PROBLEM, "no IPv4 address", "ip addr add");
	l->there = false;
	assert_int_equal(problems(b, judge_link), 1);
}

static void an_address_it_does_not_have_is_told(void **state)
{
	struct bench *b = *state;

	b->facts.config.prefix = 0; /* config_resolve_interface() has not found it */
	assert_int_equal(problems(b, judge_link), 1);
	expect(b, FINDING_PROBLEM, "[server] address (10.9.0.7)", "10.9.0.7/24");
}

static void ports_that_are_taken_are_told(void **state)
{
	struct bench *b = *state;

	b->facts.port_count = 4;
	b->facts.ports[0] = (struct port_fact){.tcp = true, .number = 80, .state = PORT_FREE};
	b->facts.ports[1] =
	        (struct port_fact){.number = 67, .state = PORT_OURS, .owner = "dnsmasq"};
	b->facts.ports[2] =
	        (struct port_fact){.number = 4011, .state = PORT_UNKNOWN, .owner = "no"};
	b->facts.ports[3] =
	        (struct port_fact){.number = 69, .state = PORT_TAKEN, .owner = "in.tftpd"};
	assert_int_equal(problems(b, judge_ports), 1);
	expect(b, FINDING_PROBLEM, "UDP port 69, for boot programs (TFTP), is taken by in.tftpd",
	        "stop it");
	b->facts.ports[0].state = PORT_TAKEN;
	assert_int_equal(problems(b, judge_ports), 2);
	expect(b, FINDING_PROBLEM, "TCP port 80", "another port");
}

static void clocks_that_are_off_are_told(void **state)
{
	struct bench *b = *state;

	assert_int_equal(problems(b, judge_clock), 0);
	b->facts.clock.synchronised = false;
	assert_int_equal(problems(b, judge_clock), 0);
	expect(b, FINDING_NOTE, "not synchronised", "timedatectl");
	b->facts.clock.now = 1000;
	assert_int_equal(problems(b, judge_clock), 1);
	expect(b, FINDING_PROBLEM, "1970-01-01T00:16:40Z, which is before", "date -s");
	b->facts.clock = (struct clock_facts){.now = NOW};
	assert_int_equal(problems(b, judge_clock), 0);
	expect(b, FINDING_NOTE, "cannot be told", "");
}

static void limits_are_for_so_many_machines(void **state)
{
	struct bench *b = *state;

	assert_int_equal(problems(b, judge_limits), 0);
	b->facts.config.prefix = 20; /* 4094 hosts */
	assert_int_equal(problems(b, judge_limits), 0);
	expect(b, FINDING_NOTE, "holds 1024 entries, and there can be 4094", "gc_thresh3=8192");
	b->facts.limits.machines = 1000;
	assert_int_equal(problems(b, judge_limits), 0);
	b->facts.limits.machines = 3000;
	assert_int_equal(problems(b, judge_limits), 1);
	expect(b, FINDING_PROBLEM, "there are 3000 machines", "gc_thresh3=8192");
	/* More than the network has room for are behind routers. */
	b->facts.config.prefix = 24;
	assert_int_equal(problems(b, judge_limits), 0);
	b->facts.limits.files = 1024;
	assert_int_equal(problems(b, judge_limits), 1);
	expect(b, FINDING_PROBLEM, "only 1024 files", "LimitNOFILE");
	b->facts.limits = (struct limit_facts){.neighbours = {-1, -1, -1}};
	assert_int_equal(problems(b, judge_limits), 0);
	expect(b, FINDING_NOTE, "cannot be told here", "sysctl");
}

static void certificates_are_judged(void **state)
{
	struct bench *b = *state;
	struct certificate_facts *c = &b->facts.certificate;

	assert_int_equal(problems(b, judge_certificate), 0);
	c->names_address = false;
	assert_int_equal(problems(b, judge_certificate), 0);
	expect(b, FINDING_NOTE, "does not name 10.9.0.7", "IP:10.9.0.7");
	c->until = NOW + 20 * 24 * 3600;
	assert_int_equal(problems(b, judge_certificate), 1);
	expect(b, FINDING_PROBLEM, "runs out", "openssl req");
	c->until = NOW;
	assert_int_equal(problems(b, judge_certificate), 1);
	expect(b, FINDING_PROBLEM, "ran out", "key.pem");
	c->from = NOW + 10;
	assert_int_equal(problems(b, judge_certificate), 1);
	expect(b, FINDING_PROBLEM, "valid from", "");
	c->fits_key = false;
	assert_int_equal(problems(b, judge_certificate), 1);
	expect(b, FINDING_PROBLEM, "do not belong together", "cert.pem, key.pem");
	*c = (struct certificate_facts){0};
	assert_int_equal(problems(b, judge_certificate), 0);
}

static void escrow_is_judged(void **state)
{
	struct bench *b = *state;
	struct escrow_facts *e = &b->facts.escrow;

	assert_int_equal(problems(b, judge_escrow), 0);
	expect(b, FINDING_OK, "5 keys", "");
	e->locked = true;
	(void)snprintf(e->sources, sizeof(e->sources), "ad (SOURCE_UNREACHABLE)");
	assert_int_equal(problems(b, judge_escrow), 2);
	expect(b, FINDING_PROBLEM, "vault is locked", "netmend keys unlock");
	expect(b, FINDING_PROBLEM, "ad (SOURCE_UNREACHABLE)", "netmend check");
	*e = (struct escrow_facts){.serve_runs = true, .program = true, .why = "gone"};
	assert_int_equal(problems(b, judge_escrow), 1);
	expect(b, FINDING_PROBLEM, "does not answer: gone", "journalctl");
	*e = (struct escrow_facts){.program = true};
	assert_int_equal(problems(b, judge_escrow), 0);
	*e = (struct escrow_facts){.why = "not found"};
	assert_int_equal(problems(b, judge_escrow), 1);
}

static void firewalls_are_told_in_their_own_words(void **state)
{
	struct bench *b = *state;
	struct firewall_facts *w = &b->facts.firewall;

	b->facts.port_count = 2;
	b->facts.ports[0] = (struct port_fact){.number = 67};
	b->facts.ports[1] = (struct port_fact){.tcp = true, .number = 443};
	w->rules = json_loads("{\"nftables\":[{\"chain\":{\"family\":\"inet\",\"table\":\"f\","
	                      "\"name\":\"in\",\"type\":\"filter\",\"hook\":\"input\","
	                      "\"policy\":\"drop\"}}]}",
	        0, NULL);
	assert_int_equal(problems(b, judge_firewall), 3);
	expect(b, FINDING_PROBLEM,
	        "UDP port 67 is dropped by the policy of chain in of table inet f",
	        "nft insert rule inet f in iifname eth0 udp dport 67 accept");
	expect(b, FINDING_PROBLEM, "TCP port 443", "iifname eth0 tcp dport 443 accept");
	expect(b, FINDING_PROBLEM, "TFTP transfer", "ct state established,related accept");
	w->legacy = true;
	w->state = FIREWALL_UNKNOWN;
	(void)snprintf(w->why, sizeof(w->why), "no nft");
	assert_int_equal(problems(b, judge_firewall), 0);
	expect(b, FINDING_NOTE, "cannot be told: no nft", "UDP 67, 69, 4011");
	expect(b, FINDING_NOTE, "iptables-legacy", "iptables-legacy -S");
}

static void findings_are_clean_and_bounded(void **state)
{
	struct findings *all = calloc(1, sizeof(*all));

	(void)state;
	assert_non_null(all);
	for (int i = 0; i < FINDINGS_MAX + 5; i++) {
		struct finding *f = finding_add(all, "x", FINDING_PROBLEM, "a\x1b[31m%c", '\n');
		assert_string_equal(f->what, "a?[31m?");
		for (int k = 0; k < FINDING_FIX; k++)
			finding_fix(f, "line\t%d", k);
		assert_non_null(strstr(f->fix, "line?0\nline?1\n"));
		assert_true(strlen(f->fix) < FINDING_FIX);
	}
	assert_int_equal(all->count, FINDINGS_MAX);
	assert_int_equal(all->problems, FINDINGS_MAX + 5);
	free(all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(grub_behind_a_foreign_server_is_foretold),
	        TEST(a_server_that_names_us_is_well),
	        TEST(boot_fields_of_another_server_are_told),
	        TEST(another_boot_server_is_told),
	        TEST(an_only_server_has_to_be_the_only_one),
	        TEST(silence_is_a_problem_beside_others),
	        TEST(several_servers_are_counted),
	        TEST(the_interface_is_judged),
	        TEST(an_address_it_does_not_have_is_told),
	        TEST(ports_that_are_taken_are_told),
	        TEST(clocks_that_are_off_are_told),
	        TEST(limits_are_for_so_many_machines),
	        TEST(certificates_are_judged),
	        TEST(escrow_is_judged),
	        TEST(firewalls_are_told_in_their_own_words),
	        cmocka_unit_test(findings_are_clean_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
