/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init's DHCP client with real servers. The cases are in dhcp_cases.py, which calls this program
 * back: PORT MAC MILLISECONDS; it prints what it was given.
 */
#include "initrd/init/dhcp.h"
#include "initrd/init/events.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_address(const char *name, struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	(void)printf(
	        "%s %s\n", name, inet_ntop(AF_INET, &address, text, sizeof(text)) ? text : "?");
}

static int ask(const char *port, const char *mac, const char *ms)
{
	struct dhcp_answer a;
	unsigned char m[6];

	if (sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &m[0], &m[1], &m[2], &m[3], &m[4],
	            &m[5]) != 6)
		return 2;
	int r = dhcp_ask(port, m, boottime_ms() + strtoul(ms, NULL, 10), &a);
	if (r < 0) {
		(void)printf("error %s\n", strerror(-r));
		return 1;
	}
	print_address("address", a.address);
	print_address("gateway", a.gateway);
	print_address("next", a.next);
	(void)printf("prefix %u\nurl %s\n", dhcp_prefix(&a), a.url);
	return 0;
}

int main(int argc, char **argv)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc == 4)
		return ask(argv[1], argv[2], argv[3]);
	self[n > 0 ? n : 0] = 0;
	(void)execl(
	        "/usr/bin/python3", "/usr/bin/python3", "tests/module/dhcp_cases.py", self, NULL);
	perror("python3");
	return 1;
}
