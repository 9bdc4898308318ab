/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/serve.h"

#include "appliance/guard/guard.h"
#include "appliance/supervisor/certificate.h"
#include "appliance/supervisor/listen.h"
#include "appliance/supervisor/loaders.h"
#include "fixer/base/log.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_POLITE_MS 3500  /* then SIGKILL; systemd and people count to five */
#define OPEN_FILES     65536 /* a socket and a file for each machine, TFTP's transfers */

/* Everything that may fail for a reason the administrator can mend, before any child is started. */
static int prepare(struct serve *s, struct error *err)
{
	const struct config *c = &s->config;
	char cert[STATE_PATH_MAX], key[STATE_PATH_MAX];
	int r = state_prepare(c, err);

	if (r == 0)
		r = state_lock(c, err); /* held until we end */
	if (r >= 0)
		r = state_write_recipe(c, err);
	if (r == 0)
		r = state_write_page(c, err);
	if (r == 0)
		r = state_copy_programs(c, err);
	if (r < 0)
		return r;
	state_path(cert, c->state, "tls/cert.pem");
	state_path(key, c->state, "tls/key.pem");
	r = certificate_ensure(cert, key, c->address, c->web.gid, err);
	if (r == 0)
		r = loaders_prepare(c, cert, err);
	if (r < 0)
		return r;
	s->http_fd = listen_tcp(c->http_port, err);
	if (s->http_fd < 0)
		return s->http_fd;
	s->https_fd = listen_tcp(c->https_port, err);
	if (s->https_fd < 0)
		return s->https_fd;
	return serve_children_init(s, err);
}

static int open_signals(struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(err, -errno, REASON_INTERNAL, "no signals: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_set(err, -errno, REASON_INTERNAL, "no signals: %s", strerror(errno));
	return fd;
}

static void raise_limits(void)
{
	struct rlimit files, wanted = {OPEN_FILES, OPEN_FILES};

	if (!guard_raise_memory_limit())
		log_info("the limit of locked memory cannot be raised here: of escrow, fetch and "
		         "power "
		         "only the keys are kept from swap, not every page");
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= OPEN_FILES ||
	        setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max < OPEN_FILES / 4)
		log_warning(
		        "only %llu open files allowed here: not enough for a whole floor at once",
		        (unsigned long long)files.rlim_cur);
}

static void reap(struct serve *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < CHILDREN; i++)
			if (s->children[i].pid == pid)
				serve_ended(s, i, status);
}

/* True when it is time to stop. */
static bool take_signals(struct serve *s)
{
	struct signalfd_siginfo info;
	bool stop = false;

	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			reap(s);
			break;
		case SIGHUP:
			log_info(
			        "SIGHUP: nothing is reloaded; a changed configuration takes effect "
			        "with a restart");
			break;
		default:
			log_info("stopping signal=%u", (unsigned)info.ssi_signo);
			stop = true;
		}
	}
	return stop;
}

/* Starts what is due; milliseconds until something else will be. */
static int start_due(struct serve *s)
{
	int64_t now = monotonic_ms();
	int64_t next = now + 60000;

	for (int i = 0; i < CHILDREN; i++) {
		struct child *child = &s->children[i];
		if (!s->enabled[i] || child->pid)
			continue;
		if (child->due <= now)
			serve_start(s, i);
		if (!child->pid && child->due < next)
			next = child->due;
	}
	if (resync_due(&s->resync) < next)
		next = resync_due(&s->resync);
	return next > now ? (int)(next - now) : 0;
}

static int wait_for_news(const struct serve *s, int timeout, struct pollfd fds[4])
{
	fds[0] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = s->log_fd, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = s->web_fd, .events = POLLIN};
	if (outbox_waiting(&s->to_web))
		fds[2].events |= POLLOUT;
	fds[3] = (struct pollfd){.fd = s->watch_fd, .events = POLLIN};
	int n = poll(fds, 4, timeout);
	return n < 0 && errno != EINTR ? -errno : 0;
}

static int run(struct serve *s)
{
	for (;;) {
		struct pollfd fds[4];
		int timeout = start_due(s);
		int r = wait_for_news(s, timeout, fds);

		if (r < 0) {
			log_error("cannot wait for events: %s", strerror(-r));
			return r;
		}
		if (fds[1].revents)
			serve_read_log(s);
		if (fds[2].revents & ~POLLOUT)
			serve_read_web(s);
		if (fds[2].revents & POLLOUT)
			serve_write_web(s);
		if (fds[3].revents)
			serve_read_watch(s);
		if (fds[0].revents && take_signals(s))
			return 0;
		serve_drive_sync(s);
		serve_tell_clock(s, false);
	}
}

static bool any_left(const struct serve *s)
{
	for (int i = 0; i < CHILDREN; i++)
		if (s->children[i].pid)
			return true;
	return false;
}

/* The log is read on, so that nobody hangs writing to it. */
static void stop(struct serve *s)
{
	int64_t end = monotonic_ms() + STOP_POLITE_MS;

	s->stopping = true;
	for (int i = 0; i < CHILDREN; i++)
		child_signal(&s->children[i], SIGTERM);
	while (any_left(s)) {
		struct pollfd fds[4];
		int64_t left = end - monotonic_ms();
		if (left <= 0) {
			for (int i = 0; i < CHILDREN; i++)
				child_signal(&s->children[i], SIGKILL);
			end = monotonic_ms() + STOP_POLITE_MS;
			continue;
		}
		if (wait_for_news(s, (int)left, fds) < 0)
			return;
		serve_read_log(s);
		serve_write_web(s);
		serve_read_web(s);
		serve_read_watch(s);
		(void)take_signals(s);
	}
	log_info("stopped");
}

int serve_main(const struct config *config, struct error *err)
{
	struct serve s = {.config = *config,
	        .http_fd = -1,
	        .https_fd = -1,
	        .escrow_fd = -1,
	        .fetch_fd = -1,
	        .power_fd = -1,
	        .web_fd = -1,
	        .watch_fd = -1,
	        .log_fd = -1,
	        .signal_fd = -1};

	raise_limits();
	/* Secrets of the configuration pass through this process. */
	int r = secrets_init();
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot protect the process's memory");
	r = prepare(&s, err);
	if (r < 0)
		return r;
	s.signal_fd = open_signals(err);
	if (s.signal_fd < 0)
		return s.signal_fd;
	serve_greet(config);
	serve_set_health(&s, !s.enabled[CHILD_DNSMASQ],
	        s.enabled[CHILD_DNSMASQ] ? "dnsmasq is starting"
	                                 : "off: another DHCP server names the boot program");
	r = run(&s);
	stop(&s);
	serve_children_end(&s);
	return r < 0 ? error_set(err, r, REASON_INTERNAL, "%s", strerror(-r)) : 0;
}
