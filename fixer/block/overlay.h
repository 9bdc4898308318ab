/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A RAM overlay: reads fall through to the device below, writes stay in memory by sector. It is put
 * under everything else (directly over the disk), so its changed sectors are what would be written
 * to the disk, byte for byte: ciphertext on a BitLocker volume.
 */
#ifndef BLOCK_OVERLAY_H
#define BLOCK_OVERLAY_H

#include "fixer/block/block_device.h"

/* base stays owned by the caller and is only read. max_bytes bounds the changed sectors; a write
 * over it fails with -ENOSPC. The result is writable whatever base is. */
int overlay_open(struct block_device *base, size_t max_bytes, struct block_device **ret);

/* True when a sector of [offset, offset + len) was ever written: then its content may differ from
 * base. */
bool overlay_touches(struct block_device *overlay, uint64_t offset, uint64_t len);

/* Number of sectors (of base->sector_size) whose content differs from base. Sectors written with
 * what they already held do not count. */
int overlay_changed(struct block_device *overlay, size_t *ret_count);

struct sector_change {
	uint64_t lba;             /* in units of the device's sector_size */
	const uint8_t *old_bytes; /* sector_size bytes each; valid during the call */
	const uint8_t *new_bytes;
};

/* Calls fn for each sector that differs, in ascending order; stops at the first non-zero answer and
 * returns it. */
int overlay_each(struct block_device *overlay,
        int (*fn)(void *context, const struct sector_change *change), void *context);

#endif
