/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread reads every client; release requests go to a small pool, because stretching a password
 * takes a tenth of a second and a status answer must not wait for it.
 */
#include "appliance/escrow/server.h"
#include "appliance/escrow/pool.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_CLIENTS 16

struct server {
	int listen_fd, signal_fd;
	uid_t web_uid;
	struct vault *vault;
	struct pool *pool;
	struct pool_client *clients[MAX_CLIENTS];
	struct secret *message; /* sealed boxes and blobs only, but wiped all the same */
};

static int open_socket(const char *path, struct error *err)
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
	        listen(fd, MAX_CLIENTS) < 0) {
		int r = error_set(err, -errno, REASON_CANNOT_OPEN, "cannot listen on %s: %s", path,
		        strerror(errno));
		(void)close(fd);
		return r;
	}
	return fd;
}

static void accept_client(struct server *s)
{
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	        (peer.uid != 0 && peer.uid != s->web_uid)) {
		log_warning("refused a connection from uid=%u pid=%d", peer.uid, (int)peer.pid);
		(void)close(fd);
		return;
	}
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		if (!s->clients[i]) {
			s->clients[i] = pool_client_new(fd);
			return;
		}
	}
	log_warning("refused a connection: %d clients already", MAX_CLIENTS);
	(void)close(fd);
}

static void answer_status(struct server *s, struct pool_client *client, const struct message *m)
{
	uint64_t keys = 0;
	struct error err = {0};
	int r = vault_count(s->vault, &keys, &err);
	json_t *answer = json_pack(
	        "{s:i,s:I,s:b,s:I}", "v", 1, "id", m->id, "ok", r == 0, "keys", (json_int_t)keys);

	if (r < 0)
		log_error("%s", err.text);
	pool_client_send(client, answer);
	json_decref(answer);
}

/* False when the client is gone. */
static bool read_client(struct server *s, struct pool_client *client)
{
	struct message *m = NULL;
	struct error err = {0};
	ssize_t n = recv(pool_client_fd(client), s->message->data, s->message->len,
	        MSG_DONTWAIT | MSG_TRUNC);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	if (n < 0)
		return true;
	if ((size_t)n > s->message->len) {
		log_warning("message of %zd bytes refused", n);
		return false;
	}
	if (message_parse(s->message->data, (size_t)n, &m, &err) < 0) {
		log_warning("%s", err.text);
		return false; /* our own web process never sends that */
	}
	if (m->op == MESSAGE_STATUS) {
		answer_status(s, client, m);
		message_free(m);
	} else {
		pool_submit(s->pool, client, m);
	}
	return true;
}

static int serve(struct server *s)
{
	for (;;) {
		struct pollfd fds[MAX_CLIENTS + 2] = {{.fd = s->listen_fd, .events = POLLIN},
		        {.fd = s->signal_fd, .events = POLLIN}};
		for (size_t i = 0; i < MAX_CLIENTS; i++)
			fds[i + 2] = (struct pollfd){
			        .fd = s->clients[i] ? pool_client_fd(s->clients[i]) : -1,
			        .events = POLLIN};
		if (poll(fds, MAX_CLIENTS + 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return 0;
		for (size_t i = 0; i < MAX_CLIENTS; i++)
			if (s->clients[i] && fds[i + 2].revents && !read_client(s, s->clients[i])) {
				pool_client_drop(s->clients[i]);
				s->clients[i] = NULL;
			}
		if (fds[0].revents)
			accept_client(s);
	}
}

int server_run(const char *socket_path, uid_t web_uid, struct vault *vault, struct release *release,
        struct error *err)
{
	struct server s = {.listen_fd = -1, .signal_fd = -1, .web_uid = web_uid, .vault = vault};
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	s.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	s.message = secret_new(NM_ESCROW_MESSAGE_MAX);
	s.pool = pool_new(release);
	s.listen_fd = r = open_socket(socket_path, err);
	if (r >= 0 && (s.signal_fd < 0 || !s.message || !s.pool))
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "cannot start");
	if (r >= 0) {
		log_info("ready on %s", socket_path);
		r = serve(&s);
	}
	pool_free(s.pool);
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (s.clients[i])
			pool_client_drop(s.clients[i]);
	secret_free(s.message);
	if (s.listen_fd >= 0)
		(void)close(s.listen_fd);
	if (s.signal_fd >= 0)
		(void)close(s.signal_fd);
	(void)unlink(socket_path);
	return r < 0 ? r : 0;
}
