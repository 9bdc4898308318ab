/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the readers of the two partition table formats; only block/ includes it. */
#ifndef BLOCK_TABLE_H
#define BLOCK_TABLE_H

#include "fixer/block/partition.h"

/* Types an MBR entry may have. */
#define MBR_TYPE_EMPTY       0x00
#define MBR_TYPE_GPT         0xee
#define MBR_ENTRIES          446 /* byte offset of the four 16 byte entries in sector 0 */
#define MBR_SIGNATURE_OFFSET 510

/* Appends to t->entries. Errors with REASON_PARTITION_TABLE_BAD: the table is full, or start and
 * size (bytes) do not lie inside [low, high) of the disk. */
int table_add(struct partition_table *t, const struct partition *p, uint64_t low, uint64_t high,
        struct error *err);

/* -EBADMSG, REASON_PARTITION_TABLE_BAD; the text starts with the disk's name. */
int table_bad(const struct block_device *disk, struct error *err, const char *what);

/* block_read with REASON_DISK_READ_ERROR and the offset in the text. */
int table_read_at(
        struct block_device *disk, uint64_t offset, void *buf, size_t len, struct error *err);

/* Both fill *t (zeroed by the caller); overlaps are checked by the caller. */
int gpt_read(struct block_device *disk, struct partition_table *t, struct error *err);
int mbr_read(struct block_device *disk, const uint8_t *sector0, struct partition_table *t,
        struct error *err);

#endif
