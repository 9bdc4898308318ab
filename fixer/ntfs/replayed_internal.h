/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files replayed*.c. */
#ifndef NTFS_REPLAYED_INTERNAL_H
#define NTFS_REPLAYED_INTERNAL_H

#include "fixer/ntfs/internal.h"

/* The index block that offset is in, without its update sequence, malloc()ed in *ret; NULL when it
 * is none. 0, -ENOMEM or an error of the device. */
int replayed_index_block(
        const ntfs_volume *vol, struct block_device *dev, uint64_t offset, uint8_t **ret);

/* The MFT reference of the directory that the block's first name says it is in. False without a
 * name; of an index of anything but names it means nothing. */
bool replayed_directory(const uint8_t *block, uint64_t *ret);

#endif
