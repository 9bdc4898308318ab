/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/listen.h"

#include "fixer/base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG       4096 /* a floor of machines that power on together; the kernel caps it */
#define LOCAL_BACKLOG 64   /* web, and commands typed by people */

int listen_tcp(int port, struct error *err)
{
	const int on = 1;
	struct sockaddr_in address = {
	        .sin_family = AF_INET,
	        .sin_port = htons((uint16_t)port),
	        .sin_addr.s_addr = htonl(INADDR_ANY),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	        bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	        listen(fd, BACKLOG) == 0)
		return fd;
	int r = -errno;
	if (fd >= 0)
		close(fd);
	if (r == -EADDRINUSE)
		return error_set(err, r, REASON_CANNOT_OPEN,
		        "TCP port %d is in use: stop the program that has it (ss -ltnp 'sport = "
		        ":%d') "
		        "or choose another port",
		        port, port);
	return error_set(
	        err, r, REASON_CANNOT_OPEN, "cannot listen on TCP port %d: %s", port, strerror(-r));
}

int listen_local(const char *path, gid_t gid, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, -ENAMETOOLONG, REASON_USAGE,
		        "%s is longer than the path of a socket may be (%zu characters): choose a "
		        "shorter [server] runtime",
		        path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody connects before the mode is set: the umask closes it to all but us. */
	mode_t before = umask(0177);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	(void)umask(before);
	if (bound && chown(path, 0, gid) == 0 && chmod(path, 0660) == 0 &&
	        listen(fd, LOCAL_BACKLOG) == 0)
		return fd;
	int r = -errno;
	if (fd >= 0)
		close(fd);
	return error_set(err, r, REASON_CANNOT_OPEN, "cannot listen on %s: %s", path, strerror(-r));
}

int listen_dhcp(const char *interface, struct error *err)
{
	/* UDP, not a later fragment, destination port 67 or 68; offsets from the IP header. */
	struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 7),
	        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 5, 0),
	        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 67, 1, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 68, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, 2048),
	        BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	const int on = 1;
	struct sockaddr_ll address = {
	        .sll_family = AF_PACKET,
	        .sll_protocol = htons(ETH_P_IP),
	        .sll_ifindex = (int)if_nametoindex(interface),
	};
	/* Protocol 0: nothing arrives before the filter is set and the socket bound. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && address.sll_ifindex > 0 &&
	        setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0 &&
	        setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) == 0 &&
	        bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int r = errno ? -errno : -ENODEV;
	if (fd >= 0)
		close(fd);
	return error_set(
	        err, r, REASON_CANNOT_OPEN, "cannot watch DHCP on %s: %s", interface, strerror(-r));
}
