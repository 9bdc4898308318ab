/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Renames a file in place: the last three characters of its name become "off" in the $FILE_NAME
 * attributes and in the directory's index, with nothing moved, allocated or journalled. Our own
 * reader of MFT records and index blocks, because it must work on a volume whose journal is not
 * clean, where libntfs-3g may not write. NTFS on-disk format: FILE and INDX records with their
 * update sequences, $FILE_NAME, $INDEX_ROOT, $INDEX_ALLOCATION.
 */
#ifndef NTFS_RENAME_H
#define NTFS_RENAME_H

#include "fixer/base/error.h"
#include "fixer/block/block_device.h"
#include "fixer/ntfs/whitelist.h"

#define NTFS_RENAME_BLOCKS 24 /* three, unless clusters smaller than they are tear them apart */

/* A FILE record or an INDX block (or a piece of one, where clusters are smaller), as on the volume:
 * with its update sequence. */
struct ntfs_block {
	uint64_t offset; /* bytes of the volume */
	uint32_t len;    /* a multiple of 512; only its sectors that change are written */
	uint8_t *old_bytes, *new_bytes;
};

struct ntfs_rename {
	size_t count;
	struct ntfs_block blocks[NTFS_RENAME_BLOCKS];
	uint16_t name[255]; /* the new long name, UTF-16LE */
	uint8_t name_len;   /* units */
};

/*
 * Reads what renaming the file (MFT reference) in directory (MFT reference) would change on volume;
 * writes nothing. Both of a Win32 and DOS pair are renamed; names in other directories stay.
 * 0 with ret, to be freed with ntfs_rename_free(). REASON_RENAME_UNSAFE when it cannot be done
 * without moving anything (text says why: the extension is not three characters, the order in the
 * index would change, the new name exists, ...), _NTFS_DAMAGED when a structure does not hold
 * together, _DISK_READ_ERROR, _OUT_OF_MEMORY.
 */
int ntfs_rename_prepare(struct block_device *volume, uint64_t directory, uint64_t file,
        struct ntfs_rename *ret, struct error *err);

/* Writes the blocks' sectors that differ. */
int ntfs_rename_apply(struct block_device *volume, const struct ntfs_rename *rename);

/* 1 when every block is on other as it was on the volume it was prepared on, 0 when not, negative
 * errno when other cannot be read. */
int ntfs_rename_same_on(const struct ntfs_rename *rename, struct block_device *other);

/* Adds the blocks to list. -E2BIG, -ENOMEM. */
int ntfs_rename_allow(const struct ntfs_rename *rename, struct ntfs_whitelist *list);

void ntfs_rename_free(struct ntfs_rename *rename);

#endif
