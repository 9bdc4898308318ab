/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __SANITIZE_ADDRESS__

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Memory, time, what is open, the own end. */
static const int everybody[] = {SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(close),
        SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
        SCMP_SYS(mprotect), SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid),
        SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
        SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
        SCMP_SYS(sched_yield), SCMP_SYS(sysinfo), SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* What libntfs-3g, libhivex, secrets in memory and serving a file through FUSE need besides. */
static const int for_work[] = {SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(munlock),
        SCMP_SYS(poll), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(wait4)};

/* What the dynamic loader and ntfsrecover need besides. */
static const int for_program[] = {SCMP_SYS(write), SCMP_SYS(pwrite64), SCMP_SYS(access),
        SCMP_SYS(faccessat), SCMP_SYS(readlink), SCMP_SYS(fcntl), SCMP_SYS(fsync),
        SCMP_SYS(fdatasync), SCMP_SYS(arch_prctl), SCMP_SYS(set_tid_address),
        SCMP_SYS(set_robust_list), SCMP_SYS(rseq)};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

/* One call when the arguments fit. */
static int allow_if(scmp_filter_ctx filter, int call, unsigned count, struct scmp_arg_cmp a,
        struct scmp_arg_cmp b)
{
	const struct scmp_arg_cmp both[] = {a, b};

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, both);
}

static struct scmp_arg_cmp is(unsigned argument, uint64_t value)
{
	return SCMP_CMP64(argument, SCMP_CMP_EQ, value);
}

static struct scmp_arg_cmp has_bits(unsigned argument, uint64_t mask, uint64_t value)
{
	return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value);
}

/* abort() sends its signal to itself by number. */
static int allow_everybody(scmp_filter_ctx filter)
{
	int r = allow(filter, everybody, COUNT(everybody));

	return r < 0 ? r
	             : allow_if(filter, SCMP_SYS(tgkill), 1, is(0, (uint64_t)getpid()), is(0, 0));
}

static int allow_writing(scmp_filter_ctx filter, int fd)
{
	int r = allow_if(filter, SCMP_SYS(write), 1, is(0, (uint64_t)fd), is(0, 0));

	return r < 0 ? r : allow_if(filter, SCMP_SYS(writev), 1, is(0, (uint64_t)fd), is(0, 0));
}

static int allow_work(scmp_filter_ctx filter)
{
	const uint64_t not_reading = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
	static const uint64_t questions[] = {F_GETFL, F_GETFD, F_SETFD};
	int r = allow(filter, for_work, COUNT(for_work));

	/* No descriptor but the scratch memory can be mapped for writing: none is open so. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 0);
	if (r == 0)
		r = allow_if(
		        filter, SCMP_SYS(openat), 1, has_bits(2, not_reading, O_RDONLY), is(0, 0));
	for (size_t i = 0; r == 0 && i < COUNT(questions); i++)
		r = allow_if(filter, SCMP_SYS(fcntl), 1, is(1, questions[i]), is(0, 0));
	/* The C library asks whether a stream is a terminal. */
	if (r == 0)
		r = allow_if(filter, SCMP_SYS(ioctl), 1, is(1, TCGETS), is(0, 0));
	return r;
}

static int allow_program(scmp_filter_ctx filter, int program)
{
	int r = allow(filter, for_program, COUNT(for_program));

	/* Nothing of a file in memory that could be written after the program's end. */
	if (r == 0)
		r = allow_if(
		        filter, SCMP_SYS(mmap), 1, has_bits(3, MAP_TYPE, MAP_PRIVATE), is(0, 0));
	if (r == 0)
		r = allow_if(filter, SCMP_SYS(openat), 1,
		        has_bits(2, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0), is(0, 0));
	/* The limit of the stack is asked for, not set. */
	if (r == 0)
		r = allow_if(filter, SCMP_SYS(prlimit64), 1, is(2, 0), is(0, 0));
	/* Questions about a device's size and sectors: there is no device. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
	if (r == 0)
		r = allow_if(filter, SCMP_SYS(execveat), 2, is(0, (uint64_t)program),
		        is(4, AT_EMPTY_PATH));
	return r;
}

/* What is in no rule ends the process. NULL when there is no memory. */
static scmp_filter_ctx new_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!filter)
		return NULL;
	(void)seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	return filter;
}

int sandbox_filter_work(const int *ways_out, size_t count)
{
	scmp_filter_ctx filter = new_filter();
	int r = filter ? allow_everybody(filter) : -ENOMEM;

	if (r == 0)
		r = allow_work(filter);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (ways_out[i] >= 0)
			r = allow_writing(filter, ways_out[i]);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int sandbox_filter_program(int program)
{
	scmp_filter_ctx filter = new_filter();
	int r = filter ? allow_everybody(filter) : -ENOMEM;

	if (r == 0)
		r = allow_program(filter, program);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

#else

int sandbox_filter_work(const int *ways_out, size_t count)
{
	(void)ways_out;
	(void)count;
	return 0;
}

int sandbox_filter_program(int program)
{
	(void)program;
	return 0;
}

#endif
