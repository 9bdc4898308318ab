/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The least of an NTFS volume that a reader of directories needs, in memory and without a tool:
 * boot sector, $MFT, $UpCase, and what a test puts into records and index blocks byte by byte.
 * Records are kept as they are without their update sequence until bare_finish().
 */
#ifndef GENERATORS_NTFS_BARE_H
#define GENERATORS_NTFS_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_SIZE    (512 * 1024)
#define BARE_RECORDS 32
#define BARE_BLOCKS  8
#define BARE_RECORD  4096 /* bytes a record or block has at most */
#define BARE_UNIT    512
#define BARE_UNITS   (BARE_RECORD / BARE_UNIT)
#define BARE_CLUSTER 128 /* units of the largest cluster */

/* Where things are, in units: each at the start of a cluster of any size up to 64 KiB. */
#define BARE_MFT    128
#define BARE_INDEX  384
#define BARE_UPCASE 512
#define BARE_FREE   768

#define BARE_USED      0x1
#define BARE_DIRECTORY 0x2

struct bare_run {
	uint32_t unit, count; /* where and how many units; whole clusters */
};

struct bare_ntfs {
	uint32_t cluster, record_size, block_size;
	uint8_t records[BARE_RECORDS][BARE_RECORD];
	uint8_t blocks[BARE_BLOCKS][BARE_RECORD];
	/* Where each unit of them goes: one behind the other if a test does not change it. */
	uint32_t record_units[BARE_RECORDS][BARE_UNITS], block_units[BARE_BLOCKS][BARE_UNITS];
	uint8_t bytes[BARE_SIZE]; /* the volume, made by bare_finish() */
};

/* Record 0 says that $MFT is one run, record 10 has $UpCase for Latin letters. */
void bare_init(struct bare_ntfs *b, uint32_t cluster, uint32_t record_size, uint32_t block_size);

/* An empty record, and attributes at its end. Names are ASCII. */
void bare_record(struct bare_ntfs *b, unsigned number, uint16_t sequence, uint16_t flags);
void bare_resident(struct bare_ntfs *b, unsigned number, uint32_t type, const char *name,
        const void *value, size_t len);
/* size: bytes of the whole attribute, only of use with lowest 0 (units before this piece). */
void bare_runs(struct bare_ntfs *b, unsigned number, uint32_t type, const char *name,
        const struct bare_run *runs, size_t count, uint32_t lowest, uint64_t size);
/* The instance of the attribute added last. */
uint16_t bare_instance(const struct bare_ntfs *b, unsigned number);

/* A $FILE_NAME; returns its length. type: 0 POSIX, 1 Win32, 2 DOS, 3 both. */
size_t bare_file_name(uint8_t *out, uint64_t parent, uint8_t type, const char *name);

/* An index entry; son: the block below, in clusters or units as the format wants, or -1. A NULL
 * name makes the last entry of a node. Returns its length. */
size_t bare_entry(uint8_t *out, uint64_t reference, uint64_t parent, uint8_t type, const char *name,
        int64_t son);
/* A node of entries: as $INDEX_ROOT of a record, and as an index block. */
void bare_index_root(
        struct bare_ntfs *b, unsigned number, const uint8_t *entries, size_t len, bool has_sons);
void bare_index_block(
        struct bare_ntfs *b, unsigned block, const uint8_t *entries, size_t len, bool has_sons);
/* How block is called in an entry. */
int64_t bare_block_vcn(const struct bare_ntfs *b, unsigned block);

/* An entry of an attribute list; returns its length. */
size_t bare_list_entry(uint8_t *out, uint32_t type, const char *name, uint64_t lowest_vcn,
        uint64_t reference, uint16_t instance);

/* Puts everything where it belongs, under update sequences. */
void bare_finish(struct bare_ntfs *b);

/* --- a directory with a file to rename ---------------------------------------------------------
 */

#define BARE_DIR_RECORD    20
#define BARE_FILE_RECORD   21
#define BARE_DIR           (BARE_DIR_RECORD | 3ULL << 48)
#define BARE_FILE          (BARE_FILE_RECORD | 7ULL << 48)
#define BARE_LONG_NAME     "C-00000291-0032.sys"
#define BARE_SHORT_NAME    "C-0000~2.SYS"
#define BARE_EXTENT_RECORD 24 /* of what is large */

enum bare_shape {
	BARE_SMALL,  /* the index is in $INDEX_ROOT */
	BARE_LEAVES, /* both names in leaves */
	BARE_INNER,  /* the long name in the root, with sons */
	BARE_LISTED, /* directory and file with attribute lists; the short name in another record */
	BARE_MFT_PIECES, /* $MFT with an attribute list: the records from 16 on lie elsewhere */
	BARE_SHAPES
};

/* bare_init() and this directory, without bare_finish(). */
void bare_make(struct bare_ntfs *b, enum bare_shape shape, uint32_t cluster, uint32_t record_size);

#endif
