/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walls around a process that holds secrets or talks to strangers: what it can reach is given up
 * before it reads its first message. Each function says what it could not do; a kernel without
 * Landlock is told of, not passed over in silence. All of them before the first thread is made.
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* For the supervisor, as root: its children may lock as much memory as they have. False when it is
 * not allowed to raise that limit (a container without CAP_SYS_RESOURCE). */
bool guard_raise_memory_limit(void);

/* secrets_init() before: no core dumps, no ptrace. Locks every page, present and future, when
 * RLIMIT_MEMLOCK is unlimited; *ret_locked says whether. A limit would count each thread's whole
 * stack and Argon2's 64 MB, and end the process where it allocates: with one, only struct secret is
 * locked. 0 or -errno. */
int guard_memory(bool *ret_locked);

struct guard_path {
	const char *path; /* a path that is not there is passed over */
	bool write;       /* beneath it: read and write, make and remove; else read only */
	bool execute;     /* programs beneath it may be started */
};

/*
 * Landlock: from now on only these, for this process and all it starts; and, where the kernel knows
 * it (ABI 6), no signal to a process outside. 0, -EOPNOTSUPP: the kernel has no Landlock, or
 * another -errno. Files already open stay usable; connecting to a Unix socket by its path is not
 * judged. Builds with sanitizers have no walls, here and below: those look around in /proc.
 */
int guard_paths(const struct guard_path *paths, size_t count);

enum guard_kind {
	GUARD_ESCROW, /* files already allowed, Unix sockets; no other socket, no bind, no listen,
	               * no exec, no fork, no ptrace, no new executable memory */
	GUARD_FETCH,  /* connections outwards; no listen, no bind to a port, no exec, no fork */
	GUARD_FETCH_EXEC, /* the same, but it may start programs. They inherit this: they have what
	                   * ordinary programs need, may connect outwards, may not listen; what is
	                   * not foreseen fails with ENOSYS instead of ending them */
	GUARD_POWER,      /* like fetch, but bind: IPMI's library binds its UDP socket to any port.
	                   * TCP is bound to none where Landlock judges it, nothing listens */
	GUARD_HOOKS,      /* like fetch, and files already allowed may be written */
	GUARD_WEB,        /* files already allowed, connections of both ways on sockets it has or
	                   * makes; no bind, no listen, no exec, no fork, no ptrace */
};

/* seccomp, and Landlock's rules about TCP where the kernel has them (ABI 4). Violations end the
 * process, but for the few that libraries try and can do without, which fail. REASON_INTERNAL. */
int guard_calls(enum guard_kind kind, struct error *err);

/* What this kernel can do, for `netmend check`: Landlock's ABI, 0 without; whether it takes seccomp
 * filters. */
int guard_landlock_abi(void);
bool guard_has_seccomp(void);

/* --- who comes in ------------------------------------------------------------------------------
 */

/* A SOCK_SEQPACKET socket that listens at path (what was there is removed), for a program that was
 * not given one by serve; its owner removes the file. Or -errno. */
int guard_listen(const char *path, struct error *err);

/* The next connection of root or uid, SOCK_CLOEXEC and flags (SOCK_NONBLOCK); anybody else's is
 * closed and logged. The descriptor, or -EPERM, -EAGAIN, another -errno. */
int guard_accept(int listen_fd, uid_t uid, int flags, uid_t *ret_uid);

/* A connection to the socket at path, with SOCK_CLOEXEC and flags (SOCK_NONBLOCK): a local socket
 * connects at once or not at all. The descriptor or -errno. */
int guard_connect(const char *path, int flags);

#endif
