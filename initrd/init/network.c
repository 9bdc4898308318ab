/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/network.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "initrd/init/sysfs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* sysfs_each() has no argument to hand through: what is looked for and what was found. */
static struct {
	char mac[18];
	char name[IFNAMSIZ];
	unsigned index;
	char *text;
	size_t size;
	bool no_driver;
} search;

static void compare_port(const char *path)
{
	char address[32];
	const char *name = strrchr(path, '/') + 1;

	/* A port behind another one (bond, Hyper-V's virtual function) has the same MAC. */
	char master[8];
	if (sysfs_read(master, sizeof(master), "%s/master/ifindex", path) > 0)
		return;
	if (sysfs_read(address, sizeof(address), "%s/address", path) > 0 &&
	        strcasecmp(address, search.mac) == 0)
		(void)snprintf(search.name, sizeof(search.name), "%.15s", name);
}

bool network_find(const uint8_t mac[6], char ret_name[IFNAMSIZ])
{
	(void)snprintf(search.mac, sizeof(search.mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
	        mac[1], mac[2], mac[3], mac[4], mac[5]);
	search.name[0] = 0;
	sysfs_each("/sys/class/net", compare_port);
	if (!search.name[0])
		return false;
	memcpy(ret_name, search.name, IFNAMSIZ);
	return true;
}

static struct ifreq request_for(const char *name)
{
	struct ifreq r = {0};
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return r;
}

int network_up(const char *name)
{
	struct ifreq r = request_for(name);
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return -errno;
	if (r.ifr_flags & IFF_UP)
		return 0;
	r.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &r) < 0 ? -errno : 0;
}

bool network_has_link(const char *name)
{
	char carrier[8];

	return sysfs_read(carrier, sizeof(carrier), "/sys/class/net/%s/carrier", name) > 0 &&
	       carrier[0] == '1';
}

/* A port of a card, or of an adapter on USB: no loopback, no bridge, no bond. */
static bool is_card(const char *path)
{
	char device[300];

	(void)snprintf(device, sizeof(device), "%.280s/device", path);
	return access(device, F_OK) == 0;
}

static void up_card(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	int r = is_card(path) ? network_up(name) : 0;

	if (r < 0)
		log_error("cannot start port %s: %s", name, strerror(-r));
}

void network_up_all(void)
{
	sysfs_each("/sys/class/net", up_card);
}

static void count_linked(const char *path)
{
	char master[8];
	const char *name = strrchr(path, '/') + 1;

	if (!is_card(path) || !network_has_link(name) ||
	        sysfs_read(master, sizeof(master), "%s/master/ifindex", path) > 0)
		return;
	if (search.index-- == 0)
		(void)snprintf(search.name, sizeof(search.name), "%.15s", name);
}

bool network_linked(unsigned index, char ret_name[IFNAMSIZ], uint8_t ret_mac[6])
{
	char address[32];

	search.index = index;
	search.name[0] = 0;
	sysfs_each("/sys/class/net", count_linked);
	if (!search.name[0] ||
	        sysfs_read(address, sizeof(address), "/sys/class/net/%s/address", search.name) <=
	                0 ||
	        sscanf(address, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &ret_mac[0], &ret_mac[1],
	                &ret_mac[2], &ret_mac[3], &ret_mac[4], &ret_mac[5]) != 6)
		return false;
	memcpy(ret_name, search.name, IFNAMSIZ);
	return true;
}

static void put_ipv4(struct sockaddr *to, struct in_addr address)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = address};
	memcpy(to, &in, sizeof(in));
}

static int set_address(int fd, const char *name, struct in_addr address, struct in_addr mask)
{
	struct ifreq r = request_for(name);

	put_ipv4(&r.ifr_addr, address);
	if (ioctl(fd, SIOCSIFADDR, &r) < 0)
		return -errno;
	put_ipv4(&r.ifr_netmask, mask);
	return ioctl(fd, SIOCSIFNETMASK, &r) < 0 ? -errno : 0;
}

static int add_route(
        int fd, const char *name, struct in_addr to, unsigned flags, struct in_addr via)
{
	char device[IFNAMSIZ];
	struct rtentry route = {.rt_flags = (unsigned short)(RTF_UP | flags), .rt_dev = device};

	(void)snprintf(device, sizeof(device), "%s", name);
	put_ipv4(&route.rt_dst, to);
	put_ipv4(&route.rt_genmask,
	        (struct in_addr){flags & RTF_HOST ? INADDR_BROADCAST : INADDR_ANY});
	if (flags & RTF_GATEWAY)
		put_ipv4(&route.rt_gateway, via);
	return ioctl(fd, SIOCADDRT, &route) < 0 && errno != EEXIST ? -errno : 0;
}

/* A gateway outside the subnet (a /32, some clouds) is made reachable on the port first. */
static int set_gateway(int fd, const char *name, const struct bootparams *p, struct in_addr address,
        struct in_addr mask)
{
	const struct in_addr none = {0};
	struct in_addr gateway;
	int r = 0;

	if (!p->gateway[0])
		return 0;
	if (inet_pton(AF_INET, p->gateway, &gateway) != 1)
		return -EINVAL;
	if ((gateway.s_addr & mask.s_addr) != (address.s_addr & mask.s_addr))
		r = add_route(fd, name, gateway, RTF_HOST, none);
	return r < 0 ? r : add_route(fd, name, none, RTF_GATEWAY, gateway);
}

int network_configure(const char *name, const struct bootparams *p, struct error *err)
{
	struct in_addr address;
	const struct in_addr mask = {htonl(UINT32_MAX << (32 - p->prefix))};
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = network_up("lo");

	if (r < 0)
		log_warning("cannot start the loopback: %s", strerror(-r));
	if (fd < 0 || inet_pton(AF_INET, p->address, &address) != 1)
		return error_set(
		        err, -EINVAL, REASON_INTERNAL, "cannot set an address on %s", name);
	r = set_address(fd, name, address, mask);
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot set address %s/%u on %s: %s",
		        p->address, p->prefix, name, strerror(-r));
	r = set_gateway(fd, name, p, address, mask);
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot set gateway %s on %s: %s",
		        p->gateway, name, strerror(-r));
	return 0;
}

/* ---- what there is, for a person ----------------------------------------------------------------
 */

static void say(const char *text)
{
	size_t len = strlen(search.text);
	(void)snprintf(search.text + len, search.size - len, "%s", text);
}

static void describe_port(const char *path)
{
	char address[32], line[80];
	const char *name = strrchr(path, '/') + 1;

	if (strcmp(name, "lo") == 0 ||
	        sysfs_read(address, sizeof(address), "%s/address", path) <= 0)
		return;
	(void)snprintf(line, sizeof(line), "Port found: %.15s %.20s\n", name, address);
	say(line);
}

/* A driver is bound to an interface of a USB device; of class 02 (communications) or ff (of its
 * maker) are network adapters, among others. */
static void describe_usb(const char *path)
{
	char class[8], vendor[16], product[16], driver[300], line[80];

	if (sysfs_read(class, sizeof(class), "%s/bInterfaceClass", path) <= 0 ||
	        (strcmp(class, "02") != 0 && strcmp(class, "ff") != 0))
		return;
	(void)snprintf(driver, sizeof(driver), "%.280s/driver", path);
	if (access(driver, F_OK) == 0)
		return;
	/* path is a link; what it leads to is below the device. */
	(void)sysfs_read(vendor, sizeof(vendor), "%s/../idVendor", path);
	(void)sysfs_read(product, sizeof(product), "%s/../idProduct", path);
	(void)snprintf(line, sizeof(line), "Without driver: USB %s:%s\n", vendor[0] ? vendor : "?",
	        product[0] ? product : "?");
	say(line);
}

static void describe_card(const char *path)
{
	char class[16], vendor[16], device[16], driver[300], line[80];

	/* PCI base class 02: network controller. */
	if (sysfs_read(class, sizeof(class), "%s/class", path) <= 0 ||
	        strncmp(class, "0x02", 4) != 0)
		return;
	(void)snprintf(driver, sizeof(driver), "%.280s/driver", path);
	if (access(driver, F_OK) == 0)
		return;
	(void)sysfs_read(vendor, sizeof(vendor), "%s/vendor", path);
	(void)sysfs_read(device, sizeof(device), "%s/device", path);
	(void)snprintf(line, sizeof(line), "Card without driver: PCI %s:%s\n",
	        vendor[0] ? vendor + 2 : "?", device[0] ? device + 2 : "?");
	say(line);
	/* Class 0200 is Ethernet; 0280 is Wi-Fi, which nobody boots from. */
	search.no_driver = search.no_driver || strncmp(class, "0x0200", 6) == 0;
}

enum reason network_describe(char *out, size_t size)
{
	search.text = out;
	search.size = size;
	search.no_driver = false;
	out[0] = 0;
	sysfs_each("/sys/class/net", describe_port);
	sysfs_each("/sys/bus/pci/devices", describe_card);
	sysfs_each("/sys/bus/usb/devices", describe_usb);
	if (!out[0])
		say("No network card found at all.\n");
	return search.no_driver ? REASON_NO_NIC : REASON_NO_PORT;
}
