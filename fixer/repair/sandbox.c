/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/sandbox.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* The answer on the pipe: this header, then either the work's bytes or the error's text. */
#define ANSWER_MAGIC  0x31646c6843 /* "Chld1" */
#define ANSWER_HEADER 24           /* u64 magic, i32 code, u32 reason, u64 length of what follows */

#define CHILD_MEMORY (1024UL * 1024 * 1024)
#define CHILD_FILES  1024

/* --- in the child ---------------------------------------------------------------------------- */

static void limit(int resource, rlim_t value)
{
	struct rlimit now;

	/* Lowering always works; where the limit is lower already it stays. */
	if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max < value)
		value = now.rlim_max;
	(void)setrlimit((__rlimit_resource_t)resource, &(struct rlimit){value, value});
}

/* Standard streams to nowhere, and no connection of the parent's: a network namespace only keeps
 * new ones from being made. */
static int close_ways_out(int answer)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		if ((null < 0 ? close(fd) : dup2(null, fd)) < 0 && errno != EBADF)
			return -errno;
	for (int fd = 3; fd < CHILD_FILES; fd++) {
		struct stat st;
		if (fd != answer && fstat(fd, &st) == 0 &&
		        (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode)))
			(void)close(fd);
	}
	return 0;
}

static int confine(int answer, unsigned seconds)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* Needs a privilege that --image on a workstation does not have. */
	(void)unshare(CLONE_NEWNET);
	/* Locked memory isn't inherited, and the volume's key is in this process too. */
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_NOFILE, CHILD_FILES);
	limit(RLIMIT_CPU, seconds);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is terabytes of address space, whose report a file */
	limit(RLIMIT_AS, CHILD_MEMORY);
	limit(RLIMIT_FSIZE, 0);
#endif
	return close_ways_out(answer);
}

static int write_all(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		p += n > 0 ? n : 0;
		len -= (size_t)(n > 0 ? n : 0);
	}
	return 0;
}

static int send_answer(int fd, int code, const struct error *err, const struct buffer *out)
{
	uint8_t header[ANSWER_HEADER];
	const void *body = code < 0 ? (const void *)err->text : out->data;
	size_t len = code < 0 ? strlen(err->text) : out->len;

	put_le64(header, ANSWER_MAGIC);
	put_le32(header + 8, (uint32_t)code);
	put_le32(header + 12, (uint32_t)err->reason);
	put_le64(header + 16, len);
	int r = write_all(fd, header, sizeof(header));
	return r < 0 || len == 0 ? r : write_all(fd, body, len);
}

__attribute__((noreturn)) static void sandbox_main(int answer,
        int (*work)(void *, struct buffer *, struct error *), void *context, unsigned seconds,
        size_t max_answer)
{
	struct error err = {0};
	struct buffer out;

	buffer_init(&out, max_answer);
	if (confine(answer, seconds) < 0)
		_exit(2);
	int r = work(context, &out, &err);
	if (r < 0 && err.code == 0)
		(void)error_set(
		        &err, r, REASON_INTERNAL, "reading the volume failed: %s", strerror(-r));
	_exit(send_answer(answer, r, &err, &out) < 0 ? 3 : 0);
}

/* --- in the parent --------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Everything until the end of the pipe. -ETIMEDOUT, -EMSGSIZE, -ENOMEM, -EIO. */
static int collect(int fd, unsigned seconds, struct buffer *ret)
{
	int64_t deadline = now_ms() + (int64_t)seconds * 1000;
	uint8_t piece[65536];

	for (;;) {
		int64_t left = deadline - now_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		ssize_t got = read(fd, piece, sizeof(piece));
		if (got == 0)
			return 0;
		int r = got < 0 ? -errno : buffer_append(ret, piece, (size_t)got);
		if (r < 0 && r != -EINTR)
			return r;
	}
}

static int crashed(int status, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, -EPROTO, REASON_CHILD_CRASHED,
		        "the process that reads the volume died of signal %d (%s)",
		        WTERMSIG(status), strsignal(WTERMSIG(status)));
	return error_set(err, -EPROTO, REASON_CHILD_CRASHED,
	        "the process that reads the volume ended (status %d) without a whole answer",
	        WEXITSTATUS(status));
}

/* Takes the header off; gives the work's error when there is one. */
static int open_answer(struct buffer *answer, int status, struct error *err)
{
	struct cursor c = cursor_over(answer->data, answer->len);
	uint64_t magic = cursor_le64(&c);
	int32_t code = (int32_t)cursor_le32(&c);
	uint32_t reason = cursor_le32(&c);
	uint64_t len = cursor_le64(&c);
	char text[sizeof(err->text)], raw[sizeof(err->text)] = "";

	if (c.failed || magic != ANSWER_MAGIC || len != c.left || code > 0 || code < -4095 ||
	        reason >= REASON_COUNT)
		return crashed(status, err);
	if (code < 0) {
		memcpy(raw, c.at, c.left < sizeof(raw) ? c.left : sizeof(raw) - 1);
		text_clean(text, sizeof(text), raw);
		return error_set(err, code, (enum reason)reason, "%s", text);
	}
	answer->len -= ANSWER_HEADER;
	memmove(answer->data, answer->data + ANSWER_HEADER, answer->len);
	return 0;
}

/* The child is at its end, or is brought to it: whatever it does, this returns. */
static int reap(pid_t pid)
{
	int status = 0;

	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int take_answer(
        int fd, pid_t pid, unsigned seconds, struct buffer *answer, struct error *err)
{
	int r = collect(fd, seconds, answer);
	int status = reap(pid);

	if (r == -ETIMEDOUT)
		return error_set(err, r, REASON_CHILD_TIMEOUT,
		        "the process that reads the volume took over %u seconds", seconds);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY,
		        "no memory for what the process that reads the volume tells");
	return r < 0 ? crashed(status, err) : open_answer(answer, status, err);
}

int sandbox_run(int (*work)(void *context, struct buffer *out, struct error *err), void *context,
        unsigned seconds, size_t max_answer, struct buffer *ret, struct error *err)
{
	struct buffer answer;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(
		        err, -errno, REASON_INTERNAL, "cannot make a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		sandbox_main(ends[1], work, context, seconds, max_answer);
	int fork_error = errno;
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return error_set(err, -fork_error, REASON_OUT_OF_MEMORY,
		        "cannot start the process that reads the volume: %s", strerror(fork_error));
	}
	buffer_init(&answer, max_answer + ANSWER_HEADER);
	int r = take_answer(ends[0], pid, seconds, &answer, err);
	(void)close(ends[0]);
	if (r < 0) {
		buffer_free(&answer);
		return r;
	}
	*ret = answer;
	return 0;
}
