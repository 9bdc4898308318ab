/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/replay_internal.h"
#include "fixer/repair/sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The runner's descriptors. The program gets the file, and can make no number from PROGRAM_FILES
 * on: so nothing can be executed from descriptor PROGRAM_AT once the program has started. */
enum { FILE_AT = 3, SOCKET_AT = 4, PROGRAM_AT = 64, PROGRAM_FILES = 16 };
#define FILE_PATH "/proc/self/fd/3"

#define PROGRAM_MEMORY (512UL * 1024 * 1024)
#define OUTPUT_MAX     (1024 * 1024) /* a replay prints one line */

/* --- the program ------------------------------------------------------------------------------ */

__attribute__((noreturn)) static void run_program(
        const struct replay_request *request, const char *path, int output, int failure)
{
	char *const arguments[] = {strdup(path), (char[]){"-k"}, (char[]){FILE_PATH}, NULL};
	char *const environment[] = {(char[]){"LC_ALL=C"}, NULL};
	int r = sandbox_die_with(1); /* the runner's number in its namespace */

	if (r == 0 && (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
	                      fcntl(FILE_AT, F_SETFD, 0) < 0))
		r = -errno;
	sandbox_limit(RLIMIT_NPROC, 0);
	sandbox_limit(RLIMIT_CPU, request->ms / 1000 + 1);
	sandbox_limit(RLIMIT_FSIZE, request->size);
	sandbox_limit(RLIMIT_NOFILE, PROGRAM_FILES);
#ifndef __SANITIZE_ADDRESS__ /* a test's stand-in for the program, built with it */
	sandbox_limit(RLIMIT_AS, PROGRAM_MEMORY);
#endif
	if (r == 0)
		r = sandbox_filter_program(PROGRAM_AT);
	if (r == 0) {
		(void)execveat(PROGRAM_AT, "", arguments, environment, AT_EMPTY_PATH);
		r = -errno;
	}
	(void)!write(failure, &r, sizeof(r));
	_exit(127);
}

/* --- its end ---------------------------------------------------------------------------------- */

/* The last line with something in it, of output that comes in pieces. */
struct tail {
	char line[sizeof(((struct replay_result *)0)->last_line)];
	size_t len;
	bool ended; /* a line break has been seen: the next character begins a new line */
	size_t total;
};

static void tail_add(struct tail *tail, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n') {
			tail->ended = true;
			continue;
		}
		if (tail->ended)
			tail->len = 0;
		tail->ended = false;
		if (tail->len < sizeof(tail->line) - 1)
			tail->line[tail->len++] = bytes[i];
	}
	tail->total += count;
}

/* What is there now. False at the end. */
static bool tail_read(struct tail *tail, int fd)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n > 0)
		tail_add(tail, piece, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Until the program has ended, prints too much or takes too long. */
static enum replay_end watch(int process, int output, uint32_t ms, struct tail *tail)
{
	struct pollfd sources[] = {
	        {.fd = process, .events = POLLIN}, {.fd = output, .events = POLLIN}};
	int64_t deadline = sandbox_now_ms() + ms;

	while (tail->total <= OUTPUT_MAX) {
		int64_t left = deadline - sandbox_now_ms();
		if (left <= 0)
			return REPLAY_TIMED_OUT;
		if (poll(sources, 2, (int)left) <= 0)
			continue;
		if (sources[1].revents && !tail_read(tail, output))
			sources[1].fd = -1; /* it closed its output */
		else if (!sources[1].revents && sources[0].revents)
			return REPLAY_ENDED; /* and all it printed has been read */
	}
	return REPLAY_TALKED;
}

static struct replay_result look_after(pid_t pid, int output, int failure, uint32_t ms)
{
	struct replay_result result = {.end = REPLAY_NOT_STARTED};
	struct tail tail = {0};
	int process = pidfd_open(pid, 0), status = 0;

	if (process < 0)
		result.status = errno;
	else
		result.end = watch(process, output, ms, &tail);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (result.end == REPLAY_ENDED)
		result.status = status;
	/* Says why it did not come to the program, when it did not. */
	int r;
	if (read(failure, &r, sizeof(r)) == sizeof(r)) {
		result.end = REPLAY_NOT_STARTED;
		result.status = -r;
	}
	memcpy(result.last_line, tail.line, tail.len);
	if (process >= 0)
		(void)close(process);
	return result;
}

static struct replay_result run(const struct replay_request *request, const char *path)
{
	struct replay_result result = {.end = REPLAY_NOT_STARTED};
	int output[2], failure[2];

	if (pipe2(output, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(failure, O_CLOEXEC) < 0) {
		result.status = errno;
		return result; /* too few descriptors: the next request fails too */
	}
	/* Its own end blocks: a program does not expect that printing may fail. */
	(void)fcntl(output[1], F_SETFL, 0);
	pid_t pid = fork();
	if (pid == 0)
		run_program(request, path, output[1], failure[1]);
	result.status = errno;
	(void)close(output[1]);
	(void)close(failure[1]);
	if (pid > 0)
		result = look_after(pid, output[0], failure[0], request->ms);
	(void)close(output[0]);
	(void)close(failure[0]);
	return result;
}

/* --- the runner ------------------------------------------------------------------------------- */

/* Keeps three descriptors at their numbers and no other. */
static int keep_descriptors(int program, int file, int socket)
{
	/* Out of each other's way first. */
	int high[3] = {fcntl(program, F_DUPFD_CLOEXEC, PROGRAM_AT + 1),
	        fcntl(file, F_DUPFD_CLOEXEC, PROGRAM_AT + 1),
	        fcntl(socket, F_DUPFD_CLOEXEC, PROGRAM_AT + 1)};
	const int places[3] = {PROGRAM_AT, FILE_AT, SOCKET_AT};

	for (int i = 0; i < 3; i++)
		if (high[i] < 0 || dup3(high[i], places[i], O_CLOEXEC) < 0)
			return -errno;
	if (close_range(SOCKET_AT + 1, PROGRAM_AT - 1, 0) < 0 ||
	        close_range(PROGRAM_AT + 1, ~0U, 0) < 0)
		return -errno;
	return 0;
}

__attribute__((noreturn)) static void runner_main(
        int program, const char *path, int file, int socket)
{
	struct replay_request request;

	/* The first process of its namespace: with it everything in it ends, and its parent,
	 * outside, has number 0. */
	if (sandbox_die_with(0) < 0 || keep_descriptors(program, file, socket) < 0 ||
	        sandbox_drop_privileges() < 0)
		_exit(2);
	sandbox_limit(RLIMIT_CORE, 0);
	while (read(SOCKET_AT, &request, sizeof(request)) == sizeof(request)) {
		struct replay_result result = run(&request, path);
		if (write(SOCKET_AT, &result, sizeof(result)) != sizeof(result))
			break;
	}
	_exit(0);
}

int replay_runner_start(int program, const char *path, int file, struct replay_runner *ret)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		runner_main(program, path, file, ends[1]);
	int r = pid < 0 ? -errno : 0;
	(void)close(ends[1]);
	if (r < 0) {
		(void)close(ends[0]);
		return r;
	}
	ret->pid = pid;
	ret->socket = ends[0];
	return 0;
}
