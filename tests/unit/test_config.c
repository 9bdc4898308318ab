/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration file: what it takes, and what it says about what it doesn't. */
#include "appliance/config/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static int parse(const char *text, struct config *config, struct error *err)
{
	*err = (struct error){0};
	return config_parse("f", text, strlen(text), config, err);
}

static void defaults_need_only_an_interface(void **state)
{
	struct config config;
	struct error err;

	(void)state;
	assert_int_equal(parse("[server]\ninterface = eth0\n", &config, &err), 0);
	assert_string_equal(config.interface, "eth0");
	assert_int_equal(config.http_port, 80);
	assert_int_equal(config.https_port, 443);
	assert_string_equal(config.state, "/var/lib/netmend");
	assert_string_equal(config.runtime, "/run/netmend");
	assert_int_equal(config.scope, SCOPE_LISTED);
	assert_int_equal(config.dhcp_mode, DHCP_PROXY);
	assert_int_equal(config.dry_run, 0);
	assert_string_equal(config.program, "/usr/lib/ipxe/snponly.efi");
}

static void every_key_is_taken(void **state)
{
	static const char text[] =
	        "; comment\n[server]\ninterface=br-boot.7\naddress=10.1.2.3\nhttp-port=8080\n"
	        "https-port = 8443\nstate=/s\nruntime=/r\nweb-user=www-data\nescrow-user=64001\n"
	        "[boot]\nkernel=/k\ninitrd=/i\nprogram=/p\nscope=all\n"
	        "[dhcp]\nmode=full\nrange=10.1.2.100,10.1.2.200 ; inline comment\n"
	        "gateway=10.1.2.1\ndnsmasq=/d\n[repair]\nrecipe=/x\ndry-run=yes\n"
	        "[store]\ndatabase=postgresql://netmend@db:5432/netmend?sslmode=verify-full\n"
	        "password-file=/pw\n[web]\ntemplates=/t";
	struct config config;
	struct error err;

	(void)state;
	assert_int_equal(parse(text, &config, &err), 0);
	assert_string_equal(config.interface, "br-boot.7");
	assert_string_equal(config.address, "10.1.2.3");
	assert_int_equal(config.http_port, 8080);
	assert_int_equal(config.https_port, 8443);
	assert_string_equal(config.web.name, "www-data");
	assert_string_equal(config.escrow.name, "64001");
	assert_int_equal(config.scope, SCOPE_ALL);
	assert_int_equal(config.dhcp_mode, DHCP_FULL);
	assert_string_equal(config.range, "10.1.2.100,10.1.2.200");
	assert_string_equal(config.gateway, "10.1.2.1");
	assert_string_equal(config.recipe, "/x");
	assert_int_equal(config.dry_run, 1);
	assert_string_equal(
	        config.database, "postgresql://netmend@db:5432/netmend?sslmode=verify-full");
	assert_string_equal(config.password_file, "/pw");
	assert_string_equal(config.templates, "/t");
	assert_int_equal(parse("[dhcp]\nrelayed = 10.1.0.0/16,\n 10.2.7.0/24\n", &config, &err), 0);
	assert_int_equal(config.relayed.count, 2);
	assert_string_equal(config.relayed.names[1], "10.2.7.0/24");
	assert_int_equal(parse("[repair]\nrecipe = report-only\n", &config, &err), 0);
	assert_string_equal(config.recipe, "report-only");
	assert_int_equal(parse("", &config, &err), 0);
	assert_string_equal(config.recipe, "crowdstrike-291");
}

static void errors_name_line_and_cause(void **state)
{
	static const struct {
		const char *text, *error;
	} table[] = {
	        {"[dhcp]\nmode = full\nrange = 10.0.0.1,10.0.0.9\nrelayed = 10.1.0.0/16\n",
	                "f: [dhcp] relayed needs mode = proxy: full is for one isolated network"},
	        {"interface = eth0\n", "f:1: interface stands before the first [section]"},
	        {"[server]\n\n# c\nnope = 1\n", "f:4: [server] has no key \"nope\""},
	        {"[sever]\ninterface = x\n", "f:2: there is no section [sever]"},
	        {"[store]\ndatabase = /var/lib/db\n",
	                "f:2: [store] database: what is given is not an address like "
	                "postgresql://netmend@db.example.com/netmend"},
	        {"[store]\ndatabase = postgresql://u:p@db/n\n",
	                "f:2: [store] database: what is given is not free of the password, which "
	                "belongs into password-file"},
	        {"[server]\ninterface = a\n[boot]\n[server]\ninterface = b\n",
	                "f:5: [server] interface was given in line 2 already"},
	        {"[server]\njust words\n", "f:2: neither [section] nor key = value"},
	        {"[server\ninterface = a\n", "f:1: neither [section] nor key = value"},
	        {"[server]\nhttp-port = 0\n",
	                "f:2: [server] http-port: \"0\" is not a port from 1 to 65535"},
	        {"[server]\nhttp-port = 80x\n",
	                "f:2: [server] http-port: \"80x\" is not a port from 1 to 65535"},
	        {"[server]\nhttp-port = 99999999999999999999\n",
	                "f:2: [server] http-port: \"99999999999999999999\" is not a port from 1 to "
	                "65535"},
	        {"[server]\nhttp-port = -1\n",
	                "f:2: [server] http-port: \"-1\" is not a port from 1 to 65535"},
	        {"[server]\naddress = 10.0.0.256\n", "f:2: [server] address: \"10.0.0.256\" is not "
	                                             "an IPv4 address like 192.0.2.10"},
	        {"[server]\naddress = 0.0.0.0\n", "f:2: [server] address: \"0.0.0.0\" is not an "
	                                          "IPv4 address like 192.0.2.10"},
	        {"[server]\ninterface = -a\n",
	                "f:2: [server] interface: \"-a\" is not the name of a network interface"},
	        {"[server]\ninterface = name-of-17-bytes\n",
	                "f:2: [server] interface: \"name-of-17-bytes\" is not the name of a "
	                "network "
	                "interface"},
	        {"[server]\ninterface =\n",
	                "f:2: [server] interface: \"\" is not the name of a network interface"},
	        {"[server]\nweb-user = root\n", "f:2: [server] web-user: \"root\" is not a user "
	                                        "name or number other than root"},
	        {"[server]\nweb-user = 00\n", "f:2: [server] web-user: \"00\" is not a user name "
	                                      "or number other than root"},
	        {"[server]\nstate = var/lib\n", "f:2: [server] state: \"var/lib\" is not an "
	                                        "absolute path of letters, digits and "
	                                        ". _ + - : @ (at most 255 characters)"},
	        {"[boot]\nscope = some\n", "f:2: [boot] scope: \"some\" is not listed or all"},
	        {"[dhcp]\nmode = Proxy\n", "f:2: [dhcp] mode: \"Proxy\" is not proxy, full or off"},
	        {"[dhcp]\nrange = 10.0.0.9,10.0.0.2\n",
	                "f:2: [dhcp] range: \"10.0.0.9,10.0.0.2\" is not a range of addresses like "
	                "192.0.2.100,192.0.2.200, the lower one first"},
	        {"[dhcp]\nmode = full\n", "f: [dhcp] mode = full needs range = FIRST,LAST"},
	        {"[repair]\nrecipe = crowdstrike\n",
	                "f:2: [repair] recipe: \"crowdstrike\" is not the name of a built-in "
	                "recipe "
	                "(netmend recipe list) or the absolute path of a file"},
	        {"[repair]\ndry-run = maybe\n",
	                "f:2: [repair] dry-run: \"maybe\" is not yes or no"},
	        {"[release]\nmode = auto\n", "f:2: [release] has no key \"mode\""},
	        {"[release]\napproval = maybe\n",
	                "f:2: [release] approval: \"maybe\" is not auto, pairing or two-person"},
	        {"[release]\nfrom = tomorrow\n", "f:2: [release] from: \"tomorrow\" is not a time "
	                                         "in UTC like 2024-07-19T18:30:00Z"},
	        {"[release]\nfrom = 2024-07-20T00:00:00Z\nuntil = 2024-07-19T00:00:00Z\n",
	                "f: [release] until is not after from"},
	        {"[release]\nper-minute = -1\n",
	                "f:2: [release] per-minute: \"-1\" is not a number from 0 to 1000000000"},
	        {"[release]\nsubnet-prefix = 33\n",
	                "f:2: [release] subnet-prefix: \"33\" is not a number from 1 to 32"},
	        {"[release]\nsubnets = 10.1.0.0/16, 10.2.3.4/16\n",
	                "f:2: [release] subnets: \"10.1.0.0/16, 10.2.3.4/16\" is not a list of "
	                "subnets like 10.1.0.0/16, each named by its first address"},
	        {"[release]\nsubnets = 10.0.0.0/8\nsubnets = 10.0.0.0/8\n",
	                "f:3: [release] subnets was given in line 2 already"},
	        {"[escrow]\nvault-key = file:relative\n",
	                "f:2: [escrow] vault-key: \"file:relative\" is not auto, ask, file:PATH, "
	                "passphrase-file:PATH, credential:NAME or passphrase-credential:NAME"},
	        {"[escrow]\nvault-key = credential:../x\n",
	                "f:2: [escrow] vault-key: \"credential:../x\" is not auto, ask, file:PATH, "
	                "passphrase-file:PATH, credential:NAME or passphrase-credential:NAME"},
	        {"[escrow]\nsources = vault, ad\n",
	                "f: [escrow] sources names ad, and there is no section [source ad]"},
	        {"[escrow]\nsources = vault vault\n",
	                "f:2: [escrow] sources: \"vault vault\" is not a list of sources, each "
	                "once: "
	                "vault or the NAME of a section [source NAME]"},
	        {"[source vault]\ntype = ldap\n",
	                "f:2: [source NAME]: \"vault\" is not a name of letters, digits, - and _, "
	                "at most 31 characters, other than vault"},
	        {"[source]\ntype = ldap\n", "f:2: [source NAME]: \"\" is not a name of letters, "
	                                    "digits, - and _, at most "
	                                    "31 characters, other than vault"},
	        {"[source ad]\ntype = oracle\n",
	                "f:2: [source ad] type: \"oracle\" is not ldap, graph or exec"},
	        {"[source ad]\npassword = secret\n", "f:2: [source ad] has no key \"password\""},
	        {"[source ad]\nurl = ldaps://dc1\n", "f:2: [source ad] needs type = ldap, graph or "
	                                             "exec"},
	        {"[source ad]\ntype = ldap\nurl = ldaps://dc1\ntenant = x\n",
	                "f:4: [source ad] has no key \"tenant\": it is of type ldap"},
	        {"[source ad]\ntype = ldap\nurl = http://dc1\n",
	                "f:3: [source ad] url: \"http://dc1\" is not one or more URLs like "
	                "ldaps://dc1.example.com"},
	        {"[source ad]\ntype = ldap\nurl = ldaps://a\nurl = ldaps://b\n",
	                "f:4: [source ad] url was given in line 3 already"},
	        {"[source ad]\ntype = ldap\nurl = ldaps://a\nuser = u\n",
	                "f:2: [source ad] needs password-file with bind = simple"},
	        {"[source ad]\ntype = ldap\nurl = ldaps://a\nbind = gssapi\n",
	                "f:2: [source ad] needs keytab with bind = gssapi"},
	        {"[source ad]\ntype = ldap\nurl = ldaps://a ldap://b\nuser = u\npassword-file = "
	         "/p\n",
	                "f:2: [source ad] would send its password unencrypted: use ldaps://, or "
	                "starttls = yes"},
	        {"[source e]\ntype = graph\ntenant = t\nclient-id = c\n",
	                "f:2: [source e] needs either client-secret-file or certificate, or flow = "
	                "device-code"},
	        {"[source x]\ntype = exec\nprogram = getkey\n",
	                "f:3: [source x] program: \"getkey\" is not an absolute path of letters, "
	                "digits and . _ + - : @ (at most 255 characters)"},
	        {"[source x]\ntype = exec\nprogram = /p\nseconds = 11\n",
	                "f:4: [source x] seconds: \"11\" is not a number from 1 to 10"},
	        {"[source x]\ntype = exec\n", "f:2: [source x] needs program"},
	        /* The first one is told, whoever finds it. */
	        {"[server]\nbad line\nnope = 1\n", "f:2: neither [section] nor key = value"},
	        {"[server]\nnope = 1\nbad line\n", "f:2: [server] has no key \"nope\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config config = {.interface = "untouched"};
		struct error err;
		int r = parse(table[i].text, &config, &err);

		if (r >= 0 || strcmp(err.text, table[i].error) != 0)
			print_message("%s\n  wanted: %s\n  got: %s\n", table[i].text,
			        table[i].error, err.text);
		assert_true(r < 0);
		assert_string_equal(err.text, table[i].error);
		assert_int_equal(err.reason, REASON_USAGE);
		assert_string_equal(config.interface, "untouched");
	}
}

static void release_and_escrow_have_their_defaults(void **state)
{
	struct config config;
	struct error err;

	(void)state;
	assert_int_equal(parse("", &config, &err), 0);
	assert_string_equal(config.release.campaign, "default");
	assert_string_equal(config_approval_name(&config), "auto");
	assert_int_equal(config.release.per_minute, 600);
	assert_int_equal(config.release.subnet_prefix, 24);
	assert_int_equal(config.release.suspects, 5);
	assert_int_equal(config.release.subnets.count, 0);
	assert_int_equal(config.vault_key.place, VAULT_FROM_STATE);
	assert_int_equal(config.syslog, 1);
	assert_int_equal(config.page_import, 1);
	assert_int_equal(config.order.count, 1);
	assert_string_equal(config.order.names[0], "vault");
	assert_false(config_needs_fetch(&config));
}

static void release_and_sources_are_taken(void **state)
{
	static const char text[] =
	        "[release]\ncampaign = July, floor 3\napproval = two-person\n"
	        "from = 2024-07-19T18:30:00Z\nuntil = 2024-07-22T00:00:00Z\ntotal = 400\n"
	        "subnets = 10.1.0.0/16, 10.2.0.0/24,\n          192.0.2.7/32\n"
	        "inventory = /etc/netmend/inventory.csv\nmachine-hour = 0\n"
	        "[escrow]\nvault-key = passphrase-credential:vault\nsyslog = no\n"
	        "sources = entra vault, ad\n"
	        "[source ad]\nurl = ldaps://dc1.example.com\n      ldaps://dc2.example.com:3269\n"
	        "type = ldap\nuser = EXAMPLE\\svc netmend\npassword-file = /etc/netmend/ad\n"
	        "[source entra]\ntype = graph\ntenant = t.example\nclient-id = c-1\n"
	        "flow = device-code\n"
	        "[source unused]\ntype = exec\nprogram = /bin/key\narguments = --id {} -v\n";
	struct config config;
	struct error err;

	(void)state;
	assert_int_equal(parse(text, &config, &err), 0);
	assert_string_equal(config.release.campaign, "July, floor 3");
	assert_int_equal(config.release.approval, RELEASE_TWO_PERSON);
	assert_true(config.release.from == 1721413800);
	assert_true(config.release.until == 1721606400);
	assert_int_equal(config.release.total, 400);
	assert_int_equal(config.release.machine_hour, 0);
	assert_int_equal(config.release.subnets.count, 3);
	assert_string_equal(config.release.subnets.names[1], "10.2.0.0/24");
	assert_string_equal(config.release.subnets.names[2], "192.0.2.7/32");
	assert_int_equal(config.vault_key.place, VAULT_FROM_PASSPHRASE_CREDENTIAL);
	assert_string_equal(config.vault_key.name, "vault");
	assert_int_equal(config.syslog, 0);
	assert_int_equal(config.order.count, 3);
	assert_string_equal(config.order.names[0], "entra");
	assert_true(config_needs_fetch(&config));

	const struct config_source *ad = config_source(&config, "ad");
	assert_non_null(ad);
	assert_int_equal(ad->type, SOURCE_LDAP);
	assert_string_equal(
	        source_value(ad, "url"), "ldaps://dc1.example.com ldaps://dc2.example.com:3269");
	assert_string_equal(source_value(ad, "user"), "EXAMPLE\\svc netmend");
	assert_null(source_value(ad, "base"));
	assert_null(config_source(&config, "nobody"));
	assert_string_equal(
	        source_value(config_source(&config, "unused"), "arguments"), "--id {} -v");
}

/* One more of everything that has a number. */
static void there_is_no_more_room(void **state)
{
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), "[release]\nsubnets = 10.0.0.0/8\n");
	struct config config;
	struct error err;

	(void)state;
	for (int i = 0; i < 63; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "  10.%d.0.0/16,\n", i);
	assert_int_equal(parse(text, &config, &err), 0);
	assert_int_equal(config.release.subnets.count, CONFIG_SUBNETS_MAX);
	snprintf(text + len, sizeof(text) - len, "  10.64.0.0/16\n");
	assert_int_equal(parse(text, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "f:66: [release] subnets: "));

	len = 0;
	for (int i = 0; i <= CONFIG_SOURCES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		        "[source s%d]\ntype = exec\nprogram = /p\n", i);
	assert_int_equal(parse(text, &config, &err), -EINVAL);
	assert_string_equal(err.text, "f:23: [source s7]: 7 sources are the most there can be");
}

static void injection_into_dnsmasq_is_refused(void **state)
{
	static const char *const paths[] = {
	        "/a b", "/a,b", "/a\"b", "/a#b", "/a'b", "/a\\b", "/a=b", "/a\tb", "/a\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char text[64];
		struct config config;
		struct error err;

		snprintf(text, sizeof(text), "[server]\nstate = %s\n", paths[i]);
		assert_int_equal(parse(text, &config, &err), -EINVAL);
	}
}

static void odd_files(void **state)
{
	static const char nul[] = "[server]\ninter\0face = eth0\n";
	char line[1024];
	struct config config;
	struct error err = {0};

	(void)state;
	assert_int_equal(config_parse("f", nul, sizeof(nul) - 1, &config, &err), -EINVAL);
	assert_string_equal(err.text, "f: not a text file");

	/* A line longer than the library's buffer is not taken for two. */
	memset(line, 'x', sizeof(line));
	memcpy(line, "[server]\nstate = /", 18);
	memcpy(line + 600, "\nhttp-port = 1\n", 16);
	assert_int_equal(parse(line, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "f:2: longer than "));

	assert_int_equal(parse("", &config, &err), 0);
	assert_string_equal(config.interface, "");
	assert_int_equal(parse("\xef\xbb\xbf[server]\r\ninterface = eth1\r\n", &config, &err), 0);
	assert_string_equal(config.interface, "eth1");
}

static void options_follow_the_same_rules(void **state)
{
	struct config config;
	struct error err = {0};

	(void)state;
	config_defaults(&config);
	assert_int_equal(
	        config_set(&config, "server", "interface", "eth7", "--interface", &err), 0);
	assert_string_equal(config.interface, "eth7");
	assert_int_equal(
	        config_set(&config, "server", "state", "relative", "--state", &err), -EINVAL);
	assert_true(strncmp(err.text, "--state: ", 9) == 0);
	assert_string_equal(config.state, "/var/lib/netmend");
}

/* Each process that strangers can talk to has a user of its own. */
static void users_are_four(void **state)
{
	static const char *const same[] = {"web-user = 7\nescrow-user = 7\n",
	        "web-user = 7\nfetch-user = 7\n", "escrow-user = 7\nfetch-user = 7\n",
	        "web-user = 7\npower-user = 7\n", "escrow-user = 7\npower-user = 7\n",
	        "fetch-user = 7\npower-user = 7\n"};
	struct config config;
	struct error err = {0};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		(void)snprintf(text, sizeof(text), "[server]\n%s", same[i]);
		assert_int_equal(parse(text, &config, &err), 0);
		assert_int_equal(config_resolve_accounts(&config, &err), -EINVAL);
		assert_non_null(strstr(err.text, "user"));
	}
	assert_int_equal(parse("[server]\nweb-user = 7\nescrow-user = 8\nfetch-user = 9\n"
	                       "power-user = 10\n[power]\ndrive = no\n",
	                         &config, &err),
	        0);
	assert_int_equal(config_resolve_accounts(&config, &err), 0);
	assert_int_equal(config.power.uid, 10);
	assert_int_equal(config.drive, 0);
	config_defaults(&config);
	assert_int_equal(config.drive, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults_need_only_an_interface),
	        cmocka_unit_test(every_key_is_taken),
	        cmocka_unit_test(errors_name_line_and_cause),
	        cmocka_unit_test(release_and_escrow_have_their_defaults),
	        cmocka_unit_test(release_and_sources_are_taken),
	        cmocka_unit_test(there_is_no_more_room),
	        cmocka_unit_test(injection_into_dnsmasq_is_refused),
	        cmocka_unit_test(odd_files),
	        cmocka_unit_test(options_follow_the_same_rules),
	        cmocka_unit_test(users_are_four),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
