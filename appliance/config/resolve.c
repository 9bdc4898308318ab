/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the configuration leaves to the host: addresses, kernel, users. */
#include "appliance/config/config.h"

#include "fixer/base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Used when the default users don't exist: above the ranges Debian gives to people and daemons,
 * below the ones containers map. */
#define FALLBACK_WEB_ID    64871
#define FALLBACK_ESCROW_ID 64872
#define FALLBACK_FETCH_ID  64873
#define FALLBACK_POWER_ID  64874

static void list_interfaces(const struct ifaddrs *all, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		        (i->ifa_flags & IFF_LOOPBACK) || len >= size)
			continue;
		int n = snprintf(out + len, size - len, "%s%s", len ? ", " : "", i->ifa_name);
		len += n > 0 ? (size_t)n : 0;
	}
}

static int interface_missing(
        const struct config *config, const struct ifaddrs *all, struct error *err)
{
	char names[160];

	list_interfaces(all, names, sizeof(names));
	if (config->interface[0] == '\0')
		return error_set(err, -EINVAL, REASON_USAGE,
		        "which network are the machines on? Give --interface IF, or [server] "
		        "interface "
		        "in the configuration (this host has: %s)",
		        names[0] ? names : "none with an IPv4 address");
	if (if_nametoindex(config->interface) == 0)
		return error_set(err, -ENODEV, REASON_USAGE,
		        "there is no interface %s (this host has: %s)", config->interface,
		        names[0] ? names : "none with an IPv4 address");
	if (config->address[0])
		return error_set(err, -EINVAL, REASON_USAGE,
		        "interface %s does not have the address %s", config->interface,
		        config->address);
	return error_set(err, -EINVAL, REASON_USAGE,
	        "interface %s has no IPv4 address: give it one first (ip addr add ... dev %s)",
	        config->interface, config->interface);
}

/* The interface's default route with the lowest metric, from /proc/net/route: addresses there are
 * hexadecimal words in network byte order as the host reads them. Left empty when there is none. */
static void find_gateway(struct config *config)
{
	FILE *routes = fopen("/proc/net/route", "re");
	char line[256];
	unsigned best = ~0u;

	if (!routes)
		return;
	while (fgets(line, sizeof(line), routes)) {
		char name[17];
		unsigned destination, gateway, flags, metric;

		if (sscanf(line, "%16s %x %x %x %*d %*d %u", name, &destination, &gateway, &flags,
		            &metric) != 5)
			continue;
		if (strcmp(name, config->interface) != 0 || destination != 0 || gateway == 0 ||
		        metric >= best)
			continue;
		best = metric;
		struct in_addr address = {.s_addr = gateway};
		inet_ntop(AF_INET, &address, config->gateway, sizeof(config->gateway));
	}
	fclose(routes);
}

int config_resolve_interface(struct config *config, struct error *err)
{
	struct ifaddrs *all;
	int r = 0;

	if (getifaddrs(&all) < 0)
		return error_set(err, -errno, REASON_INTERNAL,
		        "cannot list the network interfaces: %s", strerror(errno));
	const struct ifaddrs *found = NULL;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		char text[INET_ADDRSTRLEN];

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask ||
		        strcmp(i->ifa_name, config->interface) != 0)
			continue;
		const struct sockaddr_in *in = (const void *)i->ifa_addr;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		if (config->address[0] && strcmp(config->address, text) != 0)
			continue;
		snprintf(config->address, sizeof(config->address), "%s", text);
		found = i;
	}
	if (found) {
		const struct sockaddr_in *mask = (const void *)found->ifa_netmask;
		config->prefix = __builtin_popcount(mask->sin_addr.s_addr);
		if (config->gateway[0] == '\0')
			find_gateway(config);
	} else {
		r = interface_missing(config, all, err);
	}
	freeifaddrs(all);
	return r;
}

/* The kernel installed beside the initrd is the one its modules were taken from. */
static bool kernel_beside_initrd(const struct config *config, char ret[CONFIG_PATH_MAX])
{
	int folder = (int)(strrchr(config->initrd, '/') - config->initrd);
	char path[CONFIG_PATH_MAX];

	int n = snprintf(path, sizeof(path), "%.*s/vmlinuz", folder, config->initrd);
	if (n < 0 || n >= (int)sizeof(path) || access(path, R_OK) < 0)
		return false;
	memcpy(ret, path, sizeof(path));
	return true;
}

int config_resolve_kernel(struct config *config, struct error *err)
{
	glob_t found = {0};
	const char *newest = NULL;

	if (config->kernel[0] || kernel_beside_initrd(config, config->kernel))
		return 0;
	if (glob("/boot/vmlinuz-*", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (!newest || strverscmp(found.gl_pathv[i], newest) > 0)
				newest = found.gl_pathv[i];
	}
	if (newest)
		snprintf(config->kernel, sizeof(config->kernel), "%s", newest);
	globfree(&found);
	if (!newest)
		return error_set(err, -ENOENT, REASON_CANNOT_OPEN,
		        "no kernel in /boot: install linux-image-amd64 or give [boot] kernel");
	return 0;
}

static int resolve_account(
        struct account *account, const char *default_name, uid_t fallback, struct error *err)
{
	if (strspn(account->name, "0123456789") == strlen(account->name)) {
		account->uid = (uid_t)strtoul(account->name, NULL, 10);
		account->gid = (gid_t)account->uid;
		account->missing = false;
		return 0;
	}
	errno = 0;
	const struct passwd *user = getpwnam(account->name);
	if (user && user->pw_uid == 0)
		return error_set(err, -EINVAL, REASON_USAGE, "user %s is root under another name",
		        account->name);
	if (!user && strcmp(account->name, default_name) != 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "there is no user %s: make it (useradd --system %s) or leave the key out",
		        account->name, account->name);
	account->missing = !user;
	account->uid = user ? user->pw_uid : fallback;
	account->gid = user ? user->pw_gid : (gid_t)fallback;
	return 0;
}

int config_resolve_accounts(struct config *config, struct error *err)
{
	int r = resolve_account(&config->web, "netmend", FALLBACK_WEB_ID, err);

	if (r == 0)
		r = resolve_account(&config->escrow, "netmend-escrow", FALLBACK_ESCROW_ID, err);
	if (r == 0)
		r = resolve_account(&config->fetch, "netmend-fetch", FALLBACK_FETCH_ID, err);
	if (r == 0)
		r = resolve_account(&config->power, "netmend-power", FALLBACK_POWER_ID, err);
	if (r == 0 && config->web.uid == config->escrow.uid)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "web-user and escrow-user must be two users: the one the network can talk "
		        "to must not read the vault");
	if (r == 0 &&
	        (config->fetch.uid == config->web.uid || config->fetch.uid == config->escrow.uid))
		return error_set(err, -EINVAL, REASON_USAGE,
		        "fetch-user must be another user than web-user and escrow-user: it reads "
		        "what other networks send and holds the passwords of key sources");
	uid_t power = config->power.uid;
	if (r == 0 && (power == config->web.uid || power == config->escrow.uid ||
	                      power == config->fetch.uid))
		return error_set(err, -EINVAL, REASON_USAGE,
		        "power-user must be another user than web-user, escrow-user and "
		        "fetch-user: it reads what management controllers send and holds their "
		        "passwords");
	return r;
}

int config_resolve(struct config *config, struct error *err)
{
	int r = config_resolve_interface(config, err);

	if (r == 0)
		r = config_resolve_kernel(config, err);
	if (r == 0)
		r = config_resolve_accounts(config, err);
	return r;
}

void config_page_url(const struct config *config, char ret[CONFIG_URL_TEXT])
{
	if (config->https_port == 443)
		(void)snprintf(ret, CONFIG_URL_TEXT, "https://%s", config->address);
	else
		(void)snprintf(
		        ret, CONFIG_URL_TEXT, "https://%s:%d", config->address, config->https_port);
}
