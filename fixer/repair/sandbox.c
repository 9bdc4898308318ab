/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"
#include "fixer/repair/sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t sandbox_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Everything until the end of the pipe. -ETIMEDOUT, -EMSGSIZE, -ENOMEM, -EIO. */
static int collect(int fd, unsigned seconds, struct buffer *ret)
{
	int64_t deadline = sandbox_now_ms() + (int64_t)seconds * 1000;
	uint8_t piece[65536];

	for (;;) {
		int64_t left = deadline - sandbox_now_ms();
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
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return error_set(err, -EPROTO, REASON_CHILD_CRASHED,
		        "the process that reads the volume made a system call it may not make "
		        "(signal %d); the kernel's log may name it",
		        SIGSYS);
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

int sandbox_run_job(const struct sandbox_job *job, struct buffer *ret, struct error *err)
{
	/* An error's text must always fit. */
	size_t most = job->max_answer > sizeof(err->text) ? job->max_answer : sizeof(err->text);
	struct buffer answer;
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(
		        err, -errno, REASON_INTERNAL, "cannot make a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		sandbox_child(job, ends[1], parent);
	int fork_error = errno;
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return error_set(err, -fork_error, REASON_OUT_OF_MEMORY,
		        "cannot start the process that reads the volume: %s", strerror(fork_error));
	}
	buffer_init(&answer, most + ANSWER_HEADER);
	int r = take_answer(ends[0], pid, job->seconds, &answer, err);
	(void)close(ends[0]);
	if (r < 0) {
		buffer_free(&answer);
		return r;
	}
	*ret = answer;
	return 0;
}

int sandbox_run(int (*work)(void *context, struct buffer *out, struct error *err), void *context,
        unsigned seconds, size_t max_answer, struct buffer *ret, struct error *err)
{
	const struct sandbox_job job = {
	        .work = work, .context = context, .seconds = seconds, .max_answer = max_answer};

	return sandbox_run_job(&job, ret, err);
}
