/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The initrd's files in memory, and their one possible archive. */
#ifndef MKINITRD_ROOTFS_H
#define MKINITRD_ROOTFS_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <stdint.h>
#include <sys/types.h>

struct rootfs_entry {
	char *path; /* without leading '/' */
	mode_t mode;
	uint8_t *data; /* NULL for a directory */
	size_t len;
};

struct rootfs {
	struct rootfs_entry *entries;
	size_t count;
};

/* Adds a directory and those above it; one that is there already is fine. 0 or -ENOMEM. */
int rootfs_add_directory(struct rootfs *rootfs, const char *path);

/* Adds a file and the directories above it. data is copied. 0, -EEXIST, -EINVAL (a path that is
 * absolute, empty or has a ".." part), -ENOMEM. */
int rootfs_add(
        struct rootfs *rootfs, const char *path, mode_t permissions, const void *data, size_t len);

/* As rootfs_add, with the content of the file source on this host. */
int rootfs_add_file(struct rootfs *rootfs, const char *path, mode_t permissions, const char *source,
        struct error *err);
void rootfs_free(struct rootfs *rootfs);

/* Appends the rootfs as a zstd-compressed newc archive: sorted by path, time 0, owner 0, inode
 * numbers counted from 1, so the same rootfs gives the same bytes (with the same libraries).
 * level: zstd's, 1 to 22. Sorts rootfs. 0 or -errno. */
int rootfs_archive(struct rootfs *rootfs, int level, struct buffer *out, struct error *err);

#endif
