/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A child process that dies, hangs, lies or tries to get out. */
#include "fixer/repair/sandbox.h"
#include "tests/module/plan_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int work_fine(void *context, struct buffer *out, struct error *err)
{
	(void)err;
	return buffer_append(out, context, strlen(context));
}

static int work_error(void *context, struct buffer *out, struct error *err)
{
	(void)context;
	(void)out;
	return error_set(err, -EBUSY, REASON_NTFS_DIRTY, "line\nbreak %d", 7);
}

static int work_crash(void *context, struct buffer *out, struct error *err)
{
	(void)context;
	(void)out;
	(void)err;
	(void)signal(SIGSEGV, SIG_DFL); /* a sanitizer would catch it */
	(void)raise(SIGSEGV);
	return 0;
}

static int work_abort(void *context, struct buffer *out, struct error *err)
{
	(void)context;
	(void)out;
	(void)err;
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

static int work_spin(void *context, struct buffer *out, struct error *err)
{
	(void)context;
	(void)out;
	(void)err;
	for (volatile unsigned i = 0;; i++)
		;
	return 0;
}

static int work_sleep(void *context, struct buffer *out, struct error *err)
{
	(void)context;
	(void)out;
	(void)err;
	for (;;)
		(void)poll(NULL, 0, -1);
	return 0;
}

/* Its answer grows for ever. */
static int work_talk(void *context, struct buffer *out, struct error *err)
{
	static const char piece[1024];

	(void)context;
	(void)err;
	for (;;) {
		int r = buffer_append(out, piece, sizeof(piece));
		if (r < 0)
			return r;
	}
}

/* Finds the pipe without being told, as code that took over the process would. */
static int work_lie(void *context, struct buffer *out, struct error *err)
{
	(void)out;
	(void)err;
	for (int fd = 3; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
			(void)!write(fd, context, 64);
	_exit(0);
}

static int work_lie_for_ever(void *context, struct buffer *out, struct error *err)
{
	static const char piece[65536];

	(void)context;
	(void)out;
	(void)err;
	for (int fd = 3; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
			while (write(fd, piece, sizeof(piece)) > 0)
				;
	return 0;
}

static void expect_failure(int (*work)(void *, struct buffer *, struct error *), void *context,
        enum reason reason, const char *text)
{
	struct error err = {0};
	struct buffer answer;

	/* A machine that does other things too may be slow, so no more than what must time out. */
	unsigned seconds = reason == REASON_CHILD_TIMEOUT ? 2 : 30;
	assert_true(sandbox_run(work, context, seconds, 4096, &answer, &err) < 0);
	if (err.reason != reason || !strstr(err.text, text))
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	assert_true(err.code < 0 && err.text[0]);
}

static void test_answer(void **state)
{
	struct error err = {0};
	struct buffer answer;
	char hello[] = "hello";

	(void)state;
	assert_int_equal(sandbox_run(work_fine, hello, 10, 4096, &answer, &err), 0);
	assert_int_equal(answer.len, 5);
	assert_memory_equal(answer.data, "hello", 5);
	buffer_free(&answer);
	expect_failure(work_error, NULL, REASON_NTFS_DIRTY, "line");
}

static void test_bad_ends(void **state)
{
	uint8_t lie[64] = "Chl", *end = lie;

	(void)state;
	expect_failure(work_crash, NULL, REASON_CHILD_CRASHED, "signal 11");
	expect_failure(work_abort, NULL, REASON_CHILD_CRASHED, "signal 6");
	expect_failure(work_spin, NULL, REASON_CHILD_TIMEOUT, "2 seconds");
	expect_failure(work_sleep, NULL, REASON_CHILD_TIMEOUT, "2 seconds");
	expect_failure(work_lie, lie, REASON_CHILD_CRASHED, "whole answer");
	/* A header that is right but for its length. */
	memcpy(end, "\x43\x68\x6c\x64\x31\0\0\0", 8);
	memset(end + 8, 0, 8);
	memset(end + 16, 0xff, 8);
	expect_failure(work_lie, lie, REASON_CHILD_CRASHED, "whole answer");
	expect_failure(work_lie_for_ever, NULL, REASON_CHILD_CRASHED, "signal 9");
	expect_failure(work_talk, NULL, REASON_INTERNAL, "");
}

/* --- what it may not do ----------------------------------------------------------------------- */

#ifndef __SANITIZE_ADDRESS__ /* with a sanitizer there is no filter and no limit on memory */

enum attempt {
	TRY_SOCKET,
	TRY_EXECVE,
	TRY_CREATE,
	TRY_WRITE_DISK,
	TRY_PWRITE_DISK,
	TRY_PTRACE,
	TRY_FORK,
	TRY_KILL_PARENT,
	TRY_MOUNT,
	TRY_NEW_ABI,
	ATTEMPTS
};

struct escape {
	enum attempt attempt;
	const char *path; /* of a file that does not exist */
	int disk;         /* open for writing in the parent */
};

/* Goes on as if nothing were when the call is let through. */
static int work_escape(void *context, struct buffer *out, struct error *err)
{
	const struct escape *e = context;
	char *const arguments[] = {(char[]){"sh"}, NULL};

	(void)out;
	(void)err;
	switch (e->attempt) {
	case TRY_SOCKET:
		(void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		break;
	case TRY_EXECVE:
		(void)execve("/bin/true", arguments, NULL);
		break;
	case TRY_CREATE:
		(void)open(e->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		break;
	case TRY_WRITE_DISK:
		(void)!write(e->disk, "x", 1);
		break;
	case TRY_PWRITE_DISK:
		(void)!pwrite(e->disk, "x", 1, 0);
		break;
	case TRY_PTRACE:
		(void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
		break;
	case TRY_FORK:
		(void)fork();
		break;
	case TRY_KILL_PARENT:
		(void)syscall(SYS_tgkill, getppid(), getppid(), SIGTERM);
		break;
	case TRY_MOUNT:
		(void)syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
		break;
	case TRY_NEW_ABI:
		(void)syscall(SYS_getpid | 0x40000000 /* x32 */);
		break;
	case ATTEMPTS:
		break;
	}
	return 0;
}

static void test_forbidden_calls(void **state)
{
	struct escape escape = {.path = fixture_path("escaped")};

	(void)state;
	escape.disk = open(fixture_path("disk"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(escape.disk >= 0 && ftruncate(escape.disk, 4096) == 0);
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		print_message("attempt %u\n", i);
		escape.attempt = (enum attempt)i;
		expect_failure(work_escape, &escape, REASON_CHILD_CRASHED, "signal 31");
	}
	assert_int_equal(access(escape.path, F_OK), -1);
	char byte = 1;
	assert_true(pread(escape.disk, &byte, 1, 0) == 1 && byte == 0);
	assert_int_equal(close(escape.disk), 0);
}

/* A mapping needs no call to be written to: what is open for writing is no longer so. */
static int work_map_disk(void *context, struct buffer *out, struct error *err)
{
	const struct escape *e = context;
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, e->disk, 0);

	(void)out;
	if (map == MAP_FAILED)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "not mapped");
	*map = 'x';
	return 0;
}

static int work_eat(void *context, struct buffer *out, struct error *err)
{
	(void)context;
	(void)out;
	for (unsigned i = 0; i < 4096; i++) {
		char *piece = malloc(1024 * 1024);
		if (!piece)
			return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "after %u MiB", i);
		/* Else the compiler leaves it out. */
		__asm__ volatile("" : : "r"(piece) : "memory");
	}
	return 0;
}

static void test_limits(void **state)
{
	struct escape escape = {
	        .disk = open(fixture_path("disk"), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};

	(void)state;
	assert_true(escape.disk >= 0 && ftruncate(escape.disk, 4096) == 0);
	expect_failure(work_map_disk, &escape, REASON_CANNOT_OPEN, "not mapped");
	assert_int_equal(close(escape.disk), 0);
	expect_failure(work_eat, NULL, REASON_OUT_OF_MEMORY, "MiB");
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answer),
	        cmocka_unit_test(test_bad_ends),
#ifndef __SANITIZE_ADDRESS__
	        cmocka_unit_test(test_forbidden_calls),
	        cmocka_unit_test(test_limits),
#endif
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
