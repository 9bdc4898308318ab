/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which bytes of a volume deleting a file may change: the records of the file and of its directory,
 * the directory's index, the bits of what is freed, and the directory's entry (it repeats the
 * times) in the index of the directory above. Anything else a delete changed is a mistake.
 */
#ifndef NTFS_WHITELIST_H
#define NTFS_WHITELIST_H

#include "fixer/ntfs/directory.h"

#define NTFS_RANGES_MAX 4096

struct ntfs_range {
	uint64_t offset, len; /* bytes of the volume */
};

struct ntfs_whitelist {
	size_t count;
	struct ntfs_range *ranges;
};

/* Adds one range. -E2BIG over NTFS_RANGES_MAX, -ENOMEM; so do the other two. */
int ntfs_allow_range(struct ntfs_whitelist *list, uint64_t offset, uint64_t len);

/* Adds what belongs to a file; call before it is deleted. */
int ntfs_allow_file(struct ntfs_view *view, uint64_t ref, struct ntfs_whitelist *list);

/* Adds what belongs to a directory from which a name goes; call before and after, because a
 * rebalanced index may have moved. */
int ntfs_allow_directory(struct ntfs_view *view, uint64_t dir, struct ntfs_whitelist *list);

/* Adds what ntfs_view_set_dirty() changes: the record of $Volume and its mirror. */
int ntfs_allow_dirty_flag(struct ntfs_view *view, struct ntfs_whitelist *list);

void ntfs_whitelist_free(struct ntfs_whitelist *list);

#endif
