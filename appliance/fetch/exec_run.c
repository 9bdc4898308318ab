/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/exec_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How often an end is looked for while a child of the program keeps its pipes open. */
#define LOOK_MS 10

static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char language[] = "LANG=C.UTF-8";
static char *const environment[] = {path, language, NULL};

struct run {
	pid_t pid;
	int out, errors; /* our ends; -1 once they are at their end */
	int64_t deadline;
	struct exec_result *result;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- starting ---- */

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	int r = posix_spawnattr_setflags(
	        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setpgroup(attributes, 0);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	return r ? r : posix_spawnattr_setsigdefault(attributes, &all);
}

static int set_files(posix_spawn_file_actions_t *files, int null_fd, int out, int errors)
{
	int r = posix_spawn_file_actions_adddup2(files, null_fd, STDIN_FILENO);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(files, errors, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	return r ? r : posix_spawn_file_actions_addchdir_np(files, "/");
}

/* 0 or a positive errno. */
static int spawn(char *const argv[], int null_fd, int out, int errors, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int r = posix_spawnattr_init(&attributes);

	if (r)
		return r;
	r = posix_spawn_file_actions_init(&files);
	if (r) {
		(void)posix_spawnattr_destroy(&attributes);
		return r;
	}
	r = set_attributes(&attributes);
	if (r == 0)
		r = set_files(&files, null_fd, out, errors);
	if (r == 0)
		r = posix_spawn(ret, argv[0], &files, &attributes, argv, environment);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	return r;
}

static int start(struct run *run, char *const argv[], int null_fd)
{
	int out[2], errors[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(errors, O_CLOEXEC) < 0) {
		int e = errno;
		(void)close(out[0]);
		(void)close(out[1]);
		return -e;
	}
	run->out = out[0];
	run->errors = errors[0];
	int r = fcntl(run->out, F_SETFL, O_NONBLOCK) < 0 ||
	                        fcntl(run->errors, F_SETFL, O_NONBLOCK) < 0
	                ? errno
	                : spawn(argv, null_fd, out[1], errors[1], &run->pid);
	(void)close(out[1]);
	(void)close(errors[1]);
	return -r;
}

/* ---- while it runs ---- */

/* All there is, into at most room bytes at to; what is more is read as well, and told in
 * *ret_more. Returns how many were kept; *fd is closed and -1 at the end of the pipe. */
static size_t drain(int *fd, void *to, size_t room, bool *ret_more)
{
	uint8_t spare[512];
	size_t kept = 0;
	/* A program that never stops writing gets a turn as long as everybody's. */
	for (unsigned turn = 0; *fd >= 0 && turn < 64; turn++) {
		bool full = kept == room;
		ssize_t n = full ? read(*fd, spare, sizeof(spare))
		                 : read(*fd, (uint8_t *)to + kept, room - kept);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			(void)close(*fd);
			*fd = -1;
		} else if (full) {
			*ret_more = true;
		} else {
			kept += (size_t)n;
		}
	}
	secret_wipe(spare, sizeof(spare));
	return kept;
}

/* True: it wrote more than it may. */
static bool read_both(struct run *run)
{
	struct exec_result *r = run->result;
	bool too_much = false, chatty = false;

	r->len += drain(&run->out, r->output->data + r->len, EXEC_OUTPUT_MAX - r->len, &too_much);
	r->errors_len += drain(
	        &run->errors, r->errors + r->errors_len, EXEC_ERRORS_MAX - r->errors_len, &chatty);
	return too_much;
}

/* Has it ended? Nobody is waited for, and its number stays taken: its group can be killed still. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid == pid;
}

static void wait_a_moment(const struct run *run)
{
	struct pollfd fds[] = {
	        {.fd = run->out, .events = POLLIN}, {.fd = run->errors, .events = POLLIN}};
	int64_t left = run->deadline - now_ms();

	(void)poll(fds, 2, left < LOOK_MS ? (int)(left > 0 ? left : 0) : LOOK_MS);
}

/* Until it has ended by itself or has to. What it wrote before its end is in the pipes by then. */
static enum exec_end follow(struct run *run)
{
	for (;;) {
		bool ended = has_ended(run->pid);
		if (read_both(run))
			return EXEC_TOO_MUCH;
		if (ended)
			return EXEC_EXITED;
		if (now_ms() >= run->deadline)
			return EXEC_TOO_SLOW;
		wait_a_moment(run);
	}
}

static void finish(struct run *run, enum exec_end end)
{
	int status = 0;

	(void)kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	run->result->end = end == EXEC_EXITED && WIFSIGNALED(status) ? EXEC_SIGNALED : end;
	run->result->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

int exec_run(
        char *const argv[], int null_fd, int64_t ms, struct exec_result *ret, struct error *err)
{
	struct exec_result result = {.output = secret_new(EXEC_OUTPUT_MAX + 1)};
	struct run run = {.out = -1, .errors = -1, .deadline = now_ms() + ms, .result = &result};

	if (!result.output)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for keys");
	int r = start(&run, argv, null_fd);
	if (r == 0)
		finish(&run, follow(&run));
	if (run.out >= 0)
		(void)close(run.out);
	if (run.errors >= 0)
		(void)close(run.errors);
	if (r < 0) {
		exec_result_clear(&result);
		return error_set(
		        err, r, REASON_SOURCE_FAILED, "cannot start %s: %s", argv[0], strerror(-r));
	}
	*ret = result;
	return 0;
}

void exec_result_clear(struct exec_result *r)
{
	secret_free(r->output);
	secret_wipe(r->errors, sizeof(r->errors));
	*r = (struct exec_result){0};
}
