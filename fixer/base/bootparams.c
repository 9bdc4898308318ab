/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/bootparams.h"
#include "fixer/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HAVE_URL = 1, HAVE_PIN = 2, HAVE_TOKEN = 4, HAVE_IP = 8, HAVE_ALL = 15 };

static bool is_ipv4(const char *text)
{
	struct in_addr a;
	return inet_pton(AF_INET, text, &a) == 1;
}

static int parse_url(const char *v, struct bootparams *p)
{
	if (strncmp(v, "https://", 8) != 0 || strlen(v) >= sizeof(p->url))
		return -EINVAL;
	if (v[8] == 0 || strchr(v + 8, '/') || strpbrk(v, "@?#"))
		return -EINVAL;
	(void)snprintf(p->url, sizeof(p->url), "%s", v);
	return 0;
}

static int parse_pin(const char *v, struct bootparams *p)
{
	if (strncmp(v, "sha256:", 7) != 0)
		return -EINVAL;
	return hex_decode(v + 7, p->pin, sizeof(p->pin));
}

static int parse_token(const char *v, struct bootparams *p)
{
	uint8_t raw[16];

	if (hex_decode(v, raw, sizeof(raw)) < 0)
		return -EINVAL;
	(void)snprintf(p->token, sizeof(p->token), "%s", v);
	return 0;
}

static int parse_mac(const char *v, uint8_t mac[6])
{
	if (strlen(v) != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++) {
		char pair[3] = {v[3 * i], v[3 * i + 1], 0};
		if (hex_decode(pair, &mac[i], 1) < 0 || (i < 5 && v[3 * i + 2] != ':'))
			return -EINVAL;
	}
	return 0;
}

static int parse_way(const char *v, struct bootparams *p)
{
	if (strcmp(v, "grub") != 0 && strcmp(v, "media") != 0)
		return -EINVAL;
	(void)snprintf(p->way, sizeof(p->way), "%s", v);
	return 0;
}

/* ADDRESS/PREFIX,GATEWAY,MAC; the gateway may be empty. So may be the others where a boot loader
 * has no value: without address or prefix there is no address, and DHCP is asked. */
static int parse_ip(const char *v, struct bootparams *p)
{
	char copy[64], *rest = copy, *end;

	if (strlen(v) >= sizeof(copy))
		return -EINVAL;
	(void)snprintf(copy, sizeof(copy), "%s", v);
	char *address = strsep(&rest, "/"), *prefix = strsep(&rest, ","),
	     *gateway = strsep(&rest, ",");
	if (!prefix || !gateway || !rest)
		return -EINVAL;
	bool known = *address && *prefix;
	unsigned long bits = known ? strtoul(prefix, &end, 10) : 0;
	if (known && (!is_ipv4(address) || *end || bits < 1 || bits > 32))
		return -EINVAL;
	if (*gateway && !is_ipv4(gateway))
		return -EINVAL;
	(void)snprintf(p->address, sizeof(p->address), "%s", known ? address : "");
	(void)snprintf(p->gateway, sizeof(p->gateway), "%s", known ? gateway : "");
	p->prefix = (uint8_t)bits;
	memset(p->mac, 0, sizeof(p->mac));
	return *rest ? parse_mac(rest, p->mac) : 0;
}

static bool mac_known(const struct bootparams *p)
{
	static const uint8_t none[6];

	return memcmp(p->mac, none, sizeof(none)) != 0;
}

bool bootparams_whole(const struct bootparams *p)
{
	return p->url[0] && p->address[0] && mac_known(p);
}

static int parse_one(const char *name, const char *v, struct bootparams *p, unsigned *have)
{
	if (strcmp(name, "url") == 0) {
		*have |= HAVE_URL;
		return parse_url(v, p);
	}
	if (strcmp(name, "pin") == 0) {
		*have |= HAVE_PIN;
		return parse_pin(v, p);
	}
	if (strcmp(name, "token") == 0) {
		*have |= HAVE_TOKEN;
		return parse_token(v, p);
	}
	if (strcmp(name, "way") == 0)
		return parse_way(v, p);
	if (strcmp(name, "ip") == 0) {
		*have |= HAVE_IP;
		return parse_ip(v, p);
	}
	if (strcmp(name, "dry-run") == 0) {
		p->dry_run = strcmp(v, "1") == 0;
		return p->dry_run ? 0 : -EINVAL;
	}
	return -EINVAL;
}

int bootparams_parse(const char *cmdline, struct bootparams *ret, struct error *err)
{
	struct bootparams p = {0};
	unsigned have = 0;
	char *copy = strdup(cmdline), *rest = copy, *word;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (word = strsep(&rest, " \t\n"))) {
		if (strncmp(word, "netmend.", 8) != 0)
			continue;
		char *name = word + 8, *value = strchr(name, '=');
		if (value)
			*value++ = 0;
		if (!value || parse_one(name, value, &p, &have) < 0)
			r = error_set(err, -EINVAL, REASON_BAD_BOOT_PARAMETERS,
			        "kernel command line: netmend.%.20s is unknown or damaged", name);
	}
	free(copy);
	if (r < 0)
		return r;
	unsigned needed = !p.way[0]                     ? HAVE_ALL
	                  : strcmp(p.way, "media") == 0 ? HAVE_PIN
	                                                : HAVE_PIN | HAVE_URL;
	if (p.way[0] && have & HAVE_TOKEN)
		return error_set(err, -EINVAL, REASON_BAD_BOOT_PARAMETERS,
		        "kernel command line: both netmend.token and netmend.way");
	if (!p.way[0] && have & HAVE_IP && !(p.address[0] && mac_known(&p)))
		return error_set(err, -EINVAL, REASON_BAD_BOOT_PARAMETERS,
		        "kernel command line: netmend.ip is not whole");
	if ((have & needed) != needed)
		return error_set(err, -EINVAL, REASON_BAD_BOOT_PARAMETERS,
		        "kernel command line: missing%s%s%s%s",
		        needed & ~have & HAVE_URL ? " netmend.url" : "",
		        needed & ~have & HAVE_PIN ? " netmend.pin" : "",
		        needed & ~have & HAVE_TOKEN ? " netmend.token" : "",
		        needed & ~have & HAVE_IP ? " netmend.ip" : "");
	*ret = p;
	return 0;
}

int bootparams_read(struct bootparams *ret, struct error *err)
{
	char text[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return error_set(
		        err, -EIO, REASON_BAD_BOOT_PARAMETERS, "cannot read /proc/cmdline");
	text[n] = 0;
	return bootparams_parse(text, ret, err);
}
