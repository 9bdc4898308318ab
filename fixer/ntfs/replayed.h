/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a replay of the journal may change: the records of files and their mirror, the bitmaps, the
 * journal, security descriptors, the change journal, and the indexes and attribute lists of any
 * file. Never what is in a file of a user.
 */
#ifndef NTFS_REPLAYED_H
#define NTFS_REPLAYED_H

#include "fixer/ntfs/whitelist.h"

/* Sectors of the volume, ascending. */
struct ntfs_sectors {
	size_t count;
	uint32_t size;     /* bytes of each */
	uint64_t *offsets; /* bytes of the volume */
};

/*
 * Adds the changed sectors to list, when each is something a replay may change: metadata by who
 * owns it in the replayed view, or an index block (there, or on before, the volume as it was) whose
 * clusters nobody owns. When one is not: -EPERM, with its offset in *ret_stranger. -E2BIG, -ENOMEM,
 * errors of the volume.
 */
int ntfs_allow_replayed(struct ntfs_view *view, struct block_device *before,
        const struct ntfs_sectors *changed, struct ntfs_whitelist *list, uint64_t *ret_stranger);

#endif
