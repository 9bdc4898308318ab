/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A supervised child process: started under an identity of its own, with no descriptors but the
 * ones meant for it, and started again after it ends, later each time it ends soon.
 */
#ifndef SUPERVISOR_CHILD_H
#define SUPERVISOR_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_FDS_MAX  4
#define CHILD_FIRST_FD 3 /* the first of fds[] in the child; the others follow */

struct child {
	/* Set by the owner; the strings and argv must outlive the child. */
	const char *name;
	const char *const *argv; /* argv[0] is the absolute path of the program */
	uid_t uid;
	gid_t gid;
	uint64_t capabilities;  /* bits of CAP_*: all it keeps */
	int fds[CHILD_FDS_MAX]; /* passed on as CHILD_FIRST_FD, ... */
	size_t fd_count;
	int output; /* its standard output and error; -1: ours */

	/* Kept by these functions; all zero at the beginning. */
	pid_t pid;       /* 0: not running */
	int64_t started; /* monotonic milliseconds */
	int64_t due;     /* when it may be started (again) */
	int backoff;     /* milliseconds of the last delay; 0 after a long run */
};

int64_t monotonic_ms(void);

/* Forks, drops to the identity, executes. 0; -errno of fork() (due is set to a later time). What
 * fails after the fork is logged there and ends the child. */
int child_start(struct child *child);

/* Notes and logs the end that waitpid() told, and sets when to start it again: after 0.5 s,
 * doubling to 30 s for a child that never lives longer than half a minute. */
void child_ended(struct child *child, int status, bool expected);

/* Tries again later, as after an end: what the child needs could not be opened. */
void child_postpone(struct child *child);

/* Sends the signal when the child runs. */
void child_signal(const struct child *child, int signal);

/* Runs a child (name, argv, identity, descriptors) to its end, at most `seconds`, and collects up
 * to size - 1 bytes of what it prints (terminated). Its exit status; -ETIMEDOUT, -ECHILD when a
 * signal ended it, or another -errno. For short commands before the supervision begins and between
 * restarts. */
int child_run(const struct child *what, int seconds, char *output, size_t size);

/* For a process that becomes another user for good: groups, gid, uid, verified; no new privileges,
 * and death with the parent. 0 or -errno. */
int identity_drop(uid_t uid, gid_t gid, uint64_t capabilities);

#endif
