/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/obtain.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "fixer/base/screen.h"
#include "initrd/init/dhcp.h"
#include "initrd/init/events.h"
#include "initrd/init/leave.h"
#include "initrd/init/network.h"
#include "initrd/init/seek.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds. */
#define ASK_KNOWN   15000 /* before the screen says that nobody answers */
#define ASK_EACH    6000  /* of several ports */
#define PATIENCE    30000
#define CMDLINE_MAX 4096

/* Of this boot: what DHCP said, and the command line with what was found out. */
static struct dhcp_answer answer;
static char text[CMDLINE_MAX];

bool obtain_port_known(const struct bootparams *p)
{
	static const uint8_t none[6];

	return memcmp(p->mac, none, sizeof(none)) != 0;
}

static void show_no_address(void)
{
	char what[400];
	int head = snprintf(what, sizeof(what),
	        "No DHCP server has answered; asking on. Plug the machine into a network\n"
	        "that has one: it goes on by itself.\n");

	network_describe(what + head, sizeof(what) - (size_t)head);
	screen_status("NO ADDRESS", what);
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
static int add(struct bootparams *p, struct error *err, const char *format, ...)
{
	size_t len = strcspn(text, "\n");
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text) - len)
		return error_set(err, -EMSGSIZE, REASON_BAD_BOOT_PARAMETERS,
		        "the kernel command line is too long");
	return bootparams_parse(text, p, err);
}

static int add_address(struct bootparams *p, const uint8_t mac[6], struct error *err)
{
	char address[INET_ADDRSTRLEN] = "", gateway[INET_ADDRSTRLEN] = "";

	(void)inet_ntop(AF_INET, &answer.address, address, sizeof(address));
	if (answer.gateway.s_addr)
		(void)inet_ntop(AF_INET, &answer.gateway, gateway, sizeof(gateway));
	return add(p, err, " netmend.ip=%s/%u,%s,%02x:%02x:%02x:%02x:%02x:%02x", address,
	        dhcp_prefix(&answer), gateway, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static int read_cmdline(struct error *err)
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
static int write_found(struct error *err)
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
	struct error err = {0};
	uint8_t mac[6];

	if (p->url[0] && p->address[0] && obtain_port_known(p))
		return;
	screen_status("Waiting for an address", "from this network's DHCP server");
	memcpy(mac, p->mac, sizeof(mac));
	if (obtain_port_known(p))
		ask_port(port, mac, &answer);
	else
		ask_ports(port, mac, &answer);
	int r = read_cmdline(&err);
	if (r == 0)
		r = add_address(p, mac, &err);
	if (r < 0)
		init_fail(err.reason, err.text, 60);
}

void obtain_appliance(struct bootparams *p)
{
	struct error err = {0};
	char url[SEEK_URL_TEXT];

	if (!text[0]) /* the boot script has said everything */
		return;
	seek_appliance(p, &answer, url);
	int r = strcmp(url, p->url) == 0 ? 0 : add(p, &err, " netmend.url=%s", url);
	if (r == 0 && !bootparams_whole(p))
		r = error_set(
		        &err, -EINVAL, REASON_BAD_BOOT_PARAMETERS, "no appliance, or no address");
	if (r == 0)
		r = write_found(&err);
	if (r < 0)
		init_fail(err.reason, err.text, 60);
}
