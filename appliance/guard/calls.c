/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/guard/filter.h"
#include "appliance/guard/guard.h"
#include "appliance/guard/landlock.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

bool guard_has_seccomp(void)
{
	uint32_t kill = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) == 0;
}

/* Sockets are made and named by seccomp's rules below; where a TCP socket leads is in memory, where
 * only Landlock looks. */
static int restrict_tcp(enum guard_kind kind)
{
	struct landlock_rules rules = {.net = LANDLOCK_NET_BIND_TCP};

	if (guard_landlock_abi() < 4)
		return 0;
	if (kind == GUARD_ESCROW)
		rules.net |= LANDLOCK_NET_CONNECT_TCP;
	int ruleset = landlock_new(&rules);
	return ruleset < 0 ? ruleset : landlock_restrict(ruleset);
}

#ifndef __SANITIZE_ADDRESS__

/* What programs need besides: processes of their own, pipes. */
static const int for_programs[] = {SCMP_SYS(execve), SCMP_SYS(clone), SCMP_SYS(fork),
        SCMP_SYS(vfork), SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(kill), SCMP_SYS(tgkill),
        SCMP_SYS(pipe), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(close_range), SCMP_SYS(fcntl),
        SCMP_SYS(open), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(chdir), SCMP_SYS(fchdir),
        SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(arch_prctl), SCMP_SYS(set_tid_address),
        SCMP_SYS(prlimit64), SCMP_SYS(getrusage), SCMP_SYS(times), SCMP_SYS(setpgid),
        SCMP_SYS(getpgid), SCMP_SYS(getpgrp), SCMP_SYS(setsid), SCMP_SYS(getsid),
        SCMP_SYS(getgroups), SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigpending), SCMP_SYS(alarm),
        SCMP_SYS(setitimer), SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(fadvise64),
        SCMP_SYS(epoll_create), SCMP_SYS(epoll_pwait2), SCMP_SYS(membarrier)};

/* Die with the parent; none of those that would undo a wall. */
static const int program_prctls[] = {PR_SET_PDEATHSIG, PR_GET_NAME, PR_SET_NO_NEW_PRIVS};

/* Sockets of these families can be made; of another one, the library is told that there is none. */
static int allow_sockets(scmp_filter_ctx filter, const int *families, size_t count)
{
	return filter_allow_values(filter, SCMP_SYS(socket), 0, families, count);
}

static int allow_outwards(scmp_filter_ctx filter, bool bind)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6};
	static const int binding = SCMP_SYS(bind);
	int r = allow_sockets(filter, families, FILTER_COUNT(families));

	/* The resolver asks the kernel for the host's addresses, and goes on without. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
		        SCMP_A0_32(SCMP_CMP_EQ, AF_NETLINK));
	if (r == 0)
		r = bind ? filter_allow(filter, &binding, 1)
		         : filter_refuse(filter, SCMP_SYS(bind), EACCES);
	/* The resolver's two questions, for IPv4 and IPv6. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmmsg), 0);
	return r < 0 ? r : filter_allow_loading(filter);
}

/* libipmiconsole sets its own limit of open files to the highest it may have, and does nothing when
 * it cannot. No other limit, and of nobody else. */
static int allow_power(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp mine = SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, 0xffffffffu, 0);
	const struct scmp_arg_cmp files =
	        SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, 0xffffffffu, RLIMIT_NOFILE);
	int r = allow_outwards(filter, true);

	return r < 0 ? r
	             : seccomp_rule_add(
	                       filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, mine, files);
}

static int allow_escrow(scmp_filter_ctx filter)
{
	static const int families[] = {AF_UNIX};
	int r = allow_sockets(filter, families, FILTER_COUNT(families));

	return r < 0 ? r : filter_allow_writing(filter);
}

static int allow_hooks(scmp_filter_ctx filter)
{
	int r = allow_outwards(filter, false);

	return r < 0 ? r : filter_allow_writing(filter);
}

static int allow_web(scmp_filter_ctx filter)
{
	static const int more[] = {SCMP_SYS(sendfile), SCMP_SYS(accept)};
	int r = allow_hooks(filter);

	return r < 0 ? r : filter_allow(filter, more, FILTER_COUNT(more));
}

static int allow_programs(scmp_filter_ctx filter)
{
	int r = filter_allow(filter, for_programs, FILTER_COUNT(for_programs));

	if (r == 0)
		r = filter_allow_values(
		        filter, SCMP_SYS(prctl), 0, program_prctls, FILTER_COUNT(program_prctls));
	return r < 0 ? r : filter_allow_writing(filter);
}

static int allow_kind(scmp_filter_ctx filter, enum guard_kind kind)
{
	int r = filter_allow_everybody(filter);

	if (r < 0)
		return r;
	switch (kind) {
	case GUARD_ESCROW:
		return allow_escrow(filter);
	case GUARD_WEB:
		return allow_web(filter);
	case GUARD_HOOKS:
		return allow_hooks(filter);
	case GUARD_FETCH:
		return allow_outwards(filter, false);
	case GUARD_POWER:
		return allow_power(filter);
	case GUARD_FETCH_EXEC:
		r = allow_programs(filter);
		return r < 0 ? r : allow_outwards(filter, false);
	}
	return -EINVAL;
}

static int load_filter(enum guard_kind kind)
{
	scmp_filter_ctx filter = seccomp_init(
	        kind == GUARD_FETCH_EXEC ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_KILL_PROCESS);

	if (!filter)
		return -ENOMEM;
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	if (r == 0)
		r = allow_kind(filter, kind);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

#else

static int load_filter(enum guard_kind kind)
{
	(void)kind;
	return 0;
}

#endif

int guard_calls(enum guard_kind kind, struct error *err)
{
	int r = restrict_tcp(kind);

	if (r == 0)
		r = load_filter(kind);
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL,
		        "cannot give up system calls: %s: this kernel needs seccomp filters",
		        strerror(-r));
	return 0;
}
