/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/obtain.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "fixer/base/screen.h"
#include "initrd/init/dhcp.h"
#include "initrd/init/events.h"
#include "initrd/init/leave.h"
#include "initrd/init/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds. */
#define ASK_KNOWN   15000 /* before the screen says that nobody answers */
#define ASK_EACH    6000  /* of several ports */
#define PATIENCE    30000
#define CMDLINE_MAX 4096

/* Where DHCP names no URL but a boot server: that one, at the port HTTPS has. */
#define NEXT_PORT 443

bool obtain_port_known(const struct bootparams *p)
{
	static const uint8_t none[6];

	return memcmp(p->mac, none, sizeof(none)) != 0;
}

static void show_no_address(void)
{
	char text[400];
	int head = snprintf(text, sizeof(text),
	        "No DHCP server has answered; asking on. Plug the machine into a network\n"
	        "that has one: it goes on by itself.\n");

	network_describe(text + head, sizeof(text) - (size_t)head);
	screen_status("NO ADDRESS", text);
}

static void ask_port(const char *port, const uint8_t mac[6], struct dhcp_answer *ret)
{
	bool shown = false;
	int r;

	while ((r = dhcp_ask(port, mac, boottime_ms() + ASK_KNOWN, ret)) < 0) {
		if (r != -ETIMEDOUT)
			log_error("DHCP on port %s: %s", port, strerror(-r));
		if (!shown)
			show_no_address();
		shown = true;
		init_wait_until(boottime_ms() + 500);
	}
}

/* A cable may be plugged in, or a dock, while it asks. */
static void ask_ports(char ret_port[IFNAMSIZ], uint8_t ret_mac[6], struct dhcp_answer *ret)
{
	const uint64_t patience = boottime_ms() + PATIENCE;
	bool shown = false;

	for (;;) {
		network_up_all();
		for (unsigned i = 0; network_linked(i, ret_port, ret_mac); i++)
			if (dhcp_ask(ret_port, ret_mac, boottime_ms() + ASK_EACH, ret) == 0)
				return;
		if (!shown && boottime_ms() >= patience) {
			show_no_address();
			shown = true;
		}
		init_wait_until(boottime_ms() + 500);
	}
}

/* The text of the command line grows by what was found out, and is parsed anew: one parser. */
static int add_answer(struct bootparams *p, const struct dhcp_answer *a, const uint8_t mac[6],
        char text[CMDLINE_MAX], struct error *err)
{
	char address[INET_ADDRSTRLEN] = "", gateway[INET_ADDRSTRLEN] = "",
	     next[INET_ADDRSTRLEN] = "";
	size_t len = strcspn(text, "\n");

	(void)inet_ntop(AF_INET, &a->address, address, sizeof(address));
	if (a->gateway.s_addr)
		(void)inet_ntop(AF_INET, &a->gateway, gateway, sizeof(gateway));
	(void)inet_ntop(AF_INET, &a->next, next, sizeof(next));
	int n = snprintf(text + len, CMDLINE_MAX - len,
	        " netmend.ip=%s/%u,%s,%02x:%02x:%02x:%02x:%02x:%02x", address, dhcp_prefix(a),
	        gateway, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	len += (size_t)n;
	if (len < CMDLINE_MAX && !p->url[0] && a->url[0])
		len += (size_t)snprintf(text + len, CMDLINE_MAX - len, " netmend.url=%s", a->url);
	else if (len < CMDLINE_MAX && !p->url[0] && a->next.s_addr)
		len += (size_t)snprintf(text + len, CMDLINE_MAX - len, " netmend.url=https://%s:%d",
		        next, NEXT_PORT);
	if (len >= CMDLINE_MAX)
		return error_set(err, -EMSGSIZE, REASON_BAD_BOOT_PARAMETERS,
		        "the kernel command line is too long");
	return bootparams_parse(text, p, err);
}

static int read_cmdline(char text[CMDLINE_MAX], struct error *err)
{
	CLEANUP_CLOSE int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, CMDLINE_MAX - 1);

	if (n < 0)
		return error_set(
		        err, -EIO, REASON_BAD_BOOT_PARAMETERS, "cannot read /proc/cmdline");
	text[n] = 0;
	return 0;
}

/* For the fixer. */
static int write_found(const char *text, struct error *err)
{
	CLEANUP_CLOSE int fd =
	        open(BOOTPARAMS_FOUND, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return error_set(err, -EIO, REASON_INTERNAL, "cannot write %s: %s",
		        BOOTPARAMS_FOUND, strerror(errno));
	return 0;
}

void obtain_address(struct bootparams *p, char port[IFNAMSIZ])
{
	char text[CMDLINE_MAX];
	struct dhcp_answer a;
	struct error err = {0};
	uint8_t mac[6];

	if (p->url[0] && p->address[0] && obtain_port_known(p))
		return;
	screen_status("Waiting for an address", "from this network's DHCP server");
	memcpy(mac, p->mac, sizeof(mac));
	if (obtain_port_known(p))
		ask_port(port, mac, &a);
	else
		ask_ports(port, mac, &a);
	int r = read_cmdline(text, &err);
	if (r == 0)
		r = add_answer(p, &a, mac, text, &err);
	if (r == 0 && !bootparams_whole(p))
		r = error_set(&err, -EINVAL, REASON_BAD_BOOT_PARAMETERS,
		        "Nobody names the appliance: the medium does not, and DHCP has neither "
		        "option 43 for \"%s\" nor a next-server.",
		        DHCP_VENDOR);
	if (r == 0)
		r = write_found(text, &err);
	if (r < 0)
		init_fail(err.reason, err.text, 60);
}
