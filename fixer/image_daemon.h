/* SPDX-License-Identifier: GPL-3.0-or-later */
/* qemu-storage-daemon as a child of ours; only image_file.c includes this. */
#ifndef FIXER_IMAGE_DAEMON_H
#define FIXER_IMAGE_DAEMON_H

#include "fixer/block/image_format.h"

#include <sys/types.h>

struct image_daemon {
	pid_t pid;    /* 0: not running */
	int log;      /* what it says: a memory file; -1 */
	dev_t before; /* the file system path shows when nothing is mounted over it */
};

/* A mount namespace of our own, of which nobody outside sees anything, once per process. Without
 * privilege a user namespace is made as well; for a moment the process can then be looked into by
 * its own user, so keys are read later. 0, or REASON_IMAGE_FORMAT with what to do. */
int image_daemon_isolate(struct error *err);

/* Starts it; when 0 is returned the disk is mounted over path (absolute, of a regular file). The
 * daemon gets SIGTERM when this process dies. Errors as image_file_open(). */
int image_daemon_start(struct image_daemon *d, const char *path, enum image_format format,
        bool writable, struct error *err);

/* Ends it and unmounts. 0, or -EIO when it did not end in order. */
int image_daemon_stop(struct image_daemon *d, const char *path);

#endif
