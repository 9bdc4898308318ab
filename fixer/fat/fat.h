/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of a FAT12, FAT16 or FAT32 volume, read only. The format: "Microsoft Extensible Firmware
 * Initiative FAT32 File System Specification" 1.03, with the long names it describes. Every byte is
 * hostile; nothing of the volume is kept in memory, and no structure is followed further than the
 * volume's size allows.
 */
#ifndef FAT_FAT_H
#define FAT_FAT_H

#include "fixer/block/block_device.h"

struct fat {
	struct block_device *dev; /* kept, not owned */
	unsigned bits;            /* 12, 16 or 32: of an entry in the table */
	uint64_t table;           /* byte of the table in use */
	uint64_t root, root_len;  /* bytes, FAT12 and 16: the root directory's own place */
	uint32_t root_cluster;    /* FAT32 */
	uint64_t data;            /* byte of cluster 2 */
	uint32_t cluster;         /* bytes */
	uint32_t clusters;        /* the last one's number is clusters + 1 */
};

struct fat_file {
	uint32_t cluster; /* its first; 0: an empty file, or the root directory */
	uint32_t size;    /* bytes; a directory has 0 */
	bool is_directory;
};

/* Reads the boot sector of dev. -EBADMSG when it is of no FAT volume, or says what cannot be. */
int fat_open(struct block_device *dev, struct fat *ret);

/* What path ("\EFI\Microsoft\Boot\BCD", ASCII) leads to, by long or 8.3 names, in any case. -ENOENT
 * when nothing is there, -ENOTDIR, -EBADMSG for damage, errors of the device. */
int fat_find(const struct fat *fat, const char *path, struct fat_file *ret);

/* The whole of a file to out, which has size bytes. -EFBIG when the file has more, -EISDIR,
 * -EBADMSG when its clusters end early or lead out of the volume, errors of the device. */
int fat_read(const struct fat *fat, const struct fat_file *file, void *out, size_t size);

/* --- between the parts of the reader ---------------------------------------------------------- */

/* Where the bytes of a file or directory lie, piece by piece. */
struct fat_chain {
	const struct fat *fat;
	uint32_t cluster; /* the next one; 0: none */
	uint64_t at, len; /* bytes, the root directory of FAT12 and 16; len 0 when given */
	uint64_t left;    /* bytes that may still be given: a chain in circles ends there */
};

/* max: bytes to give at most. */
struct fat_chain fat_chain_of(const struct fat *fat, const struct fat_file *file, uint64_t max);

/* The next piece, in bytes of the device. 1; 0 at the end of the chain or of max; -EBADMSG when it
 * leads where no cluster is; errors of the device. */
int fat_chain_next(struct fat_chain *chain, uint64_t *ret_at, uint32_t *ret_len);

#endif
