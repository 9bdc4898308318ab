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
	        "[web]\ntemplates=/t";
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
	assert_string_equal(config.templates, "/t");
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
	        {"interface = eth0\n", "f:1: interface stands before the first [section]"},
	        {"[server]\n\n# c\nnope = 1\n", "f:4: [server] has no key \"nope\""},
	        {"[sever]\ninterface = x\n", "f:2: there is no section [sever]"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults_need_only_an_interface),
	        cmocka_unit_test(every_key_is_taken),
	        cmocka_unit_test(errors_name_line_and_cause),
	        cmocka_unit_test(injection_into_dnsmasq_is_refused),
	        cmocka_unit_test(odd_files),
	        cmocka_unit_test(options_follow_the_same_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
