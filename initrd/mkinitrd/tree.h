/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The initrd's files in memory, and their one possible archive. */
#ifndef MKINITRD_TREE_H
#define MKINITRD_TREE_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <stdint.h>
#include <sys/types.h>

struct tree_entry {
	char *path; /* without leading '/' */
	mode_t mode;
	uint8_t *data; /* NULL for a directory */
	size_t len;
};

struct tree {
	struct tree_entry *entries;
	size_t count;
};

/* Adds a directory and those above it; one that is there already is fine. 0 or -ENOMEM. */
int tree_add_directory(struct tree *tree, const char *path);

/* Adds a file and the directories above it. data is copied. 0, -EEXIST, -EINVAL (a path that is
 * absolute, empty or has a ".." part), -ENOMEM. */
int tree_add(struct tree *tree, const char *path, mode_t permissions, const void *data, size_t len);

/* As tree_add, with the content of the file source on this host. */
int tree_add_file(struct tree *tree, const char *path, mode_t permissions, const char *source,
        struct error *err);
void tree_free(struct tree *tree);

/* Appends the tree as a zstd-compressed newc archive: sorted by path, time 0, owner 0, inode
 * numbers counted from 1, so the same tree gives the same bytes (with the same libraries).
 * level: zstd's, 1 to 22. Sorts tree. 0 or -errno. */
int tree_archive(struct tree *tree, int level, struct buffer *out, struct error *err);

#endif
