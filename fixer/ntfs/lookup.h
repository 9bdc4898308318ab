/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a path leads on a mounted view. On NTFS two names may differ in case only (POSIX names), so
 * a path may lead to several places; and a directory on it may be a link.
 */
#ifndef NTFS_LOOKUP_H
#define NTFS_LOOKUP_H

#include "fixer/ntfs/directory.h"
#include "fixer/ntfs/file.h"

#define NTFS_PLACES_MAX 16

struct ntfs_place {
	uint64_t directory; /* MFT reference of the directory it is in; the root is in itself */
	struct ntfs_file file;
	bool at_end; /* false: a link before the end of the path, which is not followed */
};

struct ntfs_places {
	size_t count;
	bool too_many; /* there are more */
	struct ntfs_place items[NTFS_PLACES_MAX];
};

/*
 * The long names in a directory that are name (UTF-8) when both are folded by the volume's $UpCase;
 * 8.3 names do not count. In the order of the index; freed with ntfs_listing_free. 0, also for
 * none; -ENOTDIR; -EFBIG over NTFS_PLACES_MAX; other errors of the volume.
 */
int ntfs_lookup_all(
        struct ntfs_view *view, uint64_t dir, const char *name, struct ntfs_listing *ret);

/*
 * Adds to ret, each once, the places that path ("\Windows\System32", UTF-8) leads to from the
 * directory from: files and directories. Reparse points are not followed: one that is met before
 * the end of the path is added itself. A path that leads nowhere adds nothing. Errors of the
 * volume.
 */
int ntfs_resolve_all(
        struct ntfs_view *view, uint64_t from, const char *path, struct ntfs_places *ret);

#endif
