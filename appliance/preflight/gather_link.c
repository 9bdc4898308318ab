/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/gather.h"
#include "fixer/base/cleanup.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Its number and what it is on; 0 when it is no VLAN, or this kernel has none. */
static int vlan_of(int fd, const char *name, char parent[16])
{
	struct vlan_ioctl_args number = {.cmd = GET_VLAN_VID_CMD};
	struct vlan_ioctl_args real = {.cmd = GET_VLAN_REALDEV_NAME_CMD};

	(void)snprintf(number.device1, sizeof(number.device1), "%.15s", name);
	(void)snprintf(real.device1, sizeof(real.device1), "%.15s", name);
	if (ioctl(fd, SIOCGIFVLAN, &number) < 0 || ioctl(fd, SIOCGIFVLAN, &real) < 0)
		return 0;
	(void)snprintf(parent, 16, "%.15s", real.u.device2);
	return number.u.VID;
}

static void add_name(char list[FACTS_TEXT], const char *name)
{
	size_t len = strlen(list);

	(void)snprintf(list + len, FACTS_TEXT - len, "%s%s", len ? ", " : "", name);
}

static void find_vlans(int fd, const char *interface, struct link_facts *ret)
{
	struct if_nameindex *all = if_nameindex();
	char parent[16];

	for (const struct if_nameindex *i = all; i && i->if_index; i++)
		if (vlan_of(fd, i->if_name, parent) && strcmp(parent, interface) == 0)
			add_name(ret->vlans, i->if_name);
	if (all)
		if_freenameindex(all);
}

static void find_addresses(const char *interface, struct link_facts *ret)
{
	struct ifaddrs *all;
	char text[INET_ADDRSTRLEN];

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask ||
		        strcmp(i->ifa_name, interface) != 0)
			continue;
		const struct sockaddr_in *in = (const void *)i->ifa_addr;
		const struct sockaddr_in *mask = (const void *)i->ifa_netmask;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		if (ret->address_count < FACTS_ADDRESSES_MAX)
			(void)snprintf(ret->addresses[ret->address_count],
			        sizeof(ret->addresses[0]), "%s/%d", text,
			        __builtin_popcount(mask->sin_addr.s_addr));
		ret->address_count++;
	}
	freeifaddrs(all);
}

void gather_link(const struct config *config, struct link_facts *ret)
{
	struct ifreq request = {0};
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret = (struct link_facts){0};
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", config->interface);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return;
	ret->there = true;
	ret->up = request.ifr_flags & IFF_UP;
	ret->carrier = request.ifr_flags & IFF_RUNNING;
	ret->loopback = request.ifr_flags & IFF_LOOPBACK;
	ret->vlan = vlan_of(fd, config->interface, ret->parent);
	find_vlans(fd, config->interface, ret);
	find_addresses(config->interface, ret);
}
