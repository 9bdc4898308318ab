/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread reads every asker; those of the pool do what takes time. */
#include "appliance/power/server.h"

#include "appliance/guard/guard.h"
#include "appliance/power/pool.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define MAX_ASKERS 16

struct server {
	int listen_fd, signal_fd;
	uid_t escrow_uid;
	struct pool *pool;
	struct asker *askers[MAX_ASKERS];
	struct secret *message; /* there is a password in it */
};

static void accept_asker(struct server *s)
{
	uid_t uid;
	int fd = guard_accept(s->listen_fd, s->escrow_uid, 0, &uid);

	if (fd < 0)
		return;
	for (size_t i = 0; i < MAX_ASKERS; i++) {
		if (!s->askers[i]) {
			s->askers[i] = asker_new(fd);
			return;
		}
	}
	log_warning("refused a connection: %d are open already", MAX_ASKERS);
	(void)close(fd);
}

/* False when there is nothing to answer to: our own escrow process never sends that. */
static bool take_message(struct server *s, struct asker *asker, size_t len)
{
	struct power_message m;
	struct error err = {0};
	int r = power_message_parse(s->message->data, len, &m, &err);

	secret_wipe(s->message->data, len);
	if (r == 0) {
		pool_take(s->pool, asker, &m);
		return true;
	}
	log_warning("%s", err.text);
	return m.id > 0 &&
	       asker_send(asker, power_message_refusal(&m, err.reason, err.text), false) == 0;
}

/* False when the asker is gone. */
static bool read_asker(struct server *s, struct asker *asker)
{
	ssize_t n =
	        recv(asker_fd(asker), s->message->data, s->message->len, MSG_DONTWAIT | MSG_TRUNC);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	if (n < 0)
		return true;
	if ((size_t)n <= s->message->len)
		return take_message(s, asker, (size_t)n);
	secret_wipe(s->message->data, s->message->len);
	log_warning("message of %zd bytes refused", n);
	return false;
}

static void read_askers(struct server *s, const struct pollfd *fds)
{
	for (size_t i = 0; i < MAX_ASKERS; i++) {
		if (!s->askers[i] || !fds[i].revents || read_asker(s, s->askers[i]))
			continue;
		pool_forget(s->pool, s->askers[i]);
		asker_drop(s->askers[i]);
		s->askers[i] = NULL;
	}
}

static int serve(struct server *s)
{
	for (;;) {
		struct pollfd fds[MAX_ASKERS + 2] = {{.fd = s->listen_fd, .events = POLLIN},
		        {.fd = s->signal_fd, .events = POLLIN}};
		for (size_t i = 0; i < MAX_ASKERS; i++)
			fds[i + 2] = (struct pollfd){
			        .fd = s->askers[i] ? asker_fd(s->askers[i]) : -1, .events = POLLIN};
		if (poll(fds, MAX_ASKERS + 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return 0;
		read_askers(s, fds + 2);
		if (fds[0].revents)
			accept_asker(s);
	}
}

int power_server_run(int listen_fd, uid_t escrow_uid, struct error *err)
{
	struct server s = {.listen_fd = listen_fd, .escrow_uid = escrow_uid};
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL); /* threads inherit it */
	s.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (s.signal_fd < 0)
		return error_set(err, -errno, REASON_INTERNAL, "signalfd: %s", strerror(errno));
	s.message = secret_new(NM_ESCROW_MESSAGE_MAX);
	s.pool = pool_new();
	if (!s.message || !s.pool)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "no locked memory for messages: raise the limit (ulimit -l)");
	log_info("ready: management controllers");
	int r = serve(&s);
	pool_tell_end(s.pool);
	return r < 0 ? error_set(err, r, REASON_INTERNAL, "%s", strerror(-r)) : 0;
}
