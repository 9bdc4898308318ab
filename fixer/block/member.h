/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Disks that are one part of something bigger: members of RAID sets, dynamic disks, storage spaces.
 * A write to one of them alone would make it differ from the rest, however plain the volume on it
 * looks, so such a disk is read but never written.
 */
#ifndef BLOCK_MEMBER_H
#define BLOCK_MEMBER_H

#include "fixer/block/partition.h"

/*
 * Looks for the metadata of RAID software and firmware. *ret_kind: its name in words ("Intel RST"),
 * static, or NULL. A set of one disk (a single-disk RAID 0, a spare, a disk behind a cache) has it,
 * too, and so may a disk that has left its set: the signature alone counts. table may be NULL; with
 * it, Linux metadata inside a partition is taken for that partition's, not the disk's. 0, or a
 * negative errno when the places cannot be read.
 */
int raid_member_probe(
        struct block_device *disk, const struct partition_table *table, const char **ret_kind);

/*
 * Why nothing may be written to this disk: REASON_RAID_MEMBER, REASON_DYNAMIC_DISK (with the
 * partition that tells), or REASON_DISK_READ_ERROR when the places cannot be read. 0 otherwise.
 * table as above: NULL when it cannot be read.
 */
int disk_refusal(struct block_device *disk, const struct partition_table *table, struct error *err);

#endif
