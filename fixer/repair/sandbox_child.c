/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The child process of a sandbox: what it may, and how it answers. */
#include "fixer/base/bytes.h"
#include "fixer/repair/sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHILD_MEMORY (1024UL * 1024 * 1024)
#define CHILD_FILES  1024

void sandbox_limit(int resource, uint64_t value)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max < value)
		value = now.rlim_max;
	(void)setrlimit((__rlimit_resource_t)resource, &(struct rlimit){value, value});
}

int sandbox_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	/* It may have ended just before. */
	return getppid() == parent ? 0 : -ESRCH;
}

int sandbox_drop_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

/* Does it have a name, or had one that a path leads to? Memory that the parent made has none. */
static bool is_scratch(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 0;
}

static int open_for_reading_only(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int flags = fcntl(fd, F_GETFL);
	int reading = open(path, O_RDONLY | O_CLOEXEC | (flags & O_DIRECT));
	if (reading < 0)
		return -errno;
	int r = dup3(reading, fd, O_CLOEXEC) < 0 ? -errno : 0;
	(void)close(reading);
	return r;
}

static int close_way_out(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) < 0)
		return 0; /* not open */
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return (flags & O_ACCMODE) == O_RDONLY || is_scratch(&st)
		               ? 0
		               : open_for_reading_only(fd);
	return close(fd) < 0 ? -errno : 0;
}

int sandbox_close_ways_out(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), r = 0;

	for (int fd = 0; fd < 3; fd++)
		if ((null < 0 ? close(fd) : dup2(null, fd)) < 0 && errno != EBADF)
			return -errno;
	for (int fd = 3; r == 0 && fd < CHILD_FILES; fd++)
		if (fd != keep)
			r = close_way_out(fd);
	if (r == 0 && close_range(CHILD_FILES, ~0U, 0) < 0)
		r = -errno;
	return r;
}

static int confine(unsigned seconds, const int *ways_out, size_t count)
{
	/* Needs a privilege that --image on a workstation does not have; the filter forbids
	 * sockets in any case. */
	(void)unshare(CLONE_NEWNET);
	/* Locked memory isn't inherited, and the volume's key is in this process too. */
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	/* Without this, and without the privileges, a locked stack could not grow: a crash. */
	(void)setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	int r = sandbox_drop_privileges();
	if (r < 0)
		return r;
	sandbox_limit(RLIMIT_CORE, 0);
	sandbox_limit(RLIMIT_NPROC, 0);
	sandbox_limit(RLIMIT_NOFILE, CHILD_FILES);
	sandbox_limit(RLIMIT_CPU, seconds + 1); /* should the parent not end it in time */
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is terabytes of address space, whose report a file */
	sandbox_limit(RLIMIT_AS, CHILD_MEMORY);
	sandbox_limit(RLIMIT_FSIZE, 0);
#endif
	return sandbox_filter_work(ways_out, count);
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

/* Up to the point where hostile bytes are read. */
static int get_ready(const struct sandbox_job *job, int answer, pid_t parent)
{
	int ways_out[SANDBOX_WAYS_OUT + 3] = {-1, -1, answer, STDOUT_FILENO, STDERR_FILENO};
	int r = sandbox_die_with(parent);

	if (r == 0)
		r = sandbox_close_ways_out(answer);
	if (r == 0 && job->prepare)
		job->prepare(job->seconds, ways_out);
	if (r == 0)
		r = confine(job->seconds, ways_out, sizeof(ways_out) / sizeof(ways_out[0]));
	return r;
}

void sandbox_child(const struct sandbox_job *job, int answer, pid_t parent)
{
	struct error err = {0};
	struct buffer out;

	buffer_init(&out, job->max_answer);
	int r = get_ready(job, answer, parent);
	if (r < 0) {
		(void)error_set(&err, r, REASON_INTERNAL,
		        "cannot confine the process that reads the volume: %s", strerror(-r));
	} else {
		r = job->work(job->context, &out, &err);
		if (r < 0 && err.code == 0)
			(void)error_set(&err, r, REASON_INTERNAL, "reading the volume failed: %s",
			        strerror(-r));
		if (job->finish)
			job->finish();
	}
	_exit(send_answer(answer, r, &err, &out) < 0 ? 3 : 0);
}
