/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/guard/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define INT_BITS 0xffffffffu

static const int everybody[] = {
        /* Memory. */
        SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
        SCMP_SYS(munlock),
        /* Time, waiting, threads. */
        SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
        SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(futex),
        SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
        SCMP_SYS(sched_getaffinity), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
        SCMP_SYS(pselect6), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create),
        SCMP_SYS(timerfd_settime), SCMP_SYS(signalfd4), SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
        SCMP_SYS(sigaltstack), SCMP_SYS(exit), SCMP_SYS(exit_group),
        /* Who and where am I. */
        SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
        SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid), SCMP_SYS(getresgid),
        SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getcwd), SCMP_SYS(getrandom),
        /* Files; which ones may be opened is the users' and Landlock's business. */
        SCMP_SYS(openat), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
        SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
        SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
        SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(pipe2), SCMP_SYS(dup), SCMP_SYS(umask),
        /* Sockets; which ones can be made is said below. */
        SCMP_SYS(connect), SCMP_SYS(accept4), SCMP_SYS(socketpair), SCMP_SYS(sendto),
        SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(shutdown),
        SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt)};

static const int writing[] = {SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fsync),
        SCMP_SYS(fdatasync), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
        SCMP_SYS(renameat), SCMP_SYS(linkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir),
        SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(flock), SCMP_SYS(utimensat)};

static const int fcntl_commands[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_GETLK,
        F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};

/* Is it a terminal (stdio), how much is there to read (resolver), do not block. */
static const int ioctl_requests[] = {TCGETS, FIONREAD, FIONBIO};

int filter_allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

int filter_allow_bits(
        scmp_filter_ctx filter, int call, unsigned argument, uint64_t mask, uint64_t value)
{
	const struct scmp_arg_cmp has = SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value);

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &has);
}

int filter_allow_values(
        scmp_filter_ctx filter, int call, unsigned argument, const int *values, size_t count)
{
	int r = 0;

	/* The kernel looks at an int's 32 bits, whatever is above them. */
	for (size_t i = 0; r == 0 && i < count; i++)
		r = filter_allow_bits(filter, call, argument, INT_BITS, (unsigned)values[i]);
	return r;
}

int filter_refuse(scmp_filter_ctx filter, int call, int error)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)error), call, 0);

	return r == -EACCES ? 0 : r; /* it is what the filter does with every unknown call */
}

/* A thread shares everything with its process; what does not is another process. */
static int allow_threads(scmp_filter_ctx filter)
{
	const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
	int r = filter_allow_bits(filter, SCMP_SYS(clone), 0, thread, thread);

	/* Its flags lie in memory, where no filter sees them: the C library then uses the old call.
	 */
	return r < 0 ? r : filter_refuse(filter, SCMP_SYS(clone3), ENOSYS);
}

static int allow_memory(scmp_filter_ctx filter)
{
	int r = filter_allow_bits(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0);

	return r < 0 ? r : filter_allow_bits(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
}

int filter_allow_everybody(scmp_filter_ctx filter)
{
	const int self = (int)getpid();
	static const int name = PR_SET_NAME;
	int r = filter_allow(filter, everybody, FILTER_COUNT(everybody));

	if (r == 0)
		r = allow_memory(filter);
	if (r == 0)
		r = allow_threads(filter);
	if (r == 0)
		r = filter_allow_values(
		        filter, SCMP_SYS(fcntl), 1, fcntl_commands, FILTER_COUNT(fcntl_commands));
	if (r == 0)
		r = filter_allow_values(
		        filter, SCMP_SYS(ioctl), 1, ioctl_requests, FILTER_COUNT(ioctl_requests));
	if (r == 0)
		r = filter_allow_values(filter, SCMP_SYS(tgkill), 0, &self, 1); /* abort() */
	if (r == 0)
		r = filter_allow_values(filter, SCMP_SYS(prctl), 0, &name, 1);
	/* Limits are asked for, not set: the new one's address is NULL. */
	if (r == 0)
		r = filter_allow_bits(filter, SCMP_SYS(prlimit64), 2, UINT64_MAX, 0);
	return r;
}

int filter_allow_writing(scmp_filter_ctx filter)
{
	return filter_allow(filter, writing, FILTER_COUNT(writing));
}

int filter_allow_loading(scmp_filter_ctx filter)
{
	return filter_allow_bits(filter, SCMP_SYS(mmap), 2, PROT_EXEC | PROT_WRITE, PROT_EXEC);
}
