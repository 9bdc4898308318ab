/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/child.h"

#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS   30000
#define LONG_RUN_MS      30000 /* who lived so long starts again with the first delay */

int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Moves fds to CHILD_FIRST_FD and on. Two steps, because a source may be another one's target. */
static int place_fds(const int *fds, size_t count, int output)
{
	int high[CHILD_FDS_MAX];
	int out = output < 0 ? STDERR_FILENO : output;

	for (size_t i = 0; i < count; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, CHILD_FIRST_FD + CHILD_FDS_MAX);
		if (high[i] < 0)
			return -errno;
	}
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	        dup2(out, STDERR_FILENO) < 0)
		return -errno;
	for (size_t i = 0; i < count; i++)
		if (dup2(high[i], CHILD_FIRST_FD + (int)i) < 0)
			return -errno;
	if (close_range(CHILD_FIRST_FD + (unsigned)count, ~0u, 0) < 0)
		return -errno;
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* In the child; does not return. */
static _Noreturn void become(const struct child *child, pid_t parent)
{
	int r = identity_drop(child->uid, child->gid, child->capabilities);

	if (r == 0 && getppid() != parent)
		_exit(0); /* the parent died before we asked to die with it */
	if (r == 0)
		r = place_fds(child->fds, child->fd_count, child->output);
	if (r < 0) {
		log_error("cannot prepare %s: %s", child->name, strerror(-r));
		_exit(126);
	}
	reset_signals();
	execv(child->argv[0], (char *const *)(uintptr_t)child->argv);
	log_error("cannot run %s: %s", child->argv[0], strerror(errno));
	_exit(127);
}

static void delay(struct child *child, int64_t now)
{
	if (child->started && now - child->started >= LONG_RUN_MS)
		child->backoff = 0;
	child->backoff = child->backoff ? child->backoff * 2 : BACKOFF_FIRST_MS;
	if (child->backoff > BACKOFF_MAX_MS)
		child->backoff = BACKOFF_MAX_MS;
	child->due = now + child->backoff;
}

void child_postpone(struct child *child)
{
	delay(child, monotonic_ms());
}

int child_start(struct child *child)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0) {
		int r = -errno;
		log_error("cannot start %s: %s", child->name, strerror(-r));
		child_postpone(child);
		return r;
	}
	if (pid == 0)
		become(child, parent);
	child->pid = pid;
	child->started = monotonic_ms();
	log_info("started %s pid=%d uid=%u", child->name, (int)pid, (unsigned)child->uid);
	return 0;
}

void child_ended(struct child *child, int status, bool expected)
{
	int64_t now = monotonic_ms();
	bool signaled = WIFSIGNALED(status);
	int number = signaled ? WTERMSIG(status) : WEXITSTATUS(status);

	delay(child, now);
	if (expected)
		log_info("%s stopped pid=%d", child->name, (int)child->pid);
	else
		log_error("%s ended pid=%d %s=%d after_ms=%lld; starting it again in %d ms",
		        child->name, (int)child->pid, signaled ? "signal" : "status", number,
		        (long long)(now - child->started), child->backoff);
	child->pid = 0;
}

void child_signal(const struct child *child, int signal)
{
	if (child->pid > 0 && kill(child->pid, signal) < 0)
		log_warning("cannot signal %s pid=%d: %s", child->name, (int)child->pid,
		        strerror(errno));
}

/* Reads until end of file or the time is up. 0, -ETIMEDOUT, -errno. */
static int collect(int fd, int64_t end, char *output, size_t size)
{
	size_t len = 0;

	for (;;) {
		char rest[512];
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - monotonic_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ETIMEDOUT;
		ssize_t got = read(fd, rest, sizeof(rest));
		if (got <= 0)
			return got < 0 ? -errno : 0;
		size_t room = size - 1 - len;
		size_t take = (size_t)got < room ? (size_t)got : room;
		memcpy(output + len, rest, take);
		len += take;
		output[len] = '\0';
	}
}

int child_run(const struct child *what, int seconds, char *output, size_t size)
{
	struct child child = *what;
	int pipe_fds[2], status;
	pid_t parent = getpid();

	output[0] = '\0';
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	child.output = pipe_fds[1];
	pid_t pid = fork();
	if (pid == 0)
		become(&child, parent);
	int r = pid < 0 ? -errno : 0;
	close(pipe_fds[1]);
	if (r == 0) {
		r = collect(pipe_fds[0], monotonic_ms() + seconds * 1000, output, size);
		if (r < 0)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(pipe_fds[0]);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}
