/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the files of replay.h. Three processes: the child of the sandbox serves the volume as a
 * file (replay_serve.c); the runner, which it starts before it is confined, starts the program and
 * looks after it (replay_runner.c); the program sees that file and nothing else it could write to.
 */
#ifndef REPAIR_REPLAY_INTERNAL_H
#define REPAIR_REPLAY_INTERNAL_H

#include "fixer/base/error.h"
#include "fixer/block/block_device.h"

#include <stdint.h>
#include <sys/types.h>

#define REPLAY_SECONDS 30 /* wall clock of one run of the program */

/* Where ntfsrecover may be, ended by NULL. Tests name another program. */
extern const char *const *replay_programs;

/* --- the file ---------------------------------------------------------------------------------
 * A mount of its own that no path leads to: descriptor `file` is the only way there, and with the
 * last of them it is gone. */
struct replay_mount {
	int device; /* /dev/fuse: where requests come from */
	int file;   /* what is mounted, a file */
};

/* Needs namespaces of its own around it (replay_namespaces()). Messages say what is missing. */
int replay_mount(struct replay_mount *ret, struct error *err);

/* Own namespaces of mounts, network and processes, as root or as an ordinary user. */
int replay_namespaces(struct error *err);

/* In them: whatever is mounted cannot be written to, and no device opened. */
int replay_lock_mounts(struct error *err);

/* --- the runner -------------------------------------------------------------------------------
 * What goes over its socket. */
struct replay_request {
	uint64_t size; /* of the volume: the program's limit on file sizes */
	uint32_t ms;   /* the program's time */
	uint32_t unused;
};

enum replay_end {
	REPLAY_ENDED,      /* status: of waitpid(2) */
	REPLAY_TIMED_OUT,  /* and was killed, as with the next */
	REPLAY_TALKED,     /* printed without end */
	REPLAY_NOT_STARTED /* status: errno */
};

struct replay_result {
	uint32_t end;
	int32_t status;
	char last_line[160]; /* of what it printed; not clean */
};

struct replay_runner {
	pid_t pid;
	int socket; /* SOCK_SEQPACKET; closing it ends the runner */
};

/* program: a descriptor; path: its name, for itself. Both and file stay the caller's. 0 or a
 * negative errno. */
int replay_runner_start(int program, const char *path, int file, struct replay_runner *ret);

/* --- serving --------------------------------------------------------------------------------- */

struct fuse_session;

/* A session on the mount's device. NULL when there is no memory. */
struct fuse_session *replay_session_new(int device);

/* Lets the runner run the program on volume and answers what it asks of the file, until the runner
 * tells the result. 0 with ret filled, or a negative errno: -EPIPE the runner is gone, -ETIMEDOUT
 * it says nothing. ret_io_error: the first failure of volume, or 0. */
int replay_serve(struct fuse_session *session, const struct replay_runner *runner,
        struct block_device *volume, uint32_t ms, struct replay_result *ret, int *ret_io_error);

#endif
