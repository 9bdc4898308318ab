/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ports are tried, as only that tells of sockets bound to one interface; who has them is in /proc.
 */
#include "appliance/preflight/gather.h"
#include "fixer/base/cleanup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INODES_MAX 32

/* Sockets that have a port. */
struct holders {
	size_t count;
	unsigned long inodes[INODES_MAX];
};

/* The address, port and so on of each line are hexadecimal; the state of a listening one is 0A. */
static void read_table(const char *path, bool tcp, int port, struct holders *ret)
{
	FILE *table = fopen(path, "re");
	char line[512];

	while (table && fgets(line, sizeof(line), table)) {
		unsigned local, state;
		unsigned long inode;

		if (sscanf(line,
		            " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu",
		            &local, &state, &inode) != 3)
			continue;
		if (local == (unsigned)port && (!tcp || state == 0x0a) && inode != 0 &&
		        ret->count < INODES_MAX)
			ret->inodes[ret->count++] = inode;
	}
	if (table)
		fclose(table);
}

static bool has_one_of(const char *pid, const struct holders *h)
{
	char path[300], target[64];
	DIR *dir;
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	for (const struct dirent *e; dir && !found && (e = readdir(dir));) {
		unsigned long inode;
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%lu]", &inode) != 1)
			continue;
		for (size_t i = 0; i < h->count; i++)
			found = found || h->inodes[i] == inode;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Its arguments, with blanks between them. */
static void read_command(const char *pid, char ret[1024])
{
	char path[300];
	ssize_t n = -1;

	(void)snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, ret, 1023);
	ret[n > 0 ? n : 0] = '\0';
	for (ssize_t i = 0; i + 1 < n; i++)
		if (ret[i] == '\0')
			ret[i] = ' ';
}

/* serve is called by its program's name, dnsmasq with a file of our state directory. */
static bool is_ours(const char *command, const struct config *config)
{
	char program[1024];

	(void)snprintf(program, sizeof(program), "%.*s", (int)strcspn(command, " "), command);
	const char *name = strrchr(program, '/') ? strrchr(program, '/') + 1 : program;
	if (strcmp(name, "netmend") == 0)
		return true;
	return strcmp(name, "dnsmasq") == 0 && strstr(command, config->state);
}

static void name_owner(const struct config *config, struct port_fact *port)
{
	struct holders holders = {0};
	char command[1024];
	bool ours = true;
	size_t len = 0;
	DIR *all = opendir("/proc");

	read_table(
	        port->tcp ? "/proc/net/tcp" : "/proc/net/udp", port->tcp, port->number, &holders);
	read_table(
	        port->tcp ? "/proc/net/tcp6" : "/proc/net/udp6", port->tcp, port->number, &holders);
	for (const struct dirent *e; all && (e = readdir(all));) {
		if (!isdigit((unsigned char)e->d_name[0]) || !has_one_of(e->d_name, &holders))
			continue;
		read_command(e->d_name, command);
		ours = ours && is_ours(command, config);
		const char *space = strchr(command, ' ');
		int n = snprintf(port->owner + len, sizeof(port->owner) - len,
		        "%s%.*s (process %.10s)", len ? ", " : "",
		        (int)(space && space - command < 60 ? space - command : 60), command,
		        e->d_name);
		len += n > 0 ? (size_t)n : 0;
		if (len >= sizeof(port->owner))
			len = sizeof(port->owner) - 1;
	}
	if (all)
		closedir(all);
	port->state = len && ours ? PORT_OURS : PORT_TAKEN;
	if (!len)
		(void)snprintf(port->owner, sizeof(port->owner),
		        "a program that cannot be seen from here");
}

/* UDP as dnsmasq has it, on the one interface, but alone: two that share a port both hear what goes
 * to all, and only one of them the rest. */
static int try_port(const struct config *config, const struct port_fact *port)
{
	const struct sockaddr_in any = {
	        .sin_family = AF_INET, .sin_port = htons((uint16_t)port->number)};
	const int on = 1;
	CLEANUP_CLOSE int fd =
	        socket(AF_INET, (port->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (port->tcp && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0))
		return -errno;
	if (!port->tcp && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, config->interface,
	                          (socklen_t)strlen(config->interface)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		return -errno;
	return port->tcp && listen(fd, 1) < 0 ? -errno : 0;
}

static void look(const struct config *config, struct port_fact *port)
{
	int r = try_port(config, port);

	if (r == -EADDRINUSE) {
		name_owner(config, port);
		return;
	}
	port->state = r == 0 ? PORT_FREE : PORT_UNKNOWN;
	if (r < 0)
		(void)snprintf(port->owner, sizeof(port->owner), "%s", strerror(-r));
}

void gather_ports(const struct config *config, struct facts *ret)
{
	struct port_fact *p = ret->ports;

	*p++ = (struct port_fact){.tcp = true, .number = config->http_port};
	*p++ = (struct port_fact){.tcp = true, .number = config->https_port};
	if (config->dhcp_mode != DHCP_OFF) {
		*p++ = (struct port_fact){.number = 67};
		*p++ = (struct port_fact){.number = 69};
	}
	if (config->dhcp_mode == DHCP_PROXY)
		*p++ = (struct port_fact){.number = 4011};
	ret->port_count = (size_t)(p - ret->ports);
	for (size_t i = 0; i < ret->port_count; i++)
		look(config, &ret->ports[i]);
}
