/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sockets of netmend-escrow and netmend-fetch: who may come in, and how one gets there. */
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

int guard_listen(const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(
		        err, -ENAMETOOLONG, REASON_USAGE, "socket path too long: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, -errno, REASON_INTERNAL, "socket: %s", strerror(errno));
	(void)unlink(path);
	/* Who may connect is decided by the peer's credentials, not by the file's mode. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0 ||
	        listen(fd, BACKLOG) < 0) {
		int r = error_set(err, -errno, REASON_CANNOT_OPEN, "cannot listen on %s: %s", path,
		        strerror(errno));
		(void)close(fd);
		return r;
	}
	return fd;
}

int guard_accept(int listen_fd, uid_t uid, int flags, uid_t *ret_uid)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | flags);
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	        (peer.uid != 0 && peer.uid != uid)) {
		log_warning("refused a connection from uid=%u pid=%d", peer.uid, (int)peer.pid);
		(void)close(fd);
		return -EPERM;
	}
	*ret_uid = peer.uid;
	return fd;
}

int guard_connect(const char *path, int flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!path[0] || strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	return fd;
}
